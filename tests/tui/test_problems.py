"""The Problems view: findings with the worst first, what they mean, and the way to the rule."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest

from kptui.kubernetes.checks import CHECKS, Finding, Looking
from kptui.tracing import Session
from kptui.tui.screens.problems import ProblemsScreen
from kptui.tui.tree_model import Place
from kptui.tui.widgets.table_list import TableList
from tests.tui.driving import main, opened, press, row, rows, screen_lines, write

CHECKED = Path(__file__).parents[1] / "kubernetes" / "checks"
UNEVEN = CHECKED / "uneven-shares" / "fires.txt"


async def test_p_shows_what_was_found_the_worst_first(tmp_path: Path) -> None:
    dump = tmp_path / "both.txt"
    lost = (CHECKED / "dnat-to-nowhere" / "fires.txt").read_text()
    dump.write_text((CHECKED / "duplicate-rule" / "fires.txt").read_text() + lost)
    async with opened(dump) as pilot:
        await press(pilot, "p")
        assert isinstance(pilot.app.screen, ProblemsScreen)
        found = [line.split()[:4] for line in rows(pilot.app.screen.query_one(TableList))]
        assert [line[:2] + line[3:] for line in found] == [
            ["✗", "error", "dnat-to-nowhere"],
            ["!", "warning", "duplicate-rule"],
        ]
        assert "1 error · 1 warning" in screen_lines(pilot)[0]


async def test_the_selected_one_is_told_with_its_rule_and_what_to_look_at() -> None:
    async with opened(UNEVEN) as pilot:
        await press(pilot, "p")
        shown = "\n".join(screen_lines(pilot))
        for words in (
            "10.42.0.199:80 75 %",
            "25: -A KUBE-SVC-OVTWZ4GROBJZO4C5",
            "kubectl get endpointslices",
            "1/(n-i)",
        ):
            assert words in shown


async def test_enter_goes_to_the_rule_and_back_is_back() -> None:
    async with opened(UNEVEN) as pilot:
        await press(pilot, "p", "enter")
        assert pilot.app.screen is main(pilot)
        assert main(pilot).navigation.place == Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5", 2)
        await press(pilot, "left_square_bracket")
        assert main(pilot).navigation.place == Place("nat", "KUBE-SERVICES")


async def test_a_healthy_dump_says_so() -> None:
    async with opened() as pilot:
        await press(pilot, "p")
        assert f"No problem found: {len(CHECKS)} checks looked for one." in "\n".join(screen_lines(pilot))
        await press(pilot, "enter", "escape")
        assert pilot.app.screen is main(pilot)


async def test_what_could_not_be_read_is_there_too() -> None:
    async with opened(CHECKED / "unread-line" / "fires.txt") as pilot:
        await press(pilot, "p")
        assert "unread-line" in row(pilot.app.screen.query_one(TableList))
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, ProblemsScreen)
    async with opened(CHECKED / "unreadable-rule" / "fires.txt") as pilot:
        await press(pilot, "p")
        assert "unreadable-rule" in row(pilot.app.screen.query_one(TableList))


async def test_until_all_is_found_it_says_that_it_is_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def load(screen: ProblemsScreen) -> list[object]:
        said.append(screen.rows.waiting)
        return []

    monkeypatch.setattr(ProblemsScreen, "load", load)
    async with opened() as pilot:
        await press(pilot, "p")
    assert said == ["looking …"]


async def test_filter_and_order() -> None:
    async with opened("no-endpoints.txt") as pilot:
        await press(pilot, "p", "slash")
        await write(pilot, "collector")
        assert len(rows(pilot.app.screen.query_one(TableList))) == 1
        await press(pilot, "enter", "escape", "o", "O")
        assert [line.split()[2] for line in rows(pilot.app.screen.query_one(TableList))] == ["44", "43"]


async def test_the_text_of_a_dump_is_no_markup_and_no_escape(tmp_path: Path) -> None:
    dump = tmp_path / "evil.txt"
    text = (CHECKED / "shadowed-rule" / "fires.txt").read_text()
    dump.write_text(
        text.replace("-s 10.0.0.0/9 -p", '-m comment --comment "[/x][@click=quit]\x1b[2J" -s 10.0.0.0/9 -p')
    )
    async with opened(dump, size=(200, 50)) as pilot:
        await press(pilot, "p")
        assert "\x1b" not in "\n".join(screen_lines(pilot))
        assert len(rows(pilot.app.screen.query_one(TableList))) == 1


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_what_it_is_about_has_room(size: tuple[int, int]) -> None:
    async with opened(UNEVEN, size=size) as pilot:
        await press(pilot, "p")
        assert "2 endpoints, but not 50 % each" in screen_lines(pilot)[4]


async def test_a_long_search_says_how_far_it_is_and_esc_ends_it_with_what_was_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow, begun, whole = Event(), Event(), Session.look_for_problems

    def look(session: Session, looking: Looking) -> list[Finding]:
        if not slow.is_set():
            looking.share = 0.43
            begun.set()
            while not looking.ended:
                slow.wait(0.01)
            slow.set()
        return whole(session, looking)

    monkeypatch.setattr(Session, "look_for_problems", look)
    async with opened(CHECKED / "dnat-to-nowhere" / "fires.txt") as pilot:
        await pilot.press("p")
        screen = pilot.app.screen
        assert isinstance(screen, ProblemsScreen)
        while not begun.is_set() or "43" not in screen.rows.waiting:
            await pilot.pause(0.01)
        assert "looking … 43% · esc ends it and shows what has been found" in "\n".join(screen_lines(pilot))
        await press(pilot, "escape")
        assert pilot.app.screen is screen
        assert "incomplete" in screen_lines(pilot)[0]
        assert "Problems · incomplete, ended at 43%: p looks again" in "\n".join(screen_lines(pilot))
        assert "holds together" not in "\n".join(screen_lines(pilot))
        await press(pilot, "p")
        assert "incomplete" not in "\n".join(screen_lines(pilot))
        assert "dnat-to-nowhere" in row(screen.query_one(TableList))
        await press(pilot, "escape")
        assert len(pilot.app.screen_stack) == 2


async def test_who_goes_elsewhere_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Looking] = []

    def look(session: Session, looking: Looking) -> list[Finding]:
        asked.append(looking)
        while not looking.ended:
            Event().wait(0.01)
        return []

    monkeypatch.setattr(Session, "look_for_problems", look)
    async with opened() as pilot:
        await pilot.press("p")
        while not asked:
            await pilot.pause(0.01)
        await press(pilot, "C")
        assert pilot.app.screen is main(pilot)
        assert asked[0].ended
