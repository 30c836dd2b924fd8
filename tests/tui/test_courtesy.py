"""A thread that computes waits while the loop is at work, and is not kept from its work for ever."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from textual.pilot import Pilot

from kptui.tui.courtesy import COURTESY, Courtesy
from tests.tui.driving import explorer


def asking(courtesy: Courtesy) -> threading.Thread:
    """A thread that asks whether it may go on, and ends when it may."""
    thread = threading.Thread(target=courtesy.give_way, daemon=True)
    thread.start()
    return thread


def test_without_a_loop_everybody_goes_on() -> None:
    thread = asking(Courtesy(patience=1000))
    thread.join(10)
    assert not thread.is_alive()


def test_it_waits_until_the_loop_does() -> None:
    courtesy, seen = Courtesy(patience=1000), []

    async def work() -> None:
        thread = asking(courtesy)
        thread.join(0.05)
        seen.append(thread.is_alive())
        # The loop looks for what has happened meanwhile, and goes on: it isn't idle.
        await asyncio.sleep(0)
        thread.join(0.05)
        seen.append(thread.is_alive())
        await asyncio.to_thread(thread.join, 10)
        seen.append(thread.is_alive())

    with asyncio.Runner(loop_factory=courtesy.new_loop) as runner:
        runner.run(work())
    assert seen == [True, True, False]


def test_where_the_loop_is_at_work_all_the_time_it_has_its_turns() -> None:
    now, seen = [0.0], []
    courtesy = Courtesy(lambda: now[0], patience=0.001)

    async def work() -> None:
        thread = asking(courtesy)
        thread.join(10)
        seen.append(thread.is_alive())
        courtesy.patience = 1000
        # Its turn is not over; then it is.
        for _ in range(2):
            thread = asking(courtesy)
            thread.join(0.05)
            seen.append(thread.is_alive())
            now[0] += 1

    with asyncio.Runner(loop_factory=courtesy.new_loop) as runner:
        runner.run(work())
    assert seen == [False, False, True]


def test_when_the_loop_has_ended_nobody_waits() -> None:
    courtesy = Courtesy(patience=1000)
    with asyncio.Runner(loop_factory=courtesy.new_loop) as runner:
        runner.run(asyncio.sleep(0))
    thread = asking(courtesy)
    thread.join(10)
    assert not thread.is_alive()


def test_the_explorer_runs_on_such_a_loop() -> None:
    seen = []

    async def pilot(pilot: Pilot[Any]) -> None:
        thread = asking(COURTESY)
        seen.append(thread.is_alive())
        await asyncio.to_thread(thread.join, 10)
        seen.append(thread.is_alive())
        pilot.app.exit("left")

    COURTESY.patience, before = 1000, COURTESY.patience
    try:
        assert explorer().run(headless=True, auto_pilot=pilot) == "left"
    finally:
        COURTESY.patience = before
    assert seen == [True, False]
