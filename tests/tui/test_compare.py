"""Comparing traces: with another source, another node, an earlier packet; every line, the steps between differences."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from kptui.tui.screens.ask_other import AskOther
from kptui.tui.screens.compare import CompareScreen
from kptui.tui.screens.nodes import NodesScreen
from kptui.tui.tree_model import Place
from kptui.tui.widgets.choices import Choices
from tests.tui.driving import SAMPLES, main, opened, press, said, screen_lines, settle, trace_nginx, write
from tests.tui.fleets import app as nodes


@pytest.fixture
def yesterday(tmp_path: Path) -> Path:
    """The sample with another endpoint."""
    text = (SAMPLES / "nginx-nodeport.txt").read_text()
    path = tmp_path / "yesterday.txt"
    path.write_text(text.replace("10.42.0.200", "10.42.0.201").replace("UIOQG3KKGTPDCR56", "AAAAAAAAAAAAAAAA"))
    return path


def on_top(pilot: Pilot[None]) -> type:
    """Which screen is to be seen."""
    return type(pilot.app.screen)


def lines(pilot: Pilot[None]) -> list[tuple[str, str, str]]:
    """The lines that differ: sign, before, now."""
    screen = pilot.app.screen
    assert isinstance(screen, CompareScreen)
    return [(row.sign, row.left, row.right) for row in screen.model.shown if row.sign]


async def test_without_a_trace_there_is_nothing_to_compare() -> None:
    async with opened() as pilot:
        await press(pilot, "equals_sign")
        assert "There is no trace yet" in said(pilot)


async def test_with_another_source_which_is_offered_again(yesterday: Path) -> None:
    async with opened() as pilot:
        await trace_nginx(pilot)
        await press(pilot, "equals_sign")
        assert on_top(pilot) is AskOther
        await write(pilot, str(yesterday))
        await press(pilot, "enter")
        assert on_top(pilot) is CompareScreen
        assert "2 other ends, 2 other hops" in screen_lines(pilot)[0]
        assert lines(pilot) == [
            ("-", "1/2", ""), ("+", "", "1/2"),
            ("~", "3 → 10.42.0.201:80", "3 → 10.42.0.200:80"),
            ("~", "2 ⇒ DNAT 10.42.0.201:80", "2 ⇒ DNAT 10.42.0.200:80"),
        ]  # fmt: skip
        await press(pilot, "equals_sign", "enter")
        assert on_top(pilot) is CompareScreen
        assert len(lines(pilot)) == 4
        await press(pilot, "n", "n", "n", "n", "n")
        assert "No further difference" in said(pilot)
        await press(pilot, "N", "n", "enter")
        assert main(pilot).navigation.place == Place("nat", "KUBE-SEP-UIOQG3KKGTPDCR56", 2)


async def test_a_re_read_is_traced_again_on_both_sides_where_both_are_here(yesterday: Path) -> None:
    async with opened(yesterday) as pilot:
        await trace_nginx(pilot, "10.42.0.7")
        await trace_nginx(pilot)
        await press(pilot, "equals_sign", "enter")
        assert ("+", "", "1 → KUBE-MARK-MASQ") in lines(pilot)
        before = lines(pilot)
        text = yesterday.read_text().replace(" ! -s 10.42.0.0/24 -d 10.110.199.45/32", " -d 10.110.199.45/32")
        assert text != yesterday.read_text()
        yesterday.write_text(text)
        main(pilot).action_reload()
        await settle(pilot)
        assert on_top(pilot) is CompareScreen
        assert len(lines(pilot)) < len(before)
        assert ("+", "", "1 → KUBE-MARK-MASQ") not in lines(pilot)


async def test_how_much_differs_is_told_at_sixty_columns_too(yesterday: Path) -> None:
    async with opened(size=(60, 20)) as pilot:
        await trace_nginx(pilot)
        main(pilot).before = str(yesterday)
        await press(pilot, "equals_sign", "enter")
        assert "2 other ends, 2 other hops" in "\n".join(screen_lines(pilot))


async def test_the_detail_has_both_rules_as_they_are_written(yesterday: Path) -> None:
    async with opened() as pilot:
        await trace_nginx(pilot)
        await press(pilot, "equals_sign")
        await write(pilot, str(yesterday))
        await press(pilot, "enter", "n", "n", "n", "n")
        seen = " ".join(" ".join(screen_lines(pilot)).split())
        assert "--to-destination 10.42.0.201:80" in seen
        assert "--to-destination 10.42.0.200:80" in seen


@pytest.mark.parametrize(
    ("name", "why"), [("nothere.txt", "nothere.txt"), ("-", "Standard input is the terminal here")]
)
async def test_a_source_that_cannot_be_read_is_told(name: str, why: str) -> None:
    async with opened(size=(200, 40)) as pilot:
        await trace_nginx(pilot)
        await press(pilot, "equals_sign")
        await write(pilot, name)
        await press(pilot, "enter")
        assert why in screen_lines(pilot)[3]
        await press(pilot, "enter", "n", "y", "escape", "escape")
        assert on_top(pilot) is type(main(pilot))


async def test_with_an_earlier_packet_in_the_same_rules() -> None:
    async with opened() as pilot:
        await trace_nginx(pilot, "10.42.0.7")
        await trace_nginx(pilot)
        await press(pilot, "equals_sign")
        assert "tcp 10.42.0.7 -> 10.110.199.45:80" in "\n".join(screen_lines(pilot))
        await press(pilot, "enter")
        assert ("+", "", "1 → KUBE-MARK-MASQ") in lines(pilot)
        assert "other packets" in screen_lines(pilot)[0]


async def test_nothing_is_compared_when_nobody_says_with_what() -> None:
    async with opened() as pilot:
        await trace_nginx(pilot)
        await press(pilot, "equals_sign", "enter")
        assert pilot.app.screen is main(pilot)
        await press(pilot, "equals_sign", "down", "up", "escape")
        assert pilot.app.screen is main(pilot)


async def test_with_another_node_from_the_trace_or_from_the_nodes() -> None:
    app = nodes()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "equals_sign")
        assert "Explore a node first" in said(pilot)
        await press(pilot, "enter")
        await trace_nginx(pilot)
        await press(pilot, "equals_sign")
        offered = pilot.app.screen.query_one(Choices).choices
        assert [choice.text for choice in offered] == ["n2", "n3", "n4"]
        await press(pilot, "down", "enter")
        assert "Compare: n3" in screen_lines(pilot)[2]
        assert ("+", "", "2 ⇒ DNAT 10.42.0.200:80") in lines(pilot)
        await press(pilot, "m", "j", "j", "equals_sign")
        assert "Compare: n3" in screen_lines(pilot)[2]
        await press(pilot, "m", "g", "equals_sign")
        assert on_top(pilot) is AskOther
        await press(pilot, "escape", "m")
        assert on_top(pilot) is NodesScreen


async def test_the_only_one_offered_stays_picked() -> None:
    async with opened() as pilot:
        await trace_nginx(pilot, "10.42.0.7")
        await trace_nginx(pilot)
        await press(pilot, "equals_sign", "down", "enter")
        assert on_top(pilot) is CompareScreen


async def test_a_click_on_what_is_offered_takes_it() -> None:
    async with opened() as pilot:
        await trace_nginx(pilot, "10.42.0.7")
        await trace_nginx(pilot)
        await press(pilot, "equals_sign")
        await pilot.click(Choices, offset=(4, 1))
        await settle(pilot)
        assert on_top(pilot) is CompareScreen
