"""The mouse in every list: a click selects, a double click does what enter does, the wheel scrolls; the help tells."""

from __future__ import annotations

import pytest
from textual.events import MouseScrollDown, MouseScrollUp
from textual.pilot import Pilot

from kptui.tui.screens.journey import JourneyScreen
from kptui.tui.screens.nodes import NodesScreen
from kptui.tui.screens.services import ServicesScreen
from kptui.tui.tree_model import Place
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.row_view import RowView
from tests.tui.driving import main, opened, press, screen_lines, settle, trace_nginx
from tests.tui.fleets import app as nodes
from tests.tui.screens_of import SCREENS

SMALL = (80, 24)
LISTS = [
    ("rules", "#chains"), ("trace", "#rules"), ("trace", "#outcomes"), ("trace", "#hops"), ("services", "#table"),
    ("problems", "#table"), ("leads", "#table"), ("journey", "#table"), ("busiest", "#table"), ("two traces", "#table"),
]  # fmt: skip


async def click(pilot: Pilot[None], view: RowView, row: int, times: int = 1) -> None:
    """Click on a row that is in sight."""
    y = row - view.scroll_offset.y + view.HEADED + view.gutter.top
    await pilot.click(view, offset=(6, y), times=times)
    await settle(pilot)


@pytest.mark.parametrize(("screen", "selector"), LISTS)
async def test_a_click_selects_and_the_wheel_scrolls(screen: str, selector: str) -> None:
    source, come_there = SCREENS[screen]
    async with opened(source, size=SMALL) as pilot:
        await come_there(pilot)
        view = pilot.app.screen.query_one(selector, RowView)
        view.go_to(0)
        await settle(pilot)
        last = min(view.row_count(), view.scrollable_content_region.height - view.HEADED) - 1
        await click(pilot, view, last)
        assert view.cursor == last
        assert view.has_focus
        if view.max_scroll_y:
            await pilot._post_mouse_events([MouseScrollDown], view, offset=(3, 1))
            await settle(pilot)
            assert view.scroll_offset.y > 0
            assert view.cursor == last
            await pilot._post_mouse_events([MouseScrollUp] * 3, view, offset=(3, 1))
            await settle(pilot)
            assert view.scroll_offset.y == 0


async def test_a_double_click_folds_a_chain_and_follows_a_rule() -> None:
    async with opened() as pilot:
        screen = main(pilot)
        tree = screen.query_one(ChainTree)
        tree.go_to(0)
        await settle(pilot)
        row = tree.model.row(Place("nat", "PREROUTING"))
        assert row is not None
        tree.go_to(row)
        await click(pilot, tree, row, times=2)
        assert tree.model.is_open(Place("nat", "PREROUTING"))
        await click(pilot, tree, row + 1, times=2)
        assert screen.navigation.place == Place("nat", "KUBE-SERVICES")
        rules = screen.query_one("#rules", RowView)
        await click(pilot, rules, 4, times=2)
        assert screen.navigation.place == Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5")


async def test_a_click_on_the_sign_folds_and_beside_it_only_selects() -> None:
    async with opened() as pilot:
        tree = main(pilot).query_one(ChainTree)
        tree.go_to(0)
        await settle(pilot)
        chain = Place("nat", "PREROUTING")
        row = tree.model.row(chain)
        assert row is not None
        sign = tree.row_text(row, 60).plain.index("▸") + 1
        await pilot.click(tree, offset=(sign, row + 1))
        await settle(pilot)
        assert tree.model.is_open(chain)
        assert tree.cursor == row
        await pilot.click(tree, offset=(sign + 4, row + 1))
        await settle(pilot)
        assert tree.model.is_open(chain)
        await pilot.pause()
        await pilot.click(tree, offset=(sign, row + 1))
        await settle(pilot)
        assert not tree.model.is_open(chain)


async def test_a_double_click_opens_what_a_table_has_selected() -> None:
    async with opened() as pilot:
        await press(pilot, "s")
        screen = pilot.app.screen
        assert isinstance(screen, ServicesScreen)
        await click(pilot, screen.rows, 1, times=2)
        assert main(pilot).navigation.place == Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5")
        await trace_nginx(pilot)
        await press(pilot, "i")
        screen = pilot.app.screen
        assert isinstance(screen, JourneyScreen)
        await click(pilot, screen.rows, 2, times=2)
        assert main(pilot).navigation.place == Place("nat", "KUBE-SERVICES", 5)


async def test_a_double_click_explores_a_node() -> None:
    app = nodes()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, NodesScreen)
        await click(pilot, screen.rows, 2, times=2)
        assert main(pilot).session.source == "kubectl:prod/n3"


async def test_the_help_says_so() -> None:
    async with opened(size=(120, 160)) as pilot:
        await press(pilot, "question_mark")
        seen = "\n".join(screen_lines(pilot))
        assert "double click  follows, opens, goes there" in seen
        assert "wheel  scrolls" in seen
