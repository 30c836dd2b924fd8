"""Findings and checks as JSON (kptui.check/1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kptui.kubernetes.checks.finding import Check, Finding
from kptui.text import visible

SCHEMA = "kptui.check/1"


def findings_json(findings: Iterable[Finding]) -> dict[str, Any]:
    """The findings, in their order."""
    return {"schema": SCHEMA, "findings": [_finding(each) for each in findings]}


def _finding(found: Finding) -> dict[str, Any]:
    return {
        "id": found.id,
        "severity": found.severity,
        "line": found.line or None,
        "table": visible(found.place.table) or None,
        "chain": visible(found.chain) or None,
        "rule": found.place.rule,
        "family": found.family,
        "message": visible(found.message),
        "hint": visible(found.hint),
    }


def checks_json(checks: Iterable[Check]) -> dict[str, Any]:
    """What can be checked."""
    return {
        "schema": SCHEMA,
        "checks": [
            {"id": c.id, "severity": c.severity, "title": c.title, "means": c.means, "next": c.next} for c in checks
        ],
    }
