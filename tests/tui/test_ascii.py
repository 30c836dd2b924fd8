"""--ascii: no sign, frame, bar or number that is not ASCII, on no screen, and nothing is moved by it."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.text import Text

from kptui.commands import shared
from kptui.commands.shared import settings_in
from kptui.tracing import Session
from kptui.tui.app import Kptui
from kptui.tui.settings.fields import Settings
from kptui.tui.signs import ASCII, plain, row_in_ascii
from tests.tui.driving import SAMPLES, press, screen_lines, settle, trace_nginx, write
from tests.tui.fleets import app as nodes
from tests.tui.screens_of import SCREENS


def explorer(source: Path, ascii: bool | None = True) -> Kptui:
    return Kptui(Session.open(str(source)), settings=Settings(ascii=ascii))


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
@pytest.mark.parametrize("screen", SCREENS)
async def test_every_screen_is_ascii(screen: str, size: tuple[int, int]) -> None:
    source, come_there = SCREENS[screen]
    async with explorer(SAMPLES / source).run_test(size=size, notifications=True) as pilot:
        await settle(pilot)
        await come_there(pilot)
        for line in screen_lines(pilot):
            assert line.isascii(), line
            assert len(line) == size[0]


async def test_the_commands_are_ascii_too() -> None:
    async with explorer(SAMPLES / "kube-dns.txt").run_test(size=(100, 30)) as pilot:
        await press(pilot, "ctrl+p")
        await write(pilot, "dns")
        for _ in range(20):
            await settle(pilot)
        seen = screen_lines(pilot)
        assert any("KUBE-SVC" in line for line in seen)
        assert all(line.isascii() for line in seen)


async def test_nodes_are_ascii() -> None:
    app = nodes(settings=Settings(ascii=True))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert all(line.isascii() for line in screen_lines(pilot))


async def test_hops_are_numbers_in_parentheses_and_columns_stay_where_they_are() -> None:
    lines = {}
    for ascii in (True, False):
        async with explorer(SAMPLES / "nginx-nodeport.txt", ascii).run_test(size=(160, 50)) as pilot:
            await settle(pilot)
            await trace_nginx(pilot)
            await press(pilot, "o", "n", "n")
            lines[ascii] = screen_lines(pilot)
    assert any("(3) 1" in line for line in lines[True])
    assert any("(3) on the path" in line for line in lines[True])
    for plainly, drawn in zip(lines[True][1:-1], lines[False][1:-1], strict=True):
        # Past the hops each cell is where it was.
        frames = [at for at, char in enumerate(drawn) if char == "│"]
        assert all(plainly[at] == "|" for at in frames), (plainly, drawn)


async def test_what_is_the_dumps_own_stays(tmp_path: Path) -> None:
    dump = tmp_path / "rules.txt"
    dump.write_text('*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m comment --comment "größe 日本" -j DROP\nCOMMIT\n')
    async with explorer(dump).run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "right", "down")
        seen = "\n".join(screen_lines(pilot))
        assert "größe 日本" in seen
        assert {char for char in seen if not char.isascii()} == set("öß日本")
        assert {cell_len(line) for line in screen_lines(pilot)} == {100}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("  ①5 tcp → x", "(1)5 tcp → x"),
        ("① 5 → x", "(1) 5 → x"),
        ("①     5 → x", "(1)   5 → x"),
        (" ⑫ PREROUTING", "(12) PREROUTING"),
        ("③⑨    → x", "(3)(9) → x"),
        ("no hop  here", "no hop  here"),
    ],
)
def test_a_hops_number_takes_its_room_from_the_spaces_beside_it(row: str, told: str) -> None:
    assert row_in_ascii(Text(row)).plain == told


def test_a_hops_number_keeps_its_style() -> None:
    found = row_in_ascii(Text.assemble(("① ", "bold"), "5 x"))
    assert found.plain == "(1) 5 x"
    assert str(found.spans[0]) == "Span(0, 3, 'bold')"


def test_each_sign_is_as_wide_as_it_was() -> None:
    for sign in ASCII:
        assert plain(sign).isascii()
        assert len(plain(sign)) == cell_len(sign)


def test_what_a_terminal_of_another_encoding_lacks_is_a_question_mark_of_the_same_width() -> None:
    assert plain("größe → 日本", "latin-1") == "größe > ????"
    assert plain("größe → 日本", "ascii") == "gr??e > ????"
    assert plain("größe", "no-such-encoding") == "gr??e"


@pytest.mark.parametrize(
    ("told", "encoding", "flag", "ascii"),
    [
        ("", "utf-8", False, None),
        ("", "utf-8", True, True),
        ("ascii = true", "utf-8", False, True),
        ("", "iso8859-1", False, True),
        ("ascii = false", "iso8859-1", False, False),
        ("ascii = false", "utf-8", True, True),
    ],
)
def test_the_option_wins_over_the_settings_and_these_over_the_encoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, encoding: str, flag: bool, ascii: bool | None
) -> None:
    (tmp_path / "config.toml").write_text(told)
    monkeypatch.setattr(shared, "_encoding", lambda: encoding)
    assert settings_in(str(tmp_path / "config.toml"), None, flag).ascii == ascii
