"""Problems in the rules: each check is a row of data with a function, one file for each family of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kptui.kubernetes.api import Api
from kptui.kubernetes.checks import (
    api_endpoints,
    api_services,
    balance,
    endpoints,
    forward,
    hashes,
    hooks,
    jumps,
    marks,
    modes,
    needless,
    reading,
    refused,
    taken_twice,
)
from kptui.kubernetes.checks.finding import SEVERITIES, Check, Finding, Found, Place
from kptui.kubernetes.checks.looking import Looking
from kptui.kubernetes.checks.view import MEETING, View
from kptui.kubernetes.services import Services
from kptui.syntax.ast import Ruleset, Table, collector_paused

__all__ = ["CHECKS", "SEVERITIES", "Check", "Finding", "Looking", "Place", "problems"]

_FILES = (
    hooks, marks, forward, balance, endpoints, taken_twice, hashes, jumps, needless, modes, reading, refused,
    api_services, api_endpoints,
)  # fmt: skip
CHECKS: tuple[Check, ...] = tuple(check for file in _FILES for check in file.CHECKS)
"""All checks, in the order in which they are documented."""


def problems(
    ruleset: Ruleset,
    checks: tuple[Check, ...] = CHECKS,
    services: Services | None = None,
    api: Api | None = None,
    looking: Looking | None = None,
) -> list[Finding]:
    """What these checks find in a ruleset: the worst first, then by line.

    `services` are the ruleset's, if somebody has read them already; with `api` the rules are compared with it.
    `looking` is told how far it is, and may end it: what is found then holds, but is not all.
    """
    found: list[Finding] = []
    looking = looking or Looking()
    with collector_paused():
        for tables in _together(ruleset):
            view = View(ruleset, tables, services, api, looking)
            found += _checked(view, checks, looking)
    return sorted(found, key=lambda each: (SEVERITIES.index(each.severity), each.line, each.id))


def _checked(view: View, checks: tuple[Check, ...], looking: Looking) -> Iterator[Finding]:
    """What the checks find; once it is to end, only those that a part of the rules is enough for."""
    for number, check in enumerate(checks):
        if looking.ended and not check.part:
            looking.incomplete = True
            continue
        yield from (_finding(check, each, view) for each in check.find(view))
        if not looking.ended:
            looking.share = max(looking.share, MEETING + (1 - MEETING) * number / len(checks))


def _together(ruleset: Ruleset) -> Iterable[list[Table]]:
    """The tables by family, and by back end where the dump names it."""
    found: dict[tuple[int, str | None], list[Table]] = {}
    for table in ruleset.tables:
        found.setdefault((table.family, table.backend), []).append(table)
    return found.values()


def _finding(check: Check, found: Found, view: View) -> Finding:
    hint = found.hint or check.next
    return Finding(check.id, found.severity or check.severity, found.place, found.message, hint, view.family)
