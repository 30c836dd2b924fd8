"""Long loops: nothing is left out, and whoever waits is heard between two slices."""

from __future__ import annotations

import pytest

from kptui.errors import CancelledError
from kptui.report.explain.around import Around
from kptui.slices import SLICE, slices
from kptui.syntax.ast import Ruleset
from kptui.tracing import Session
from tests.support import ruleset_of


def test_all_items_come_and_each_slice_is_told_of() -> None:
    told: list[int] = []
    seen: list[int] = []
    for item in slices(range(2 * SLICE + 1), lambda: told.append(len(seen))):
        seen.append(item)
    assert seen == [*range(2 * SLICE + 1)]
    assert told == [0, SLICE, 2 * SLICE]


def _long() -> Ruleset:
    rules = "\n".join(f"-A INPUT -s 10.0.{at // 256}.{at % 256} -m mark --mark 1 -j DROP" for at in range(5 * SLICE))
    return ruleset_of(f"*filter\n:INPUT ACCEPT [0:0]\n{rules}\nCOMMIT\n")


@pytest.mark.parametrize("after", [1, 4, 9, 11])
def test_a_look_at_every_rule_ends_in_the_middle(after: int) -> None:
    """Who jumps where takes five slices and a chain, then come marks, then what could not be read."""
    calls: list[int] = []

    def told() -> None:
        calls.append(1)
        if len(calls) > after:
            raise CancelledError

    ruleset = _long()
    around = Around(ruleset, lambda: Session(ruleset, "x").services)

    def look() -> None:
        around.look_around(told)
        ruleset.look_through(told)

    with pytest.raises(CancelledError):
        look()
    assert len(calls) == after + 1
    # Nothing half done is kept.
    around.look_around()
    assert len(around.looks) == 5 * SLICE
