"""What is seen while one waits: what runs, how long, how much has come; and that esc ends it at any time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from kptui.errors import CancelledError, SourceError
from kptui.live.examine import Look
from kptui.live.opening import Opening, unread
from kptui.live.snapshot import Snapshot
from kptui.live.underway import Underway
from kptui.live.watch import Watch
from kptui.loading import parse
from kptui.sources import read_source
from kptui.sources.steps import Step
from kptui.tui.app import Kptui
from kptui.tui.live_words import standing
from kptui.tui.screens.main import MainScreen
from kptui.tui.screens.services import ServicesScreen
from kptui.tui.widgets.search_bar import SearchBar
from tests.live.support import Clock, Told, dump
from tests.tui.driving import main, said, screen_lines, settle

SAVE = Step("iptables-save -c", "node1", 1, 19, limit=60.0)


class Slow(Told):
    """A reader that is at a step until it is let go, or nobody waits any more."""

    step: Step = SAVE
    go: threading.Event

    def read(self, since, everything, progress, cancelled):  # type: ignore[no-untyped-def]
        progress(self.step)
        while not self.go.wait(0.01) and not cancelled():
            pass
        return super().read(since, everything, progress, cancelled)


def slow(step: Step = SAVE, *texts: str | Exception) -> Slow:
    reader = Slow(list(texts or (dump(),)))
    reader.step, reader.go = step, threading.Event()
    return reader


def opening_of(reader: Told, name: str = "netns:blue") -> Opening:
    opening = Opening(unread(name), reader)
    opening.watch = Watch(2.0, reader.clock)
    opening.watch.begin()
    opening.underway._clock = reader.clock
    opening.underway._began = reader.clock()
    return opening


async def seen(pilot: Pilot[None]) -> str:
    main(pilot).tick()
    await pilot.pause()
    return "\n".join(screen_lines(pilot))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_first_reading_tells_what_runs_how_long_and_what_has_come(size: tuple[int, int]) -> None:
    reader = slow()
    opening = opening_of(reader)
    async with Kptui(opening.session, opening=opening).run_test(size=size) as pilot:
        reader.clock.now += 12
        shown = await seen(pilot)
        assert "iptables-save -c" in shown
        assert "command 1 of 19 · nothing has come of it yet" in shown
        assert "for 12 s of the 60 s it may take (--timeout)" in shown
        opening.underway(SAVE._replace(size=8_200_000, lines=102_341))
        assert "command 1 of 19 · 8.2 MB, 102,341 lines so far" in await seen(pilot)
        opening.underway(SAVE._replace(what="ip -4 -j rule show", number=11, beside=2))
        shown = await seen(pilot)
        assert "command 11 of 19, 2 more beside it" in shown
        assert "53%" in shown
        assert "for 0 s of" in shown
        assert "esc gives up" in shown
        reader.go.set()
        assert opening.wait(10)
        await settle(pilot)
        assert "KUBE-SERVICES" in await seen(pilot)


async def test_esc_ends_the_first_reading_and_r_begins_it_again() -> None:
    reader = slow()
    opening = opening_of(reader)
    async with Kptui(opening.session, opening=opening).run_test() as pilot:
        await pilot.pause()
        await pilot.press("escape")
        assert opening.wait(10)
        shown = await seen(pilot)
        assert "Reading was given up." in shown
        assert "r reads it" in shown
        reader.clock.now += 60
        main(pilot).tick()
        assert not main(pilot).timing.reading
        reader.go.set()
        await pilot.press("r")
        await settle(pilot)
        assert "KUBE-SERVICES" in await seen(pilot)


async def test_what_is_pressed_too_early_is_done_once_there_are_rules() -> None:
    reader = slow()
    opening = opening_of(reader)
    async with Kptui(opening.session, opening=opening).run_test() as pilot:
        await pilot.pause()
        await pilot.press("s")
        assert "done as soon as the rules are read" in said(pilot)
        reader.go.set()
        assert opening.wait(10)
        await settle(pilot)
        assert isinstance(pilot.app.screen, ServicesScreen)


async def test_once_a_key_is_kept_so_are_those_behind_it_in_their_order() -> None:
    reader = slow()
    opening = opening_of(reader)
    async with Kptui(opening.session, opening=opening).run_test() as pilot:
        await pilot.pause()
        # By themselves r would read again, space pause, q leave, ? help.
        await pilot.press("G", "slash", *"quarr", "space", *"dport")
        assert pilot.app.is_running
        assert isinstance(pilot.app.screen, MainScreen)
        reader.go.set()
        assert opening.wait(10)
        while not main(pilot).ruleset.tables:
            await pilot.pause()
        # While they are pressed one by one, what comes from the terminal waits for its turn.
        await pilot.press("colon", "8", "0")
        written = main(pilot).query_one(SearchBar).query_one(Input)
        for _ in range(1000):
            assert "quarr dport:80".startswith(written.value)
            if written.value == "quarr dport:80":
                break
            await pilot.pause(0.01)
        assert written.value == "quarr dport:80"


async def test_what_was_pressed_before_reading_was_given_up_is_forgotten() -> None:
    reader = slow()
    opening = opening_of(reader)
    async with Kptui(opening.session, opening=opening).run_test() as pilot:
        await pilot.pause()
        await pilot.press("s", "escape")
        assert opening.wait(10)
        reader.go.set()
        await pilot.press("r")
        await settle(pilot)
        assert pilot.app.screen is main(pilot)


async def test_a_time_out_says_what_to_do_and_r_tries_again() -> None:
    why = "iptables-save did not answer (this host): no answer within 60 seconds; --timeout SECONDS waits longer."
    reader = slow(SAVE, SourceError(why), dump())
    reader.go.set()
    opening = opening_of(reader)
    assert opening.wait(10)
    async with Kptui(opening.session, opening=opening).run_test() as pilot:
        await settle(pilot)
        shown = await seen(pilot)
        assert "It can't be read" in shown
        assert "--timeout SECONDS waits longer" in shown
        assert "r tries now" in shown
        await pilot.press("r")
        await settle(pilot)
        assert "KUBE-SERVICES" in await seen(pilot)


async def test_a_slow_reading_of_the_interval_is_told_of_and_esc_ends_it_last() -> None:
    reader = Told([dump()])
    opening = opening_of(reader)
    assert opening.wait(10)
    async with Kptui(opening.session, opening=opening).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        slowly = slow()
        slowly.clock = reader.clock
        main(pilot).reader = slowly
        reader.clock.now += 2
        assert "reading" not in (await seen(pilot)).split("\n")[0]
        reader.clock.now += 8
        top = (await seen(pilot)).split("\n")[0]
        assert "reading iptables-save 1/19, 8 s (esc ends)" in top
        await pilot.press("slash", "escape")
        assert main(pilot).timing.reading
        await pilot.press("escape")
        await settle(pilot)
        assert not main(pilot).timing.reading
        assert "paused" in (await seen(pilot)).split("\n")[0]
        assert "KUBE-SERVICES" in await seen(pilot)


def test_a_file_is_told_of_in_per_cent() -> None:
    watch, clock = Watch(clock=Clock()), Clock()
    watch.begin()
    underway = Underway(clock)
    underway(Step("telling the rules apart", size=25_000_000, total=100_000_000))
    found = standing(watch, 0.0, underway, False, True)
    assert found.share == 0.25
    assert "25.0 MB of 100.0 MB" in found.lines


class TestLargeFiles:
    """One that is larger than the slices in which it is read."""

    @pytest.fixture
    def large(self, tmp_path: Path) -> str:
        path = tmp_path / "rules.txt"
        rules = "".join(f"-A A{at // 50} -s 10.{at % 200}.0.1/32 -j ACCEPT\n" for at in range(100_000))
        chains = "".join(f":A{at} - [0:0]\n" for at in range(2_000))
        path.write_text(f"*filter\n:INPUT ACCEPT [0:0]\n{chains}{rules}COMMIT\n")
        return str(path)

    def test_how_far_it_is_is_told_while_it_is_read_and_while_it_is_taken_apart(self, large: str) -> None:
        steps: list[Step] = []
        source = read_source(large, progress=steps.append)
        assert len(steps) > 2
        assert steps[-1].share == 1.0
        assert 0 < steps[0].share < 0.5
        places: list[int] = []
        parse(source, places.append)
        assert len(places) >= len(source.text) >> 20
        assert places == sorted(places)

    def test_whoever_gives_up_is_heard_in_the_middle(self, large: str) -> None:
        steps: list[Step] = []
        with pytest.raises(CancelledError):
            read_source(large, lambda: len(steps) >= 2, steps.append)
        assert steps[-1].share < 1
        underway = Underway(Clock())

        def enough() -> bool:
            return underway.step is not None and underway.step.size > 0

        with pytest.raises(CancelledError):
            Snapshot.empty(unread(large)).later(Look(number=1, source=read_source(large)), underway, enough)
        assert underway.step is not None
        assert 0 < underway.step.share < 1
