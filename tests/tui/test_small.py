"""Small terminals: one pane at a time with a hint how to get the others, a form that can be used, a plain sentence."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from kptui.tui.screens.small import PANES, TooSmall
from tests.tui.driving import main, opened, press, screen_lines, settle, trace_nginx, write

SMALL = [(60, 15), (79, 23), (79, 40), (120, 23), (60, 30)]


def visible_panes(pilot: Pilot[None]) -> list[str]:
    """The panes of which something can be seen."""
    return [pane for pane in PANES if main(pilot).query_one(f"#{pane}").region.area > 0]


@pytest.mark.parametrize("size", SMALL)
async def test_one_pane_is_shown_and_tab_shows_the_others_in_turn(size: tuple[int, int]) -> None:
    async with opened(size=size) as pilot:
        shown = []
        for _ in range(4):
            (pane,) = visible_panes(pilot)
            widget = main(pilot).query_one(f"#{pane}")
            assert widget.size.width > size[0] - 6
            assert widget.size.height > size[1] - 8
            shown.append(pane)
            assert "tab More panes" in screen_lines(pilot)[-1]
            await press(pilot, "tab")
        assert shown == ["chains", "rules", "detail", "chains"]


@pytest.mark.parametrize("size", SMALL)
async def test_a_trace_shows_its_hops_then_its_outcomes(size: tuple[int, int]) -> None:
    async with opened(size=size) as pilot:
        await trace_nginx(pilot)
        assert visible_panes(pilot) == ["hops"]
        seen = "\n".join(screen_lines(pilot))
        assert "it gets through to 2 targets" in seen
        assert "PREROUTING 1 → KUBE-SERVICES" in seen
        await press(pilot, "shift+tab")
        assert visible_panes(pilot) == ["outcomes"]
        assert "⇒ 10.42.0.199:80 masq" in "\n".join(screen_lines(pilot))
        await press(pilot, "escape")
        assert visible_panes(pilot) == ["chains"]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_where_there_is_room_all_panes_are_shown(size: tuple[int, int]) -> None:
    async with opened(size=size) as pilot:
        await trace_nginx(pilot)
        assert visible_panes(pilot) == list(PANES)
        assert "More panes" not in screen_lines(pilot)[-1]


async def test_a_search_leads_to_the_pane_with_the_hit() -> None:
    async with opened(size=(60, 15)) as pilot:
        await press(pilot, "slash")
        await write(pilot, "target:DNAT")
        assert "1 of " in screen_lines(pilot)[-2]
        await press(pilot, "enter")
        assert visible_panes(pilot) == ["rules"]
        assert "⇒ DNAT" in "\n".join(screen_lines(pilot))


async def test_the_form_can_be_filled_in_and_says_what_it_understands() -> None:
    async with opened(size=(60, 15)) as pilot:
        await press(pilot, "t")
        await write(pilot, "10.110.199.45:80")
        seen = "\n".join(screen_lines(pilot))
        assert "tcp ? → 10.110.199.45:80" in seen
        assert "Node's addresses" in seen
        await write(pilot, "x")
        assert "✗ Packet:" in "\n".join(screen_lines(pilot))


async def test_a_table_has_the_room_and_tab_shows_the_row_in_full() -> None:
    async with opened(size=(60, 15)) as pilot:
        await press(pilot, "s")
        assert sum("tcp/" in line or "udp/" in line for line in screen_lines(pilot)) == 5
        await press(pilot, "tab")
        assert "traffic policy" in "\n".join(screen_lines(pilot))


@pytest.mark.parametrize("size", [(59, 15), (60, 14), (20, 5)])
async def test_below_that_it_says_how_much_room_it_needs(size: tuple[int, int]) -> None:
    async with opened(size=size) as pilot:
        assert isinstance(pilot.app.screen, TooSmall)
        seen = " ".join(" ".join(screen_lines(pilot)).split())
        assert f"kptui needs 60 columns and 15 rows; here are {size[0]} and {size[1]}." in seen
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert len(pilot.app.screen_stack) == 2
        assert "KUBE-SERVICES" in "\n".join(screen_lines(pilot))
        await pilot.resize_terminal(*size)
        await settle(pilot)
        await press(pilot, "q")
        assert not pilot.app.is_running or pilot.app._exit


async def test_growing_and_shrinking_keeps_the_place() -> None:
    async with opened(size=(120, 40)) as pilot:
        await press(pilot, "tab", "j", "j")
        place = main(pilot).navigation.place
        await pilot.resize_terminal(60, 15)
        await settle(pilot)
        assert visible_panes(pilot) == ["rules"]
        await pilot.resize_terminal(120, 40)
        await settle(pilot)
        assert visible_panes(pilot) == ["chains", "rules", "detail"]
        assert main(pilot).navigation.place == place


async def test_a_wide_terminal_has_wide_columns() -> None:
    async with opened(size=(200, 50)) as pilot:
        await press(pilot, "s")
        seen = "\n".join(screen_lines(pilot))
        assert "kube-system/kube-dns:dns-tcp  tcp/53" in seen
        assert "…" not in seen.partition("╰")[0]
