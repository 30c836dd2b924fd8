"""No text of a dump acts in the explorer: not on the terminal, not as markup, in no pane, view or message."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from kptui.tracing import Session
from kptui.tui.app import Kptui
from kptui.tui.tree_model import Place
from tests.hostile.dump import ACTS, KUBE, SEP, hidden, hostile_dump
from tests.support import sample
from tests.tui.driving import main, opened, press, settle, write

ALL = "".join(ACTS.values())
USER = f"user{ALL[:9]}"
SIZE = (160, 50)


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / "dump"
    path.write_bytes(hostile_dump(ALL).encode("utf-8", "surrogateescape"))
    return path


def seen(pilot: Pilot[None]) -> str:
    """The screen's text, after a look at every character and style of it."""
    lines = []
    for strip in pilot.app.screen._compositor.render_strips():
        for segment in strip:
            assert hidden(segment.text) == set(), segment.text
            if segment.style is not None:
                assert segment.style.link is None
                assert "quit" not in str(segment.style.meta.get("@click", ""))
        lines.append("".join(segment.text for segment in strip))
    for notification in pilot.app._notifications:
        assert hidden(str(notification.message)) == set()
    assert pilot.app.is_running
    return "\n".join(lines)


async def test_in_panes_and_messages(dump: Path) -> None:
    async with opened(dump, size=SIZE) as pilot:
        assert "boo[/]" in seen(pilot) or "\\x1b[2J" in seen(pilot)
        places = [("nat", "KUBE-SERVICES", rule) for rule in (1, 2)]
        places += [("nat", f"KUBE-SVC-{KUBE}", 1), ("nat", SEP, 2), ("filter", USER, 1)]
        places += [("filter", "FORWARD", rule) for rule in (1, 3, 6, 9)]
        for place in places:
            main(pilot).go(Place(*place))
            await pilot.pause()
            assert "\\x1b" in seen(pilot)
        await press(pilot, "y")
        assert "\\x1b" in seen(pilot)
        await press(pilot, "y")
        assert hidden(pilot.app.clipboard) == set()  # what is pasted into a terminal is typed there
        assert "\\x1b" in pilot.app.clipboard
        dump.unlink()
        await press(pilot, "r")
        seen(pilot)


async def test_in_a_trace_and_its_form(dump: Path) -> None:
    async with opened(dump, size=SIZE, local=("192.168.50.10",)) as pilot:
        main(pilot).go(Place("nat", "KUBE-SERVICES", 1))
        await press(pilot, "t")
        seen(pilot)
        await press(pilot, "enter")
        for key in ("o", "n", "n", "enter"):
            await press(pilot, key)
            seen(pilot)


@pytest.mark.parametrize("key", ["s", "p", "w", "d", "question_mark"])
async def test_in_views(key: str, dump: Path) -> None:
    async with opened(dump, size=SIZE) as pilot:
        main(pilot).go(Place("filter", USER, 1))
        await press(pilot, key)
        seen(pilot)
        await press(pilot, "down", "enter")
        seen(pilot)


async def test_in_traces_side_by_side(dump: Path) -> None:
    other = dump.parent / "[b]x"
    other.write_bytes(dump.read_bytes())
    async with opened(dump, size=SIZE, local=("192.168.50.10",)) as pilot:
        main(pilot).go(Place("nat", "KUBE-SERVICES", 1))
        await press(pilot, "t", "enter")
        main(pilot).before = str(other)
        await press(pilot, "equals_sign")
        seen(pilot)
        await press(pilot, "enter")
        assert "[b]x" in seen(pilot)
        for _ in range(8):
            await press(pilot, "down")
            seen(pilot)


async def test_in_marks_and_copies_of_a_table(dump: Path) -> None:
    async with opened(dump, size=SIZE) as pilot:
        main(pilot).go(Place("filter", USER, 1))
        await press(pilot, "M", "a")
        seen(pilot)
        await press(pilot, "apostrophe")
        assert "\\x1b" in seen(pilot)
        await press(pilot, "escape", "s", "y")
        seen(pilot)
        await press(pilot, "a")
        assert hidden(pilot.app.clipboard) <= {"\t"}


async def test_in_the_search_and_the_palette(dump: Path) -> None:
    async with opened(dump, size=SIZE) as pilot:
        await press(pilot, "slash")
        await write(pilot, "boo")
        await press(pilot, "enter")
        assert "boo" in seen(pilot)
        await press(pilot, "escape", "ctrl+p")
        await write(pilot, "user")
        await settle(pilot)
        seen(pilot)


async def test_in_differences(dump: Path) -> None:
    app = Kptui(Session.open(sample("nginx-nodeport")), before=str(dump))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        for _ in range(3):
            await press(pilot, "down")
            seen(pilot)
