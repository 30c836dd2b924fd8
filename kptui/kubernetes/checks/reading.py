"""Rules that could not be read, or that iptables itself printed wrongly."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kptui.kubernetes.checks.finding import Check, Found, Place
from kptui.kubernetes.checks.view import View
from kptui.syntax.diagnostics import Severity

_BROKEN = re.compile(r"\[unsupported revision\]|--to-(?:destination|source) +(?:--|:0(?: |\Z))")


def looks_broken(text: str) -> bool:
    """Whether iptables printed a rule of a revision that it does not know: its options are lost, or repeated."""
    return _BROKEN.search(text) is not None


def _broken(view: View) -> Iterator[Found]:
    for unread in view.unread:
        rule = unread.rule
        if looks_broken(rule.text):
            message = (
                "iptables printed it without knowing the revision of a match or target: what the rule says is lost"
            )
            yield Found(Place.of(unread.table, rule), message)


def _unreadable(view: View) -> Iterator[Found]:
    dangling = {(jump.table, jump.rule.line) for jump in view.nowhere}
    for unread in view.unread:
        rule = unread.rule
        told = rule.error or rule.problem
        if told is None or looks_broken(rule.text) or ((unread.table, rule.line) in dangling and rule.error is None):
            continue
        severity = None if told.severity == "error" else told.severity
        yield Found(Place.of(unread.table, rule), f"column {told.column}: {told.message}", told.hint, severity)


def _unread(view: View) -> Iterator[Found]:
    """What was noticed while the lines were told apart; it is about the dump, so it is milder than there."""
    if not view.first:
        return
    cut = {gap.line for gap in view.ruleset.gaps if gap.cut}
    for note in view.ruleset.notes:
        if note.line in cut and "COMMIT" in note.message:
            continue
        severity: Severity | None = None if note.severity == "error" else "info"
        yield Found(Place("", "", None, note.line), note.message, note.hint, severity)


def _cut(view: View) -> Iterator[Found]:
    for gap in view.ruleset.gaps if view.first else ():
        if gap.cut:
            table = f"table {gap.table}: " if gap.table else "the dump: "
            yield Found(Place(gap.table or "", "", None, gap.line), table + gap.why)


CHECKS = (
    Check(
        "cut-off", "warning", "A dump that was cut off",
        "A table has no COMMIT, so the dump ended before its rules did, or was edited. What is missing may do "
        "anything: what is found here is found in a part of the rules, and that nothing is found says nothing. "
        "iptables-restore loads nothing of such a table.",
        "Make the dump again and compare its size; a full disk, a time-out or a terminal's scroll buffer are what cuts "
        "dumps off.",
        _cut,
        part=True,
    ),
    Check(
        "broken-print", "error", "A rule that iptables could not print",
        "The rule was written by a newer iptables (in a container, most likely) than the one that made the dump, "
        "which does not know that revision of the match or target. What the rule does can't be told from the dump.",
        "Make the dump with the iptables that wrote the rules: kubectl exec into kube-proxy or the CNI's pod, or "
        "nsenter with its binaries.",
        _broken,
        part=True,
    ),
    Check(
        "unreadable-rule", "error", "A rule that iptables would refuse, or that kptui can't read",
        "The text is no rule that iptables-restore takes, so what it does is not known; a trace says so where it "
        "matters. Warnings are about text that iptables would mind, but that can be understood.",
        "Look at the line and column; kptui parse shows the place with a caret. Dumps pasted from elsewhere are often "
        "cut.",
        _unreadable,
        part=True,
    ),
    Check(
        "unread-line", "warning", "A line of the dump that is left out, or taken for something else",
        "It is no rule, chain or table as iptables-save writes them. The rules that could be read are checked all the "
        "same. Info where it is only said what the text was taken for.",
        "Look at the line: prompts and remarks do no harm, but a cut or edited dump is not the whole truth.",
        _unread,
        part=True,
    ),
)  # fmt: skip
