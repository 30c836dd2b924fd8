"""Marks: set by a letter, listed, gone to; they find their rule again after a re-read, and say when it is no more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from textual.events import Key
from textual.pilot import Pilot

from kptui.loading import parse
from kptui.sources import SourceText
from kptui.tui.bookmarks import Bookmark
from kptui.tui.screens.mark_menu import MarkMenu
from kptui.tui.tree_model import Place
from kptui.tui.widgets.menu_lines import MenuLines
from tests.tui.driving import SAMPLES, main, opened, press, said, screen_lines, settle
from tests.tui.fleets import app as nodes

RULE = Place("nat", "KUBE-SEP-ZGUCVTBPJNCW75NN", 2)
CHAIN = Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5")


async def mark(pilot: Pilot[None], place: Place, letter: str) -> None:
    """Mark a place."""
    main(pilot).go(place)
    await press(pilot, "M", letter)


def here(pilot: Pilot[None]) -> Place | None:
    """Where one is."""
    return main(pilot).navigation.place


async def test_a_mark_is_set_listed_and_gone_to_with_a_way_back() -> None:
    async with opened() as pilot:
        await press(pilot, "apostrophe")
        assert "No mark is set" in said(pilot)
        await mark(pilot, RULE, "a")
        await mark(pilot, CHAIN, "7")
        main(pilot).go(Place("filter", "FORWARD", 1))
        await press(pilot, "apostrophe")
        seen = "\n".join(screen_lines(pilot))
        assert "a  nat KUBE-SEP-ZGUCVTBPJNCW75NN 2  -A KUBE-SEP-ZGUC" in seen
        assert "7  nat KUBE-SVC-OVTWZ4GROBJZO4C5    default/nginx:80-80" in seen
        await press(pilot, "a")
        assert here(pilot) == RULE
        await press(pilot, "left_square_bracket")
        assert here(pilot) == Place("filter", "FORWARD", 1)


async def test_a_letter_without_a_mark_is_told_and_escape_does_nothing() -> None:
    async with opened() as pilot:
        await mark(pilot, RULE, "a")
        main(pilot).go(CHAIN)
        await press(pilot, "apostrophe", "b")
        assert "There is no mark b" in said(pilot)
        await press(pilot, "apostrophe", "exclamation_mark")
        assert isinstance(pilot.app.screen, MarkMenu)
        await press(pilot, "escape", "M", "escape")
        assert here(pilot) == CHAIN
        assert set(main(pilot).bookmarks) == {"a"}


async def test_a_mark_finds_its_rule_after_a_re_read_and_says_when_it_is_no_more(tmp_path: Path) -> None:
    dump = tmp_path / "rules.txt"
    shutil.copy(SAMPLES / "nginx-nodeport.txt", dump)
    async with opened(dump) as pilot:
        await mark(pilot, RULE, "a")
        await mark(pilot, Place("nat", "KUBE-SERVICES", 1), "b")
        text = dump.read_text()
        first = next(line for line in text.splitlines() if line.startswith("-A KUBE-SERVICES"))
        before = "-A KUBE-SEP-ZGUCVTBPJNCW75NN -s"
        text = text.replace(f"{first}\n", "").replace(before, f"-A KUBE-SEP-ZGUCVTBPJNCW75NN -j LOG\n{before}")
        dump.write_text(text)
        await press(pilot, "r")
        await press(pilot, "apostrophe")
        assert "no more" in "\n".join(screen_lines(pilot))
        await press(pilot, "a")
        assert here(pilot) == Place("nat", "KUBE-SEP-ZGUCVTBPJNCW75NN", 3)
        await press(pilot, "apostrophe", "b")
        assert here(pilot) == Place("nat", "KUBE-SERVICES")
        assert "The rule of mark b is no more" in said(pilot)


async def test_who_types_faster_than_the_menu_opens_gets_what_was_meant() -> None:
    async with opened() as pilot:
        main(pilot).go(RULE)
        await pilot.pause()
        for key in ("M", "a", "y", "y"):
            pilot.app.post_message(Key(key, key))
        await settle(pilot)
        assert main(pilot).bookmarks["a"].place == RULE
        assert pilot.app.clipboard.startswith("-A KUBE-SEP-ZGUC")
        assert pilot.app.screen is main(pilot)


async def test_a_click_on_a_mark_goes_there() -> None:
    async with opened() as pilot:
        await mark(pilot, RULE, "a")
        main(pilot).go(CHAIN)
        await press(pilot, "apostrophe")
        await pilot.click(MenuLines, offset=(3, 0))
        await settle(pilot)
        assert here(pilot) == RULE


async def test_marks_come_along_to_another_node() -> None:
    app = nodes()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        await mark(pilot, RULE, "a")
        await press(pilot, "m", "j", "enter")
        assert main(pilot).session.source == "kubectl:prod/n2"
        await press(pilot, "apostrophe", "a")
        assert here(pilot) == RULE


@pytest.mark.parametrize(
    ("place", "text", "found"),
    [
        (Place("filter", "A", 5), "-A A -j ACCEPT", (Place("filter", "A", 4), True)),
        (Place("filter", "A", 1), "-A A -j ACCEPT", (Place("filter", "A", 2), True)),
        (Place("filter", "A", 1), "-A A -j REJECT", (Place("filter", "A"), False)),
        (Place("filter", "B", 1), "-A B -j DROP", (Place("filter"), False)),
        (Place("filter", "B"), "", (Place("filter"), False)),
        (Place("filter"), "", (Place("filter"), True)),
        (Place("nat", "A", 1), "-A A -j DROP", (None, False)),
    ],
)
def test_where_a_mark_is_now(place: Place, text: str, found: tuple[Place | None, bool]) -> None:
    rules = (
        "*filter\n:A - [0:0]\n[1:60] -A A -j DROP\n[2:80] -A A -j ACCEPT\n-A A -j LOG\n[3:9] -A A -j ACCEPT\nCOMMIT\n"
    )
    assert Bookmark(place, text).now(parse(SourceText("rules", rules))) == found
