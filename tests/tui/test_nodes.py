"""The nodes view: how far each is, what differs, exploring one and coming back."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from kptui.errors import SeveralHostsError, SourceError
from kptui.nodes.fleet import Fleet
from kptui.nodes.gather import Cancelled
from kptui.sources import SourceText
from kptui.sources.steps import Progress, Step
from kptui.tui.nodes_app import NodesApp
from kptui.tui.screens.differing import DifferingScreen
from kptui.tui.screens.main import MainScreen
from kptui.tui.screens.nodes import NodesScreen
from kptui.tui.tree_model import Place
from kptui.tui.widgets.table_list import TableList
from tests.tui.driving import main, press, rows, screen_lines, settle, write
from tests.tui.fleets import NGINX, NODES, app


@asynccontextmanager
async def opened(found: NodesApp, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Pilot[None]]:
    """The app running, every node read."""
    async with found.run_test(size=size) as pilot:
        await settle(pilot)
        yield pilot


def on_top(pilot: Pilot[None]) -> type[Screen[object]]:
    """What kind of screen is seen."""
    return type(pilot.app.screen)


def table(pilot: Pilot[None]) -> list[list[str]]:
    """The rows' words."""
    return [line.split() for line in rows(pilot.app.screen.query_one(TableList), 110)]


async def test_each_node_with_its_state_and_how_far_it_is_from_the_others() -> None:
    async with opened(app(NODES, "kubectl:prod/n5")) as pilot:
        assert on_top(pilot) is NodesScreen
        found = table(pilot)
        assert [row[:6] for row in found[:2]] == [
            ["n1", "✓", "read", "0", "3", "9"],
            ["n2", "✓", "read", "0", "3", "9"],
        ]
        assert [row[3] for row in found[2:4]] == ["1", "1"]
        assert found[4][:5] == ["n5", "✗", "The", "pod", "[b]of[/b]"]
        assert "does not answer" in " ".join(found[4])
        assert "4 of 5 read · 1 not · 2 Service ports differ · not alike: FORWARD policy" in screen_lines(pilot)[0]
        await press(pilot, "j", "j")
        shown = "\n".join(screen_lines(pilot))
        assert "node port: 30007 here; 3 of 4 32754" in shown
        assert "endpoints: 10.42.0.199:80 here; 3 of 4 10.42.0.199:80 10.42.0.200:80" in shown
        assert "More nodes is not more right" in shown
        await press(pilot, "j")
        assert "DROP here; 3 of 4 ACCEPT" in "\n".join(screen_lines(pilot))
        await press(pilot, "j")
        assert "The pod [b]of[/b] this node does not answer\\x1b[31m." in "\n".join(screen_lines(pilot))
        await press(pilot, "enter")
        assert on_top(pilot) is NodesScreen


async def test_a_node_is_explored_and_m_comes_back() -> None:
    async with opened(app()) as pilot:
        await press(pilot, "j", "j", "enter")
        assert on_top(pilot) is MainScreen
        first = main(pilot)
        assert first.session.source == "kubectl:prod/n3"
        assert first.ruleset.chain("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5")
        await press(pilot, "j", "m")
        assert on_top(pilot) is NodesScreen
        assert table(pilot)[pilot.app.screen.query_one(TableList).cursor][0] == "n3"
        # The same node: as it was left. Another one: another explorer, and only that one.
        place = first.navigation.place
        await press(pilot, "enter")
        assert main(pilot) is first
        assert first.navigation.place == place
        await press(pilot, "m", "k", "enter")
        assert main(pilot).session.source == "kubectl:prod/n2"
        assert sum(isinstance(screen, MainScreen) for screen in pilot.app.screen_stack) == 1
        await press(pilot, "m", "escape")
        assert on_top(pilot) is MainScreen


async def test_what_differs_leads_to_the_node_that_has_it_otherwise() -> None:
    async with opened(app()) as pilot:
        await press(pilot, "d")
        assert on_top(pilot) is DifferingScreen
        assert [line[:3] for line in table(pilot)] == [
            ["default/nginx:80-80", "(tcp)", "node"],
            ["kube-system/kube-dns:dns", "(udp)", "the"],
            ["nodes:", "FORWARD", "policy"],
        ]
        assert "n3: 30007 · n3: 10.42.0.199:80" in screen_lines(pilot)[4]
        assert "3 of 4  32754: n1, n2, n4" in "\n".join(screen_lines(pilot))
        await press(pilot, "enter")
        assert main(pilot).session.source == "kubectl:prod/n3"
        assert main(pilot).navigation.place == Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5")


async def test_the_filter_and_the_order() -> None:
    async with opened(app()) as pilot:
        await press(pilot, "o", "o")
        assert sorted(row[0] for row in table(pilot)[:2]) == ["n3", "n4"]
        await press(pilot, "slash")
        await write(pilot, "n4")
        assert [row[0] for row in table(pilot)] == ["n4"]
        await press(pilot, "enter", "escape")
        assert len(table(pilot)) == 4


