"""What lists draw again: the rows that look different, and no others."""

from __future__ import annotations

import pytest
from rich.text import Text

from kptui.tui.themes import THEMES
from kptui.tui.tree_model import Place
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.row_view import RowView
from kptui.tui.widgets.rule_list import RuleList
from tests.tui.driving import main, opened, press, rows, settle, trace_nginx


def drawn(monkeypatch: pytest.MonkeyPatch, kind: type[RowView]) -> list[int]:
    """The rows that are put into words from now on."""
    asked: list[int] = []
    text = kind.row_text

    def noted(self: RowView, row: int, width: int) -> Text:
        asked.append(row)
        return text(self, row, width)

    monkeypatch.setattr(kind, "row_text", noted)
    return asked


def seen(view: RowView) -> str:
    """A pane as it is on the screen."""
    return "\n".join(each.text for each in view.render_lines(view.region.reset_offset))


async def test_a_cursor_that_moves_draws_the_row_it_left_and_the_one_it_came_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened() as pilot:
        tree = main(pilot).query_one(ChainTree)
        at = tree.cursor
        asked = drawn(monkeypatch, ChainTree)
        await press(pilot, "j")
        assert sorted(asked) == [at, at + 1]
        asked.clear()
        # Both have been seen with the cursor and without it by now.
        await press(pilot, "k", "j", "k")
        assert set(asked) <= {at + 1}


async def test_what_changes_the_rows_is_seen_in_rows_that_were_drawn_before() -> None:
    async with opened() as pilot:
        screen = main(pilot)
        tree = screen.query_one(ChainTree)
        screen.go(Place("nat", "KUBE-POSTROUTING"))
        await settle(pilot)
        assert "▸ KUBE-POSTROUTING" in seen(tree)
        assert "①" not in seen(tree)
        await press(pilot, "space")
        assert "▾ KUBE-POSTROUTING" in seen(tree)
        await trace_nginx(pilot)
        assert "①" in seen(tree)
        await press(pilot, "escape")
        assert "①" not in seen(tree)


async def test_another_theme_dresses_rows_that_were_drawn_before() -> None:
    async with opened() as pilot:
        tree = main(pilot).query_one(ChainTree)
        one, other = list(THEMES)[:2]
        shown = {}
        for name in (one, other, one):
            pilot.app.theme = name
            await settle(pilot)
            shown[name] = tree.render_lines(tree.region.reset_offset)[3]
        assert shown[one].text == shown[other].text
        assert list(shown[one]) != list(shown[other])


async def test_going_from_rule_to_rule_of_a_chain_leaves_the_list_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as pilot:
        screen = main(pilot)
        screen.go(Place("nat", "KUBE-SERVICES", 2))
        await settle(pilot)
        rules = screen.query_one(RuleList)
        asked = drawn(monkeypatch, RuleList)
        screen.go(Place("nat", "KUBE-SERVICES", 3))
        await settle(pilot)
        assert rules.cursor == 2
        # The row it left was seen without the cursor before the cursor came.
        assert asked == [2]
        screen.go(Place("nat", "KUBE-SERVICES"))
        assert rules.cursor == 0
        screen.go(Place("nat", "KUBE-NODEPORTS"))
        await settle(pilot)
        assert any("nginx" in each for each in rows(rules))
