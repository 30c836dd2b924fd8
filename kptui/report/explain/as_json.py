"""Explanations for programs: the JSON of `kptui explain` (schema kptui.explain/1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kptui.report.explain.model import Explanation

SCHEMA = "kptui.explain/1"


def explanations_json(reference: str, found: Sequence[Explanation]) -> dict[str, Any]:
    """All that a reference may mean, each with the sentences that people read and the facts behind them."""
    return {"schema": SCHEMA, "reference": reference, "explanations": [explanation_json(each) for each in found]}


def explanation_json(explained: Explanation) -> dict[str, Any]:
    """One explanation."""
    return {
        "kind": explained.kind,
        "title": explained.title,
        "text": explained.text or None,
        "sections": [
            {"id": section.id, "title": section.title, "sentences": list(section.sentences)}
            for section in explained.sections
        ],
        explained.kind: explained.parts,
    }
