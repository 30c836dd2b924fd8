"""Rules that are in their chain twice."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.sets.conditions import NEVER_SURE
from kptui.records import dataclass
from kptui.syntax.ast import Rule


@dataclass(frozen=True, slots=True)
class Twin:
    """A rule that is written as the `first` one, which stands before it."""

    rule: Rule
    first: Rule


def twins(rules: Sequence[Rule]) -> list[Twin]:
    """Rules written as one before them in the chain, counters aside; not those on chance or rates, which add up."""
    names = [rule.target.name if rule.target is not None else "" for rule in rules]
    if len(set(names)) == len(names):
        return []
    texts = [_uncounted(rule.text) for rule in rules]
    if len(set(texts)) == len(texts):
        return []
    first: dict[str, Rule] = {}
    found = []
    for rule, text in zip(rules, texts, strict=True):
        known = first.setdefault(text, rule)
        if known is not rule and not any(match.name in NEVER_SURE for match in rule.matches):
            found.append(Twin(rule, known))
    return found


def _uncounted(text: str) -> str:
    return text[text.find("]") + 1 :].lstrip() if text[:1] == "[" else text
