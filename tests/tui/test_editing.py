"""e opens the rule in the user's editor: words and never a shell, the file or a private copy, errors in a sentence."""

from __future__ import annotations

import gzip
import signal
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from kptui.tui import editor
from kptui.tui.app import Kptui
from kptui.tui.tree_model import Place
from tests.tui.driving import SAMPLES, main, opened, press, said

RULE = Place("nat", "KUBE-SEP-ZGUCVTBPJNCW75NN", 2)
LINE = 97
SAMPLE = SAMPLES / "nginx-nodeport.txt"


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been run, in an app that can step aside."""
    commands: list[list[str]] = []
    monkeypatch.setattr(editor, "run", commands.append)
    monkeypatch.setattr(Kptui, "suspend", lambda _: nullcontext())
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "vim")
    return commands


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["vim", "-R"], ["vim", "-R", "+31", "/x/y z"]),
        (["/usr/bin/nano"], ["/usr/bin/nano", "+31", "/x/y z"]),
        (["emacsclient", "-t"], ["emacsclient", "-t", "+31", "/x/y z"]),
        (["code", "--wait"], ["code", "--wait", "--goto", "/x/y z:31"]),
        (["hx"], ["hx", "/x/y z:31"]),
        (["cat"], ["cat", "/x/y z"]),
    ],
)
def test_each_family_of_editors_is_told_the_line_its_way(words: list[str], expected: list[str]) -> None:
    assert editor.command(words, Path("/x/y z"), 31) == expected
    assert editor.knows_lines(words) == any("31" in word for word in expected)


def test_a_name_like_an_option_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert editor.command(["vim"], Path("-c:!id"), 1)[-1] == str(tmp_path / "-c:!id")


def test_visual_goes_before_editor_and_words_are_taken_apart_without_a_shell() -> None:
    assert editor.editor({"VISUAL": "code --wait", "EDITOR": "vi"}) == ["code", "--wait"]
    assert editor.editor({"VISUAL": " ", "EDITOR": "'my editor' $(id); x"}) == ["my editor", "$(id);", "x"]
    with pytest.raises(editor.EditorError, match=r"\$EDITOR makes no sense"):
        editor.editor({"EDITOR": "vi 'x"})


@pytest.mark.parametrize("there", [True, False])
def test_without_either_it_is_vi_if_that_is_there(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}" if there else None)
    if there:
        assert editor.editor({}) == ["vi"]
    else:
        with pytest.raises(editor.EditorError, match="Neither"):
            editor.editor({})


async def test_a_plain_file_is_opened_itself_at_the_rules_line(ran: list[list[str]]) -> None:
    async with opened() as pilot:
        main(pilot).go(RULE)
        await press(pilot, "e")
        main(pilot).go(RULE.parent)
        await press(pilot, "e")
        assert ran == [["vim", f"+{LINE}", str(SAMPLE)], ["vim", "+63", str(SAMPLE)]]
        assert said(pilot) == ""


def _packed(path: Path) -> None:
    path.write_bytes(gzip.compress(SAMPLE.read_bytes()))


def _plain(path: Path) -> None:
    path.write_bytes(SAMPLE.read_bytes())


@pytest.mark.parametrize("write", [_packed, _plain])
async def test_what_is_packed_or_another_by_now_is_opened_as_a_private_copy(
    ran: list[list[str]], tmp_path: Path, write: Callable[[Path], None]
) -> None:
    source = tmp_path / "rules"
    write(source)
    async with opened(source) as pilot:
        if write is _plain:
            source.write_text("# another\n" + source.read_text())
        main(pilot).go(RULE)
        await press(pilot, "e", "e")
        copy = Path(ran[0][-1])
        assert copy != source
        assert copy.read_text() == SAMPLE.read_text()
        assert copy.stat().st_mode & 0o777 == 0o400
        assert copy.parent.stat().st_mode & 0o777 == 0o700
        assert "A copy of the rules as they are shown" in said(pilot)
    assert not copy.parent.exists()


async def test_an_editor_whose_lines_are_not_known_is_told_in_words(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", "xyz -a")
    async with opened() as pilot:
        main(pilot).go(RULE)
        await press(pilot, "e")
        assert ran == [["xyz", "-a", str(SAMPLE)]]
        assert f"it is line {LINE}." in said(pilot)


@pytest.mark.parametrize(
    ("chosen", "why"),
    [
        ("/no/such/editor", "/no/such/editor can't be started: No such file or directory."),
        (f"{sys.executable} -c raise(SystemExit(3))", "ended with status 3."),
        ("vi 'x", "$EDITOR makes no sense"),
    ],
)
async def test_what_goes_wrong_is_one_sentence(chosen: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Kptui, "suspend", lambda _: nullcontext())
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", chosen)
    async with opened() as pilot:
        main(pilot).go(RULE)
        await press(pilot, "e")
        assert why in said(pilot)


async def test_a_terminal_that_cannot_step_aside_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "vim")
    async with opened() as pilot:
        await press(pilot, "e")
        assert "No editor can be opened in this terminal." in said(pilot)


def test_ctrl_c_in_the_editor_ends_neither_it_nor_kptui() -> None:
    before = signal.getsignal(signal.SIGINT)
    ours = "import os; from signal import *; os.kill(os.getppid(), SIGINT); assert getsignal(SIGINT) != SIG_IGN"
    editor.run([sys.executable, "-c", ours])
    assert signal.getsignal(signal.SIGINT) is before
