"""Every theme: each text on every screen can be read; without colours, everything is told apart all the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.color import Color
from textual.pilot import Pilot

from kptui.tracing import Session
from kptui.tui.app import Kptui
from kptui.tui.settings.fields import Settings
from kptui.tui.themes import THEMES
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.row_view import RowView
from kptui.tui.widgets.rule_list import RuleList
from tests.tui.contrast import Seen, contrast, luminance, seen, shown_as
from tests.tui.driving import SAMPLES, main, press, said, screen_lines, settle, trace_nginx
from tests.tui.screens_of import SCREENS

LEAST, LEAST_OF_HIGH = 4.5, 7.0
"""WCAG 2.2, success criteria 1.4.3 (AA) and 1.4.6 (AAA)."""


@asynccontextmanager
async def dressed(theme: str | None, source: str = "nginx-nodeport.txt") -> AsyncIterator[Pilot[None]]:
    app = Kptui(Session.open(str(SAMPLES / source)), settings=Settings(theme=theme))
    async with app.run_test(size=(140, 44)) as pilot:
        await settle(pilot)
        yield pilot


def on_top(pilot: Pilot[None]) -> list[Seen]:
    """What is on the screen that has the keys: what lies dimmed behind a dialog is not meant to be read."""
    return list(seen(pilot, None if len(pilot.app.screen.query("#form, #help, .menu")) == 0 else "#form, #help, .menu"))


@pytest.mark.parametrize("screen", SCREENS)
async def test_every_text_can_be_read_on_what_is_behind_it(screen: str) -> None:
    source, come_there = SCREENS[screen]
    async with dressed(None, source) as pilot:
        await come_there(pilot)
        for theme in THEMES:
            pilot.app.theme = theme
            await settle(pilot)
            least = LEAST_OF_HIGH if theme.startswith("high-contrast") else LEAST
            found = on_top(pilot)
            assert len(found) >= 4
            assert [(theme, each, round(each.ratio, 2)) for each in found if each.ratio < least] == []


@pytest.mark.parametrize("theme", THEMES)
def test_what_frames_and_marks_stands_out_from_the_background(theme: str) -> None:
    """Not text, so 3 to 1 (1.4.11): the frame of the pane that has the focus."""
    colors = THEMES[theme]
    assert contrast(Color.parse(colors.primary), Color.parse(colors.background)) >= 3


@pytest.mark.parametrize("theme", ["color-blind", "color-blind-light"])
@pytest.mark.parametrize("sight", ["protanopia", "deuteranopia", "tritanopia"])
def test_good_bad_and_the_path_are_told_apart_without_red_or_green_or_blue(theme: str, sight: str) -> None:
    colors = THEMES[theme]
    good, bad, path = (shown_as(Color.parse(each), sight) for each in (colors.good, colors.bad, colors.path))
    for one, other in ((good, bad), (good, path)):
        apart = sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5
        assert apart > 0.25, (one, other)


async def test_a_theme_is_a_command_and_says_how_to_keep_it() -> None:
    async with dressed(None) as pilot:
        assert pilot.app.theme == "dark"
        titles = {command.title: command for command in pilot.app.get_system_commands(pilot.app.screen)}
        assert {f"Theme: {name}" for name in THEMES} == {title for title in titles if title.startswith("Theme")}
        titles["Theme: light"].callback()
        await settle(pilot)
        assert pilot.app.theme == "light"
        assert 'theme = "light" in ' in said(pilot)


@pytest.fixture
def _no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.mark.usefixtures("_no_color")
@pytest.mark.parametrize("screen", SCREENS)
async def test_without_colors_there_are_none(screen: str) -> None:
    source, come_there = SCREENS[screen]
    async with dressed("dark", source) as pilot:
        await come_there(pilot)
        for strip in pilot.app.screen._compositor.render_strips():
            for segment in strip:
                style = segment.style
                assert style is None or style.color is None or style.color.is_default, segment
                assert style is None or style.bgcolor is None or style.bgcolor.is_default, segment


def styles(view: RowView, row: int) -> set[str]:
    """What a row's text is besides its colour: bold, reverse, underline, dim …"""
    strip = view.render_lines(view.region.reset_offset)[row + view.gutter.top + view.HEADED]
    names = ("bold", "dim", "italic", "underline", "reverse")
    texts = [each for each in strip if each.text.strip(" │┃")]
    return {name for name in names for each in texts if each.style and getattr(each.style, name)}


@pytest.mark.usefixtures("_no_color")
async def test_without_colors_cursor_focus_and_path_are_told_apart() -> None:
    async with dressed("dark") as pilot:
        tree, rules = main(pilot).query_one(ChainTree), main(pilot).query_one(RuleList)
        assert tree.has_focus
        at = tree.cursor - tree.scroll_offset.y
        assert "reverse" in styles(tree, at)
        assert "reverse" not in styles(tree, at + 1)
        assert "underline" in styles(rules, 0)
        assert not {"underline", "reverse"} & styles(rules, 1)
        assert "┏" in "".join(screen_lines(pilot)), "the pane with the focus has a heavy frame"
        await trace_nginx(pilot)
        marked = next(row for row in range(tree.row_count()) if "①" in tree.row_text(row, 60).plain)
        dim = next(row for row in range(tree.row_count()) if tree.marks and not tree.marks.holds(tree.model.at(row)))
        tree.go_to(marked)
        await settle(pilot)
        assert "dim" in styles(tree, dim - tree.scroll_offset.y)
        assert "dim" not in styles(tree, marked - tree.scroll_offset.y)


@pytest.mark.usefixtures("_no_color")
async def test_without_colors_the_field_and_the_choice_of_the_form_are_told_apart() -> None:
    async with dressed("dark") as pilot:
        await press(pilot, "t", "d", "e", "f", "down")
        assert "Packet" in reversed_(pilot)
        assert any("default/nginx" in text for text in reversed_(pilot))
        await press(pilot, "escape", "t", "shift+tab")
        assert "Node's addresses" in reversed_(pilot)
        assert "Packet" not in reversed_(pilot)


def reversed_(pilot: Pilot[None]) -> list[str]:
    strips = pilot.app.screen._compositor.render_strips()
    return [each.text.strip() for strip in strips for each in strip if each.style and each.style.reverse]


def test_the_measure_is_that_of_wcag() -> None:
    assert round(contrast(Color.parse("#000000"), Color.parse("#ffffff")), 2) == 21
    assert round(contrast(Color.parse("#777777"), Color.parse("#ffffff")), 2) == 4.48
    assert luminance(Color.parse("#ffffff").rich_color.get_truecolor()) == 1