async def test_reading_can_be_stopped_and_begun_again() -> None:
    waiting = threading.Event()

    def read(name: str, cancelled: Cancelled, progress: Progress) -> SourceText:
        if name == "slow" and not waiting.is_set():
            while not cancelled():
                waiting.wait(0.01)
            waiting.set()
        return SourceText(name, NGINX)

    found = NodesApp(Fleet(["quick", "slow"], read))
    async with found.run_test(size=(120, 40)) as pilot:
        while found.fleet.count("read") < 1 or found.fleet.count("reading") < 1:
            await pilot.pause()
        assert "reading …" in screen_lines(pilot)[0]
        await press(pilot, "escape")
        assert [node.progress for node in found.fleet.nodes] == ["read", "cancelled"]
        assert table(pilot)[1][:4] == ["slow", "–", "not", "read"]
        assert waiting.wait(10)
        await press(pilot, "r")
        assert [node.progress for node in found.fleet.nodes] == ["read", "read"]


async def test_a_node_says_what_it_is_asked_for_and_how_far_that_is() -> None:
    told, go_on = threading.Event(), threading.Event()

    def read(name: str, cancelled: Cancelled, progress: Progress) -> SourceText:
        progress(Step("iptables-save -c", name, 1, 12, size=1_234_000, lines=20_000))
        told.set()
        go_on.wait(20)
        return SourceText(name, NGINX)

    found = NodesApp(Fleet(["quick"], read))
    async with found.run_test(size=(80, 24)) as pilot:
        assert told.wait(20)
        await pilot.pause()
        nodes = pilot.app.screen
        assert isinstance(nodes, NodesScreen)
        nodes.tick()
        await pilot.pause()
        assert table(pilot)[0][:4] == ["quick", "…", "1/12", "iptables-save"]
        shown = "\n".join(screen_lines(pilot))
        assert "iptables-save -c · command 1 of 12 · 1.2 MB, 20,000 lines so far" in shown
        go_on.set()
        await settle(pilot)
        assert table(pilot)[0][:3] == ["quick", "✓", "read"]
        assert "command 1 of 12" not in "\n".join(screen_lines(pilot))


async def test_leaving_while_nodes_are_read_does_not_wait_for_them() -> None:
    told = threading.Event()

    def read(name: str, cancelled: Cancelled, progress: Progress) -> SourceText:
        while not cancelled():
            told.wait(0.01)
        told.set()
        raise SourceError("Cancelled.")

    async with NodesApp(Fleet(["a", "b"], read)).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("q")
    assert told.wait(10)


async def test_problems_of_a_large_node_are_looked_for_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kptui.nodes.fleet.SMALL", 10)
    async with opened(app()) as pilot:
        await press(pilot, "j", "j")
        assert "not looked for yet" in "\n".join(screen_lines(pilot))
        await press(pilot, "p")
        assert "✗1" in table(pilot)[2]
        assert table(pilot)[pilot.app.screen.query_one(TableList).cursor][0] == "n3"


async def test_of_one_source_there_are_no_nodes_to_go_back_to() -> None:
    from tests.tui.driving import opened as explorer

    async with explorer(size=(80, 24)) as pilot:
        await press(pilot, "m")
        assert on_top(pilot) is MainScreen
        [said] = pilot.app._notifications
        assert said.message.startswith("One source is open")


async def test_a_bundle_of_several_hosts_becomes_a_node_each() -> None:
    asked = []

    def read(name: str, cancelled: Cancelled, progress: Progress) -> SourceText:
        asked.append(name)
        hosts = {f"{name}//{host}": partial(SourceText, f"{name}//{host}", NGINX) for host in ("a", "b")}
        raise SeveralHostsError("It holds two.", hosts)

    async with opened(NodesApp(Fleet(["cluster.tar.gz"], read))) as pilot:
        assert [row[:3] for row in table(pilot)] == [["a", "✓", "read"], ["b", "✓", "read"]]
        await press(pilot, "j", "enter")
        assert main(pilot).session.source == "cluster.tar.gz//b"
        await press(pilot, "m", "r")
        assert [row[:3] for row in table(pilot)] == [["a", "✓", "read"], ["b", "✓", "read"]]
        # The bundle is read again, not once for each of its hosts.
        assert asked == ["cluster.tar.gz"] * 2


async def test_a_running_node_that_is_explored_is_read_on() -> None:
    found = app()
    async with opened(found) as pilot:
        await press(pilot, "enter")
        watch = main(pilot).timing
        assert watch.interval == 2.0
        assert main(pilot).snapshot.number >= 1
        assert "every 2 s" in screen_lines(pilot)[0]
