"""The Differences view: both sides beside each other, and the way to a rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from kptui.tracing import Session
from kptui.tui.app import Kptui
from kptui.tui.screens.ask_source import AskSource
from kptui.tui.screens.differences import DifferencesScreen
from kptui.tui.tree_model import Place
from kptui.tui.widgets.table_list import TableList
from tests.tui.driving import SAMPLES, main, opened, press, rows, screen_lines, settle, write


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """The sample as it was: another node port, another endpoint, and FORWARD dropping."""
    text = (SAMPLES / "nginx-nodeport.txt").read_text()
    text = (
        text.replace("32754", "30007")
        .replace("10.42.0.200", "10.42.0.201")
        .replace(":FORWARD ACCEPT [1904", ":FORWARD DROP [7")
    )
    path = tmp_path / "before.txt"
    path.write_text(text.replace("-A INPUT -j KUBE-FIREWALL\n", ""))
    return path


async def test_the_explorer_opens_at_the_differences(before: Path) -> None:
    app = Kptui(Session.open(str(SAMPLES / "nginx-nodeport.txt")), before=str(before))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, DifferencesScreen)
        assert [line.split() for line in rows(app.screen.query_one(TableList), 110)] == [
            ["~", "default/nginx:80-80", "(tcp)"],
            ["~", "node", "port", "30007", "32754"],
            ["-", "endpoint", "10.42.0.201:80", "(1/2)"],
            ["+", "endpoint", "10.42.0.200:80", "(1/2)"],
            ["~", "filter", "INPUT"],
            ["+", "4", "always", "→", "KUBE-FIREWALL"],
            ["~", "filter", "FORWARD"],
            ["~", "policy", "DROP", "ACCEPT"],
        ]
        assert "Service: 1 changed; chains: 2 changed" in screen_lines(pilot)[0]


async def test_enter_goes_to_the_rule_or_the_services_chain(before: Path) -> None:
    app = Kptui(Session.open(str(SAMPLES / "nginx-nodeport.txt")), before=str(before))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "j", "j", "j", "j", "j")
        assert "line 29: -A INPUT -j KUBE-FIREWALL" in "\n".join(screen_lines(pilot))
        await press(pilot, "enter")
        assert main(pilot).navigation.place == Place("filter", "INPUT", 4)
        await press(pilot, "d", "g", "enter")
        assert main(pilot).navigation.place == Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5")


async def test_d_asks_for_the_other_source(before: Path) -> None:
    async with opened() as pilot:
        await press(pilot, "d")
        assert isinstance(pilot.app.screen, AskSource)
        lines = screen_lines(pilot)
        assert "╭─ Compare" not in lines[0], "what it is asked about stays in sight around the question"
        assert "C Chains" in lines[1]
        await press(pilot, "escape")
        assert not isinstance(pilot.app.screen_stack[-1], AskSource)
        await press(pilot, "d")
        await write(pilot, "/nowhere")
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, DifferencesScreen)
        assert "There is no file /nowhere." in "\n".join(screen_lines(pilot))


async def test_no_difference_is_said() -> None:
    name = str(SAMPLES / "nginx-nodeport.txt")
    app = Kptui(Session.open(name), before=name)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "No difference" in "\n".join(screen_lines(pilot))
