"""Help for where one is: what it is, the pane's own keys first, and every key somewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from textual.pilot import Pilot

from kptui.tracing import Session
from kptui.tui.about import PANES, SCREENS
from kptui.tui.app import Kptui
from kptui.tui.keys import ALL_KEYS
from kptui.tui.screens.main import MainScreen
from kptui.tui.screens.table_screen import TableScreen
from kptui.tui.settings.fields import Settings
from kptui.tui.widgets.rule_list import RuleList
from tests.tui.driving import SAMPLES, main, opened, press, screen_lines, settle, trace_nginx
from tests.tui.fleets import app as nodes


def seen(pilot: Pilot[None]) -> str:
    """The help as running text."""
    region = pilot.app.screen.query_one("#help").content_region
    lines = (line[region.x : region.right] for line in screen_lines(pilot)[region.y : region.bottom])
    return " ".join(" ".join(lines).split())


async def test_it_begins_with_what_this_is_and_the_keys_of_the_pane() -> None:
    async with opened(size=(80, 140)) as pilot:
        await press(pilot, "question_mark")
        text = seen(pilot)
        assert "The chains of every table on the left" in text
        here, fold, trace = (
            text.index(words) for words in ("Here: Chains", "Fold or unfold.", "Trace a packet: opens")
        )
        assert here < fold < trace < text.index("Elsewhere: Views")


async def test_the_keys_that_come_first_are_those_of_the_pane_that_has_the_focus() -> None:
    async with opened(size=(80, 140)) as pilot:
        pilot.app.screen.set_focus(main(pilot).query_one(RuleList))
        await press(pilot, "question_mark")
        text = seen(pilot)
        assert "Here: Rules The selected chain's rules" in text
        assert text.index("Up one row.") < text.index("Trace a packet: opens")
        assert text.index("Elsewhere: ") < text.index("Fold or unfold.")


async def test_a_view_tells_its_own_keys_before_the_others() -> None:
    async with opened(size=(80, 140)) as pilot:
        await press(pilot, "s", "question_mark")
        text = seen(pilot)
        assert "The Services that the rules implement" in text
        assert text.index("sort by the next column") < text.index("Elsewhere: ")
        assert text.index("Elsewhere: ") < text.index("Follow a rule's jump")


async def test_each_key_is_told_once() -> None:
    async with opened(size=(200, 200)) as pilot:
        await press(pilot, "question_mark")
        text = seen(pilot)
        for key in ALL_KEYS:
            assert text.count(key.sentence) >= 1, key
        assert text.count("Fold or unfold.") == 1
        assert text.count("Search: words, /regex/") == 1


async def test_a_pane_without_keys_of_its_own_says_that_it_scrolls() -> None:
    async with opened(size=(80, 140)) as pilot:
        await press(pilot, "tab", "tab", "question_mark")
        assert "Here: Rule The selected rule or chain" in seen(pilot)
        assert "↑ ↓ Scroll." in seen(pilot)


async def test_a_key_of_the_settings_is_told_as_it_is() -> None:
    app = Kptui(Session.open(str(SAMPLES / "nginx-nodeport.txt")), settings=Settings(keys={"trace": ("x",)}))
    async with app.run_test(size=(80, 140)) as pilot:
        await settle(pilot)
        await press(pilot, "question_mark")
        assert "x Trace a packet" in seen(pilot)


@pytest.mark.parametrize("size", [(80, 24), (60, 15)])
async def test_it_can_be_read_to_its_end_where_there_is_little_room(size: tuple[int, int]) -> None:
    async with opened(size=size) as pilot:
        await trace_nginx(pilot)
        await press(pilot, "question_mark")
        assert "Help · Chains" in "\n".join(screen_lines(pilot))
        assert "esc closes" in "\n".join(screen_lines(pilot))
        await press(pilot, "j")
        first = seen(pilot)
        await press(pilot, "end")
        assert "the hop's number on the path" in seen(pilot) != first
        assert all(len(line) == size[0] for line in screen_lines(pilot))
        await press(pilot, "escape")
        assert pilot.app.screen is main(pilot)


def _subclasses(base: type[object]) -> Iterator[type[object]]:
    for each in base.__subclasses__():
        yield each
        yield from _subclasses(each)


def test_every_screen_that_has_help_says_what_it_is() -> None:
    import kptui.tui.nodes_app  # noqa: F401 - its screens are subclasses as well

    assert {each.__name__ for each in _subclasses(TableScreen)} | {MainScreen.__name__} == set(SCREENS)


async def test_every_pane_that_can_have_the_focus_is_known() -> None:
    async with opened(size=(120, 40)) as pilot:
        await trace_nginx(pilot)
        panes = {widget.id for widget in pilot.app.screen.focus_chain}
        await press(pilot, "s")
        panes |= {widget.id for widget in pilot.app.screen.focus_chain}
        assert panes | {"search-text"} == set(PANES)


async def test_nodes_have_help_of_their_own() -> None:
    async with nodes().run_test(size=(80, 140)) as pilot:
        await settle(pilot)
        await press(pilot, "question_mark")
        assert "The sources that are open" in seen(pilot)
        assert "explore its rules as they were read" in seen(pilot)
