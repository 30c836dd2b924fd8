"""Asking on about a trace: branches as a tree, what is not told settled by a key, the reply."""

from __future__ import annotations

from kptui.tui.widgets.trace_panel import HopList, OutcomeList
from tests.tui.driving import main, opened, press, rows, said, screen_lines, trace_nginx


async def test_a_settles_what_is_not_told_and_all_ways_come_back() -> None:
    async with opened(local=()) as pilot:
        await trace_nginx(pilot)
        screen = main(pilot)
        outcomes = screen.query_one(OutcomeList)
        before = rows(outcomes)
        asked = [line for line in before if line.startswith(" ?")]
        assert len(asked) > 1
        assert all("both" in line for line in asked)
        await press(pilot, "a")
        assert not list(screen.request.assume)
        assert outcomes.question == outcomes.questions[0]
        assert outcomes.questions[0].words[:60] in "\n".join(screen_lines(pilot))
        await press(pilot, "a")
        text = outcomes.questions[0].text
        assert list(screen.request.assume) == [f"{text}=yes"]
        assert "✓ yes" in rows(outcomes)[outcomes.cursor]
        assert len(screen.trace.outcomes) < 4  # type: ignore[union-attr]
        await press(pilot, "a")
        assert list(screen.request.assume) == [f"{text}=no"]
        assert "✗ no" in rows(outcomes)[outcomes.cursor]
        await press(pilot, "a")
        assert not list(screen.request.assume)
        assert rows(outcomes) == before


async def test_what_was_assumed_of_one_packet_is_not_assumed_of_the_next() -> None:
    async with opened(local=()) as pilot:
        await trace_nginx(pilot)
        await press(pilot, "a", "a")
        assert main(pilot).request.assume
        await trace_nginx(pilot, "192.168.50.3")
        assert not main(pilot).request.assume
        assert all(each.state == "both" for each in main(pilot).query_one(OutcomeList).questions)


async def test_a_branch_lights_up_all_outcomes_below_it() -> None:
    async with opened(local=()) as pilot:
        await trace_nginx(pilot)
        screen = main(pilot)
        outcomes = screen.query_one(OutcomeList)
        branch = next(row for row, way in enumerate(outcomes.ways) if 1 < len(way.outcomes) < 4)
        outcomes.focus()
        outcomes.go_to(branch)
        await press(pilot)
        assert screen.lit == outcomes.ways[branch].outcomes
        assert str(screen.query_one(HopList).border_title).startswith("Hops of outcomes ")


async def test_capital_r_shows_the_reply_and_comes_back() -> None:
    async with opened() as pilot:
        await trace_nginx(pilot)
        await press(pilot, "o", "R")
        screen = main(pilot)
        seen = "\n".join(screen_lines(pilot))
        assert "Reply to outcome 1 · it gets through, and the reply comes back; certain" in seen
        assert any("un-SNAT by conntrack" in hop for hop in rows(screen.query_one(HopList)))
        await press(pilot, "escape")
        assert screen.forth is None
        assert screen.chosen == 0
        assert any("⇒ DNAT 10.42.0.199:80" in hop for hop in rows(screen.query_one(HopList)))
        assert "there and back: yes" in "\n".join(screen_lines(pilot))


async def test_without_a_trace_or_a_question_the_keys_say_so() -> None:
    async with opened() as pilot:
        await press(pilot, "a", "R")
        assert "There is no trace yet" in said(pilot)
        await trace_nginx(pilot)
        await press(pilot, "a")
        assert "the trace is certain" in said(pilot)
