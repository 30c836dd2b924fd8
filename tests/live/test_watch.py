"""When a source is read again: interval, pause, growing rests after failures, late results."""

from __future__ import annotations

from kptui.live.watch import Watch
from tests.live.support import Clock


def test_a_reading_is_due_an_interval_after_the_one_before_began() -> None:
    clock = Clock()
    watch = Watch(2.0, clock)
    waits = [watch.wait]
    number = watch.begin()
    waits.append(watch.wait)
    assert waits == [0.0, None]
    clock.now += 0.5
    assert watch.good(number)
    assert watch.wait == 1.5
    clock.now += 1.5
    assert watch.due


def test_a_slow_reading_is_followed_by_a_rest() -> None:
    clock = Clock()
    watch = Watch(2.0, clock)
    number = watch.begin()
    clock.now += 6.0
    watch.good(number)
    assert watch.wait == 3.0


def test_rests_grow_with_each_failure_and_end_with_a_success() -> None:
    clock = Clock()
    watch = Watch(2.0, clock)
    watch.good(watch.begin())
    rests: list[float] = []
    for _ in range(8):
        watch.bad(watch.begin(), "it is gone")
        rests.append(watch.wait or 0.0)
        clock.now += rests[-1]
    assert rests == [2, 4, 8, 16, 32, 60, 60, 60]
    assert (watch.state, watch.why, watch.age) == ("stale", "it is gone", sum(rests))
    watch.good(watch.begin())
    assert (watch.state, watch.why, watch.wait) == ("good", "", 2.0)


def test_what_never_could_be_read_has_failed() -> None:
    watch = Watch(2.0, Clock())
    watch.bad(watch.begin(), "it is gone")
    assert watch.state == "failed"


def test_a_late_result_does_not_count() -> None:
    watch = Watch(2.0, Clock())
    late = watch.begin()
    watch.give_up()
    assert not watch.good(late)
    assert not watch.bad(late, "too late")
    assert watch.state == "new"


def test_a_pause_lasts_until_it_is_ended() -> None:
    clock = Clock()
    watch = Watch(2.0, clock)
    watch.good(watch.begin())
    watch.pause()
    clock.now += 100
    assert not watch.due
    watch.pause()
    assert watch.due


def test_a_file_is_read_by_key_only() -> None:
    assert Watch(None, Clock()).wait is None


def test_what_costs_much_is_asked_for_every_half_minute() -> None:
    clock = Clock()
    watch = Watch(2.0, clock)
    asked = []
    for _ in range(4):
        asked.append(watch.wants_all())
        clock.now += 15
    assert asked == [True, False, True, False]
