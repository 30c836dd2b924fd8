"""Help, palette, re-reading, quitting, odd dumps and small terminals."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from textual.pilot import Pilot

from kptui.tui.screens.help import HelpScreen
from kptui.tui.tree_model import Place
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.trace_panel import OutcomeList
from tests.tui.driving import SAMPLES, main, opened, press, rows, screen_lines, settle, trace_nginx, write


async def test_the_help_names_every_key_and_escape_closes_it() -> None:
    async with opened(size=(120, 130)) as pilot:
        await press(pilot, "question_mark")
        assert isinstance(pilot.app.screen, HelpScreen)
        seen = "\n".join(screen_lines(pilot))
        for words in ("Trace a packet", "Search: words, /regex/", "Back to where the last jump", "Leave.", "goto"):
            assert words in seen
        await press(pilot, "escape")
        assert not isinstance(pilot.app.screen, HelpScreen)


async def test_the_palette_goes_to_a_chain_by_its_services_name() -> None:
    async with opened() as pilot:
        await press(pilot, "ctrl+p")
        await write(pilot, "svc default/nginx")
        await _palette_settles(pilot)
        await press(pilot, "down", "enter")
        assert main(pilot).navigation.place == Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5")


async def _palette_settles(pilot: Pilot[None]) -> None:
    for _ in range(20):
        await settle(pilot)


async def test_q_quits() -> None:
    async with opened() as pilot:
        await pilot.press("q")
        await pilot.pause()
        assert not pilot.app.is_running or pilot.app._exit


async def test_reading_again_keeps_place_folds_and_trace(tmp_path: Path) -> None:
    dump = tmp_path / "rules.txt"
    shutil.copy(SAMPLES / "nginx-nodeport.txt", dump)
    async with opened(dump) as pilot:
        await trace_nginx(pilot)
        screen = main(pilot)
        screen.go(Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5", 2))
        await pilot.pause()
        lines = [line for line in dump.read_text().splitlines() if "10.42.0.200" not in line]
        text = "\n".join(lines).replace(
            " -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-ZGUC", " -j KUBE-SEP-ZGUC"
        )
        dump.write_text(text + "\n")
        await press(pilot, "r")
        assert screen.navigation.place == Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5", 2)
        assert screen.query_one(ChainTree).model.is_open(Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5"))
        assert rows(screen.query_one(OutcomeList)) == [" ✓ all ⇒ 10.42.0.199:80 masq"]


async def test_a_place_that_is_gone_becomes_what_it_lay_in(tmp_path: Path) -> None:
    dump = tmp_path / "rules.txt"
    shutil.copy(SAMPLES / "nginx-nodeport.txt", dump)
    async with opened(dump) as pilot:
        main(pilot).go(Place("nat", "KUBE-SEP-UIOQG3KKGTPDCR56", 2))
        await pilot.pause()
        kept = [line for line in dump.read_text().splitlines() if "KUBE-SEP-UIOQ" not in line]
        dump.write_text("\n".join(kept) + "\n")
        await press(pilot, "r")
        assert main(pilot).navigation.place == Place("nat")


async def test_a_source_that_is_gone_is_said_and_the_old_rules_stay(tmp_path: Path) -> None:
    dump = tmp_path / "rules.txt"
    shutil.copy(SAMPLES / "nginx-nodeport.txt", dump)
    async with opened(dump) as pilot:
        dump.unlink()
        await press(pilot, "r")
        said = [notification.message for notification in pilot.app._notifications]
        assert any("There is no file" in message and "as before" in message for message in said)
        assert len(rows(main(pilot).query_one(ChainTree))) > 20


async def test_text_of_a_dump_is_shown_as_it_is_and_never_acts() -> None:
    async with opened("hostile-comment.txt", size=(200, 50)) as pilot:
        seen = "\n".join(screen_lines(pilot))
        assert "[/x] [@click=app.quit]boo[/]\\x1b[2J\\x1b]0;x\\x07" in seen
        assert "\x1b" not in seen
        assert "[bold]not-bold[/bold]" in seen
        for number in range(1, 11):
            main(pilot).go(Place("filter", "INPUT", number))
            await pilot.pause()
            assert "\x1b" not in "\n".join(screen_lines(pilot))
        main(pilot).go(Place("filter", "[bold]not-bold[/bold]", 1))
        await pilot.pause()
        assert "[red]in a chain with markup in its name[/red]" in "\n".join(screen_lines(pilot))
        assert "[bold]not-bold[/bold]" in "\n".join(screen_lines(pilot))


async def test_a_chains_name_is_no_markup_in_the_palette_either() -> None:
    async with opened("hostile-comment.txt") as pilot:
        await press(pilot, "ctrl+p")
        await write(pilot, "not-bold")
        await _palette_settles(pilot)
        assert "[bold]not-bold[/bold]" in "\n".join(screen_lines(pilot))


async def test_a_rule_that_could_not_be_read_keeps_its_place_and_is_counted(tmp_path: Path) -> None:
    dump = tmp_path / "rules.txt"
    dump.write_text(
        "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -j DROP\n-A INPUT -s -j DROP\n-A INPUT -j ACCEPT\nCOMMIT\n"
    )
    async with opened(dump) as pilot:
        assert "1 line with problems" in screen_lines(pilot)[0]
        main(pilot).go(Place("filter", "INPUT", 2))
        await pilot.pause()
        seen = "\n".join(screen_lines(pilot))
        assert "could not be read" in seen
        assert "expected" in seen


async def test_an_empty_dump_opens() -> None:
    path = Path(__file__).parent / "empty.txt"
    async with opened(path, size=(80, 24)) as pilot:
        shown = rows(main(pilot).query_one(ChainTree))
        assert [line.split()[0] for line in shown] == ["▾", "INPUT", "FORWARD", "OUTPUT"]
        await press(pilot, "down", "enter", "t", "escape", "n", "o", "y")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50), (60, 15)])
async def test_no_line_is_wider_than_the_terminal_and_the_keys_are_always_named(size: tuple[int, int]) -> None:
    async with opened(size=size) as pilot:
        await trace_nginx(pilot)
        lines = screen_lines(pilot)
        assert len(lines) == size[1]
        assert "? Help" in lines[-1]
        assert "q Quit" in lines[-1]
