"""No text acts in the explorer's views: of hosts, their names, what they complain of, connections, what is copied."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from xml.etree import ElementTree

import pytest
from textual.pilot import Pilot

from kptui.errors import SourceError
from kptui.nodes.fleet import Fleet
from kptui.nodes.gather import Cancelled
from kptui.sources import SourceText
from kptui.sources.steps import Progress
from kptui.tui.keys import COPY_KEYS, KEYS, VIEW
from kptui.tui.nodes_app import NodesApp
from kptui.tui.screens.copy_menu import CopyMenu
from kptui.tui.tree_model import Place
from tests.hostile.dump import ACTS, KUBE, hidden, hostile_dump
from tests.hostile.test_explorer import SIZE, dump, seen
from tests.tui.driving import main, opened, press, settle
from tests.tui.test_live import later, watching

__all__ = ["dump"]
ALL = "".join(ACTS.values())
TEXT = hostile_dump(ALL)
COMPLAINT = SourceError(f"The host says {ALL}.")
CONNECTIONS = (
    f"tcp 6 9 ESTABLISHED src=203.0.113.9 dst=10.96.0.9 sport=1 dport=80 src=10.42.0.9 dst=203.0.113.9 sport=80 "
    f"dport=1 mark=0 helper={ALL[:9]}\n"
)
VIEWS = [key.keys.partition(",")[0] for key in KEYS if key.action.startswith("view(")]


def fleet() -> Fleet:
    """Nodes whose names act, with rules that do; one differs, one is not read."""

    def read(name: str, cancelled: Cancelled, progress: Progress) -> SourceText:
        if name.endswith("3"):
            raise COMPLAINT
        return SourceText(name, TEXT if name.endswith("1") else TEXT.replace("30080", "30081"))

    return Fleet([f"node{ALL}{number}" for number in (1, 2, 3)], read)


@asynccontextmanager
async def nodes() -> AsyncIterator[Pilot[None]]:
    async with NodesApp(fleet()).run_test(size=SIZE) as pilot:
        await settle(pilot)
        yield pilot


async def test_in_the_nodes_view_and_what_differs_between_them() -> None:
    async with nodes() as pilot:
        assert "node\\x1b[2J" in seen(pilot)
        for key in ("j", "j", "k", "p", "d", "down", "enter", "m", "k", "enter", "s", "enter", "d", "enter"):
            await press(pilot, key)
            seen(pilot)


@pytest.mark.parametrize("key", VIEWS)
async def test_in_every_view_of_a_running_host_whose_rules_change_and_that_then_complains(key: str) -> None:
    changed = TEXT.replace("30080", "30081").replace("--log-prefix", "--log-level 3 --log-prefix")
    async with watching(TEXT, changed, COMPLAINT, size=SIZE, conntrack=CONNECTIONS) as (pilot, reader):
        main(pilot).go(Place("nat", f"KUBE-SVC-{KUBE}", 1))
        await later(pilot, reader)
        await press(pilot, key)
        seen(pilot)
        await later(pilot, reader)
        seen(pilot)
        await press(pilot, "down", "enter")
        seen(pilot)


async def test_a_host_that_never_answers() -> None:
    async with watching(COMPLAINT, size=SIZE) as (pilot, _):
        assert "\\x1b" in seen(pilot)


@pytest.mark.parametrize("to_file", [False, True])
async def test_what_is_copied(to_file: bool, dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into the clipboard, or a file of a fixed name; a picture is an image, without a link or a script in it."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    async with opened(dump, size=SIZE, local=("192.168.50.10",)) as pilot:
        main(pilot).go(Place("nat", "KUBE-SERVICES", 1))
        await press(pilot, "t", "enter")
        for key in (each.keys for each in COPY_KEYS if each.action.startswith("take(")):
            await press(pilot, "y", *(["w"] if to_file else []))
            seen(pilot)
            await press(pilot, key)
            seen(pilot)
            assert hidden(pilot.app.clipboard) == set()
            if isinstance(pilot.app.screen, CopyMenu):  # there is no such thing to copy here
                await press(pilot, "escape")
    written = list((tmp_path / "here").iterdir())
    assert {path.suffix for path in written} >= ({".txt", ".json", ".mmd", ".svg"} if to_file else {".svg"})
    for path in written:
        assert path.name.startswith("kptui-")
        assert hidden(path.read_text()) == set()
        if path.suffix == ".svg":
            tags = {each.tag.rpartition("}")[2] for each in ElementTree.parse(path).iter()}
            assert not tags & {"a", "script", "image", "foreignObject", "use"}


def test_every_view_is_looked_at() -> None:
    assert {"s", "p", "i", "c", "b", "f", "d", "m"} <= set(VIEWS)
    assert len(VIEWS) == len([key for key in KEYS if key.group == VIEW and key.action.startswith("view(")])
