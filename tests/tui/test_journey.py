"""The Journey view: hooks as stages for each outcome; enter goes to the rule."""

from __future__ import annotations

from kptui.tui.screens.journey import JourneyScreen
from kptui.tui.tree_model import Place
from tests.tui.driving import fill, main, opened, press, rows, said, screen_lines, trace_nginx


async def test_the_journey_shows_stages_and_enter_goes_to_the_rule() -> None:
    async with opened() as pilot:
        await press(pilot, "i")
        assert "There is no trace yet" in said(pilot)
        await trace_nginx(pilot)
        await press(pilot, "i")
        screen = pilot.app.screen
        assert isinstance(screen, JourneyScreen)
        seen = [" ".join(line.split()) for line in rows(screen.rows)]
        assert seen[0] == "PREROUTING in tcp 192.168.50.2 → 10.110.199.45:80"
        assert "= dst 10.110.199.45 → 10.42.0.199" in seen
        assert seen[-1] == "end ✓ forwarded"
        assert screen.rows.item.step is None
        await press(pilot, "o")
        assert "= dst 10.110.199.45 → 10.42.0.200" in [" ".join(line.split()) for line in rows(screen.rows)]
        await press(pilot, "j", "j", "enter")
        assert main(pilot).navigation.place == Place("nat", "KUBE-SERVICES", 5)


async def test_what_an_outcome_assumes_comes_first_and_its_end_is_not_told_without_an_if() -> None:
    async with opened("session-affinity.txt") as pilot:
        await press(pilot, "t")
        await fill(pilot, src="10.42.0.7", dst="10.96.12.34", dport="80", proto="tcp")
        await press(pilot, "enter", "i")
        screen = pilot.app.screen
        assert isinstance(screen, JourneyScreen)
        seen = [" ".join(line.split()) for line in rows(screen.rows)]
        assumptions = screen.trace.outcomes[screen.outcome].assumptions
        assert [each.assumed for each in assumptions] == [
            line.startswith("assumed yes: ") for line in seen[: len(assumptions)]
        ]
        assert "-m recent" in seen[0]
        assert "if assumed so: ✓ forwarded" in screen_lines(pilot)[0]
        assert ", if assumed so" in screen_lines(pilot)[2]
