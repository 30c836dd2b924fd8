"""Rules that never match, and rules that are there twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kptui.kubernetes.checks.finding import Check, Found, Place
from kptui.kubernetes.checks.taken_twice import explained_lines
from kptui.kubernetes.checks.view import View
from kptui.netfilter.sets.cover import Needless
from kptui.syntax.ast import Rule

_HARMLESS = "Harmless: what the rule would have done is done."


def _never(view: View) -> Iterator[tuple[str, Needless]]:
    """The rules that never match, with their table, but for those that other checks explain better."""
    told = explained_lines(view) | {twin.rule.line for _, twin in view.twins}
    yield from ((table, found) for table, found in view.needless if found.rule.line not in told)


def _unreachable(view: View) -> Iterator[Found]:
    for table, found in view.once(_never):
        if found.by and not found.every:
            continue
        if not found.by:
            message = "its conditions contradict each other, so that it never matches"
        else:
            message = f"never reached: {_named(found.by)} before it takes every packet"
        yield _found(table, found, message)


def _shadowed(view: View) -> Iterator[Found]:
    for table, found in view.once(_never):
        if not found.by or found.every:
            continue
        message = (
            f"never matches: {_named(found.by)} before it take{'s' if len(found.by) == 1 else ''} all that it could"
        )
        if found.same:
            message += ", and to the same end"
        yield _found(table, found, message)


def _found(table: str, found: Needless, message: str) -> Found:
    place = Place.of(table, found.rule)
    return Found(place, message, _HARMLESS, "info") if found.same else Found(place, message)


def _named(rules: Sequence[Rule]) -> str:
    """“rule 3 (line 12: -j DROP)”, or several of them."""
    if len(rules) == 1:
        [rule] = rules
        return f"rule {rule.number} (line {rule.line}: {_short(rule.text)})"
    shown = [f"{rule.number} (line {rule.line})" for rule in rules[:4]]
    more = f" and {len(rules) - 4} more" if len(rules) > 4 else ""
    return f"rules {', '.join(shown)}{more} together"


def _short(text: str) -> str:
    text = text[text.find("-A ") :].partition(" ")[2].partition(" ")[2] if "-A " in text else text
    return text if len(text) <= 100 else f"{text[:99]}…"


def _duplicates(view: View) -> Iterator[Found]:
    told = explained_lines(view)
    for table, twin in view.twins:
        if twin.rule.line not in told:
            yield Found(Place.of(table, twin.rule), f"the same as rule {twin.first.number} (line {twin.first.line})")


CHECKS = (
    Check(
        "unreachable-rule", "warning", "A rule that no packet ever reaches or fits",
        "A rule before it in the chain takes every packet, or its own conditions exclude each other. Found by set "
        "arithmetic on the conditions; rules that hang on chance, rates or lists of the kernel's never count as "
        "taking. Only the chain itself is looked at, not the ways that lead to it. Info where the rule would do the "
        "same anyway.",
        "Move the rule up, or remove it. If several programs write into this chain, look at which one came last.",
        _unreachable,
        part=True,
    ),
    Check(
        "shadowed-rule", "warning", "A rule whose packets are all taken by rules before it",
        "Whatever it could match, one or several rules before it in the chain take first: they accept, drop, "
        "translate or return it, or jump to a chain that surely does. Exact: addresses, ports, protocols, interfaces, "
        "marks, states and flags are compared as sets, other matches as they are written. Info where the end is the "
        "same.",
        "Decide which of the rules is meant, and put it first; remove the other.",
        _shadowed,
        part=True,
    ),
    Check(
        "duplicate-rule", "warning", "A rule that is in its chain twice",
        "The same rule stands before it. Two programs, or one that was started twice, add to the chain without "
        "looking.",
        "Look at who writes the rule (its comment, its chain's owner) and whether two of these run.",
        _duplicates,
        part=True,
    ),
)  # fmt: skip
