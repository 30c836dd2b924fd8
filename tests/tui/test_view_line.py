"""The line of views: always there, the open one marked, a key or a click opens; clicks on the line of keys."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from kptui.live.snapshot import Snapshot
from kptui.syntax.ast import Ruleset
from kptui.tracing import Session
from kptui.tui.keys import SWITCHES, VIEWS
from kptui.tui.lacking import lacking
from kptui.tui.screens.changes import ChangesScreen
from kptui.tui.screens.help import HelpScreen
from kptui.tui.screens.journey import JourneyScreen
from kptui.tui.screens.leads import LeadsScreen
from kptui.tui.screens.main import MainScreen
from kptui.tui.screens.nodes import NodesScreen
from kptui.tui.screens.problems import ProblemsScreen
from kptui.tui.screens.services import ServicesScreen
from kptui.tui.screens.trace_form import TraceForm
from kptui.tui.widgets.bars import ClickBar, KeyBar
from kptui.tui.widgets.view_line import ViewLine
from tests.tui.driving import main, opened, press, said, settle, trace_nginx
from tests.tui.fleets import app as nodes


def line(pilot: Pilot[None]) -> str:
    """What the line of views says."""
    return pilot.app.screen.query_one(ViewLine).render().plain


def on_top(pilot: Pilot[None]) -> type:
    """Which screen is to be seen."""
    return type(pilot.app.screen)


async def click(pilot: Pilot[None], bar: type[ClickBar], key: str) -> None:
    """Click on a key of a line."""
    targets = pilot.app.screen.query_one(bar).targets
    start = next(start for start, _, each in targets if each.id == key)
    await pilot.click(bar, offset=(start + 1, 0))
    await settle(pilot)


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (120, "[C Chains] s Services  p Problems  i Journey "),
        (80, "[C Chains] s Svcs  p Prob  i Path  c New "),
        (60, "[C Chains] s  p  i  c "),
    ],
)
async def test_words_go_where_there_is_no_room_and_every_key_stays(width: int, expected: str) -> None:
    async with opened(size=(width, 24)) as pilot:
        said_now = line(pilot)
        assert said_now.startswith(expected)
        assert len(said_now) <= width
        for key in SWITCHES:
            assert f"{key.label} " in said_now or f"{key.label}]" in said_now


async def test_views_open_from_each_other_and_the_open_one_is_marked() -> None:
    async with opened() as pilot:
        for key, screen, mark in (
            ("s", ServicesScreen, "[s Services]"),
            ("p", ProblemsScreen, "[p Problems]"),
            ("c", ChangesScreen, "[c Changes]"),
            ("C", MainScreen, "[C Chains]"),
        ):
            await press(pilot, key)
            assert on_top(pilot) is screen
            assert mark in line(pilot)
            assert line(pilot).count("[") == 1
        assert len(pilot.app.screen_stack) == 2


async def test_a_click_opens_a_view_and_a_click_on_the_line_of_keys_does_what_the_key_does() -> None:
    async with opened() as pilot:
        await click(pilot, ViewLine, "services")
        assert on_top(pilot) is ServicesScreen
        await click(pilot, KeyBar, "leads")
        assert on_top(pilot) is LeadsScreen
        await click(pilot, ViewLine, "problems")
        assert on_top(pilot) is ProblemsScreen
        await click(pilot, ViewLine, "chains")
        assert pilot.app.screen is main(pilot)
        await click(pilot, KeyBar, "trace")
        assert on_top(pilot) is TraceForm
        await press(pilot, "escape")
        await click(pilot, KeyBar, "help")
        assert on_top(pilot) is HelpScreen


async def test_under_the_mouse_a_key_says_what_it_does() -> None:
    async with opened(size=(60, 24)) as pilot:
        bar = pilot.app.screen.query_one(ViewLine)
        start = next(start for start, _, each in bar.targets if each.id == "problems")
        await pilot.hover(ViewLine, offset=(start + 1, 0))
        assert str(bar.tooltip) == "What goes wrong in the rules: findings, the worst first."
        await pilot.hover(ViewLine, offset=(58, 0))
        assert bar.tooltip is None


async def test_what_has_nothing_to_show_is_dim_until_it_has() -> None:
    async with opened() as pilot:
        assert main(pilot).lacking() == {"journey", "changes", "busiest", "connections", "compare", "nodes"}
        dim = pilot.app.screen.query_one(ViewLine)._style("bar--lacking")
        text = pilot.app.screen.query_one(ViewLine).render()
        assert [text.plain[each.start : each.end].strip() for each in text.spans if each.style == dim] == [
            "i Journey", "c Changes", "b Busiest", "f Flows", "= Compare", "m Nodes",
        ]  # fmt: skip
        await press(pilot, "i")
        assert "There is no trace yet" in said(pilot)
        await trace_nginx(pilot)
        assert "journey" not in main(pilot).lacking()
        await press(pilot, "s", "i")
        assert on_top(pilot) is JourneyScreen
        await press(pilot, "C", "escape", "m")
        assert "One source is open" in said(pilot)


@pytest.mark.parametrize(("source", "counted"), [("nginx-nodeport.txt", False), ("kube-dns.txt", True)])
async def test_the_busiest_rules_take_counters(source: str, counted: bool) -> None:
    async with opened(source) as pilot:
        assert ("busiest" not in main(pilot).lacking()) == counted


@pytest.mark.parametrize("several", [False, True])
def test_without_rules_only_other_nodes_have_something_to_show(several: bool) -> None:
    snapshot = Snapshot.empty(Session(Ruleset("", (), ()), ""))
    assert set(VIEWS) - lacking(snapshot, False, True, several) == {"chains", *(["nodes"] if several else [])}


async def test_the_nodes_are_reached_from_a_view_of_the_explored_node_and_lead_to_its_views() -> None:
    app = nodes()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "[m Nodes]" in line(pilot)
        await press(pilot, "s")
        assert "Explore a node first" in said(pilot)
        await press(pilot, "enter", "s", "m")
        assert on_top(pilot) is NodesScreen
        await press(pilot, "d")
        assert "[d Differences]" in line(pilot)
        await press(pilot, "s")
        assert on_top(pilot) is ServicesScreen
        await press(pilot, "C")
        assert app.screen is main(pilot)
