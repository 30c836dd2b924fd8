"""Explains whatever a reference means."""

from __future__ import annotations

from kptui.ask.reference import Meant, Reach, Spot, reference
from kptui.errors import UsageError
from kptui.report.explain.address import explain_address
from kptui.report.explain.around import Around
from kptui.report.explain.chain import explain_chain
from kptui.report.explain.model import Explanation
from kptui.report.explain.rule import explain_rule
from kptui.report.explain.service import explain_service
from kptui.text import visible


def explained(around: Around, text: str) -> list[Explanation]:
    """What a reference means, each explained; raises UsageError if it means nothing here."""
    return [_one(around, meant) for meant in reference(text, around.ruleset, around.services)]


def _one(around: Around, meant: Meant) -> Explanation:
    if isinstance(meant, Spot):
        chain = meant.table.chains[meant.chain]
        if meant.rule is None:
            return explain_chain(around, meant.table, chain)
        return explain_rule(around, meant.table, chain, chain.rules[meant.rule - 1])
    if isinstance(meant, Reach):
        found = explain_address(around, meant)
        if not found.sections:
            raise UsageError(f"no Service and no rule speaks of {visible(meant.words)} by itself.")
        return found
    return explain_service(around, meant)
