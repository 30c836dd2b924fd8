"""The copy menu: every form by its key, to the clipboard or a file; nothing overwritten, nothing that acts."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest

from kptui.tui import copying
from kptui.tui.copying import own_picture, write_file
from kptui.tui.screens.copy_menu import CopyMenu
from kptui.tui.tree_model import Place
from kptui.tui.widgets.menu_lines import MenuLines
from tests.tui.driving import SAMPLES, main, opened, press, said, screen_lines, settle, trace_nginx

RULE = Place("nat", "KUBE-SEP-ZGUCVTBPJNCW75NN", 2)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of the test's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def test_the_menu_tells_what_there_is_and_where_it_goes() -> None:
    async with opened() as pilot:
        main(pilot).go(RULE)
        await press(pilot, "y")
        seen = "\n".join(screen_lines(pilot))
        assert "Copy to the clipboard" in seen
        assert "y  the rule" in seen
        assert "KUBE-SEP-ZGUCVTBPJNCW75NN, 2 rules" in seen
        assert seen.count("no trace yet: t asks") == 4
        await press(pilot, "j")
        assert "The trace as JSON: no trace yet" in said(pilot)
        await press(pilot, "w")
        assert "Write to a file" in "\n".join(screen_lines(pilot))
        await press(pilot, "escape")
        assert not isinstance(pilot.app.screen, CopyMenu)
        assert pilot.app.clipboard == ""


async def test_chains_are_copied_whole_from_a_rule_or_from_themselves() -> None:
    async with opened() as pilot:
        for place, keys in ((RULE, ("y", "c")), (RULE.parent, ("y", "y")), (RULE.parent, ("y", "c"))):
            main(pilot).go(place)
            pilot.app._clipboard = ""
            await press(pilot, *keys)
            lines = pilot.app.clipboard.splitlines()
            assert lines[0].startswith(":KUBE-SEP-ZGUCVTBPJNCW75NN")
            assert [line.split()[1] for line in lines[1:]] == ["KUBE-SEP-ZGUCVTBPJNCW75NN"] * 2
        assert "Copied the chain (3 lines)." in said(pilot)


async def test_a_trace_is_copied_in_each_form() -> None:
    async with opened() as pilot:
        await trace_nginx(pilot)
        await press(pilot, "y", "t")
        assert "10.42.0.199:80" in pilot.app.clipboard
        await press(pilot, "y", "j")
        assert json.loads(pilot.app.clipboard)["answer"] == "yes"
        await press(pilot, "y", "m")
        assert pilot.app.clipboard.startswith("flowchart TB")
        await press(pilot, "y", "k")
        words = shlex.split(pilot.app.clipboard)
        assert words[:3] == ["kptui", "trace", str(SAMPLES / "nginx-nodeport.txt")]
        assert words[words.index("--dst") + 1] == "10.110.199.45"
        assert "--reply" not in words
        await press(pilot, "R", "y", "k")
        assert pilot.app.clipboard.endswith("--reply")


async def test_to_a_file_which_is_new_and_private(here: Path) -> None:
    async with opened() as pilot:
        main(pilot).go(RULE)
        (here / "kptui-rule.txt").symlink_to(here / "elsewhere")
        await press(pilot, "y", "w", "y")
        written = here / "kptui-rule-2.txt"
        assert written.read_text().startswith("-A KUBE-SEP-ZGUCVTBPJNCW75NN")
        assert written.stat().st_mode & 0o777 == 0o600
        assert not (here / "elsewhere").exists()
        assert f"Wrote the rule to {written}." in said(pilot)
        assert pilot.app.clipboard == ""


async def test_the_picture_has_no_menu_in_it_and_fetches_nothing(here: Path) -> None:
    async with opened() as pilot:
        await press(pilot, "y", "s")
        picture = (here / "kptui-screen.svg").read_text()
        assert "KUBE-SERVICES" in picture
        assert "clipboard" not in picture
        assert "url(" not in picture.replace("url(#", "")


async def test_a_picture_that_fetches_nothing_is_what_it_was_otherwise() -> None:
    svg = '<style>\n@font-face {\n src: url("https://x/y.woff2");\n}\n.a { fill: red }</style>'
    assert own_picture(svg) == "<style>\n.a { fill: red }</style>"


async def test_a_file_that_cannot_be_written_is_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    async with opened() as pilot:
        monkeypatch.setattr(os, "open", refused)
        await press(pilot, "y", "w", "y")
        monkeypatch.undo()
        assert "can't be written: Permission denied." in said(pilot)


async def test_what_is_long_is_copied_with_a_word_of_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as pilot:
        main(pilot).go(RULE)
        await press(pilot, "y", "y")
        assert "Many terminals" not in said(pilot)
        monkeypatch.setattr("kptui.tui.screens.copy_menu.MANY", 10)
        await press(pilot, "y", "y")
        assert "Many terminals take no text as long as this: y w writes it to a file." in said(pilot)


async def test_a_table_gives_its_row_or_all_of_them() -> None:
    async with opened() as pilot:
        await press(pilot, "s", "y", "y")
        assert pilot.app.clipboard.split("\t")[:2] == ["default/kubernetes:https", "tcp/443"]
        await press(pilot, "y", "a")
        lines = pilot.app.clipboard.splitlines()
        assert lines[0].startswith("service\tport\tcluster ip")
        assert len(lines) == 6


async def test_a_click_on_a_line_does_what_its_key_does() -> None:
    async with opened() as pilot:
        main(pilot).go(RULE)
        await press(pilot, "y")
        await pilot.click(MenuLines, offset=(4, 1))
        await settle(pilot)
        assert pilot.app.clipboard.startswith(":KUBE-SEP-ZGUCVTBPJNCW75NN")


def test_there_is_an_end_to_looking_for_a_free_name(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(*_: object) -> int:
        raise FileExistsError

    monkeypatch.setattr(os, "open", taken)
    with pytest.raises(copying.UnwrittenError, match="too many files like x\\.txt"):
        write_file("x.txt", "")
    monkeypatch.undo()
