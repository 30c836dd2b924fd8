"""The pane of text: it fits its width, has a bar where it is longer, and is laid out again when the room changes."""

from __future__ import annotations

from kptui.tui.themes import THEMES
from kptui.tui.tree_model import Place
from kptui.tui.widgets.rule_detail import RuleDetail
from tests.tui.driving import main, opened, press, settle, text

SERVICE = Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5", 1)


def shown(detail: RuleDetail) -> str:
    """Its lines, put together again."""
    return " ".join("".join(line.text for line in detail.lines).split())


async def test_a_text_longer_than_the_pane_has_a_bar_and_can_be_read_to_its_end() -> None:
    async with opened(size=(80, 24)) as pilot:
        screen = main(pilot)
        screen.go(SERVICE)
        await settle(pilot)
        detail = screen.query_one(RuleDetail)
        assert detail.show_vertical_scrollbar
        assert max(line.cell_length for line in detail.lines) <= detail.scrollable_content_region.width
        detail.focus()
        await press(pilot, "end")
        assert detail.scroll_offset.y == len(detail.lines) - detail.scrollable_content_region.height
        # Another text is shown from its beginning, this one too.
        screen.go(Place(SERVICE.table, SERVICE.chain, 2))
        await settle(pilot)
        assert detail.scroll_offset.y == 0


async def test_with_other_room_it_is_laid_out_again() -> None:
    async with opened(size=(200, 50)) as pilot:
        screen = main(pilot)
        screen.go(SERVICE)
        await settle(pilot)
        detail = screen.query_one(RuleDetail)
        wide = len(detail.lines)
        assert "not from 10.42.0.0/24" in shown(detail)
        await pilot.resize_terminal(100, 50)
        await settle(pilot)
        assert len(detail.lines) > wide
        assert max(line.cell_length for line in detail.lines) <= detail.scrollable_content_region.width
        assert "not from 10.42.0.0/24" in text(pilot, "#detail")


async def test_another_theme_dresses_it() -> None:
    async with opened() as pilot:
        screen = main(pilot)
        screen.go(SERVICE)
        await settle(pilot)
        seen = []
        for theme in list(THEMES)[:2]:
            pilot.app.theme = theme
            await settle(pilot)
            seen.append(list(screen.query_one(RuleDetail).lines[0]))
        assert seen[0][0].text == seen[1][0].text
        assert seen[0][0].style != seen[1][0].style
