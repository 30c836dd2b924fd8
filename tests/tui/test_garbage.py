"""Garbage is looked for while nobody presses a key, at last while somebody does, and not for nothing."""

from __future__ import annotations

import gc

from kptui.tui.garbage import AFTER_READING, AT_LAST, MUCH, REST, Garbage
from tests.live.support import Clock


def looked(garbage: Garbage, clock: Clock, seconds: float, found: list[int]) -> int:
    """How often it was looked for in a look after so many seconds."""
    before = len(found)
    clock.now += seconds
    garbage.look()
    return len(found) - before


class Rules:
    """What may be gone by itself."""


def test_it_waits_for_a_rest() -> None:
    clock, found = Clock(), [0]
    garbage = Garbage(clock, lambda: found.append(1), lambda: MUCH)
    assert looked(garbage, clock, 100, found) == 0
    garbage.pressed()
    assert looked(garbage, clock, REST / 2, found) == 0
    assert looked(garbage, clock, REST, found) == 1
    assert looked(garbage, clock, 100, found) == 0


def test_it_does_not_wait_for_ever() -> None:
    clock, found = Clock(), [0]
    garbage = Garbage(clock, lambda: found.append(1), lambda: MUCH)
    times: list[float] = []
    while not times or times[-1] < 2 * AT_LAST:
        garbage.pressed()
        if looked(garbage, clock, REST / 2, found):
            times.append(clock.now - 1000)
    assert times[0] == AT_LAST
    garbage.pressed()
    garbage.read()
    assert looked(garbage, clock, REST / 2, found) == 0
    garbage.pressed()
    clock.now += AFTER_READING - REST
    garbage.pressed()
    assert looked(garbage, clock, REST / 2, found) == 1


def test_it_is_not_done_for_little() -> None:
    clock, found, young = Clock(), [0], [MUCH - 1]
    garbage = Garbage(clock, lambda: found.append(1), lambda: young[0])
    garbage.pressed()
    assert looked(garbage, clock, REST, found) == 0
    young[0] = MUCH
    # The rest was long enough then; the next key has it looked for again.
    assert looked(garbage, clock, REST, found) == 0
    garbage.pressed()
    assert looked(garbage, clock, REST, found) == 1


def test_it_is_done_for_rules_that_are_not_gone_by_themselves() -> None:
    clock, found = Clock(), [0]
    garbage = Garbage(clock, lambda: found.append(1), lambda: 0)
    gone, kept = Rules(), Rules()
    garbage.read(gone)
    del gone
    assert looked(garbage, clock, AFTER_READING, found) == 0
    garbage.read(kept)
    assert looked(garbage, clock, AFTER_READING, found) == 1
    # Once: somebody has a use for them.
    garbage.pressed()
    assert looked(garbage, clock, AT_LAST, found) == 0


def test_python_s_own_looking_is_as_it_was_in_the_end() -> None:
    before = gc.get_threshold()
    garbage = Garbage()
    garbage.take_over()
    assert gc.get_threshold()[2] > 1000
    garbage.give_back()
    assert gc.get_threshold() == before
