"""The settings file: what it may say, what is told of what it may not, and that it does something."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from textual.binding import BindingsMap
from textual.widgets._toast import Toast

from kptui.commands.shared import settings_in
from kptui.live.opening import Opening, unread
from kptui.live.watch import Watch
from kptui.tracing import Session
from kptui.tui.app import Kptui
from kptui.tui.keys import ALL_KEYS, KEYS, Key, bindings
from kptui.tui.screens.help import HelpScreen
from kptui.tui.screens.services import ServicesScreen
from kptui.tui.settings.fields import COLUMNS, Settings
from kptui.tui.settings.file import parsed, read_settings, settings_path
from kptui.tui.settings.keymap import textual_keymap
from kptui.tui.widgets.meter_columns import COLUMNS as METER_COLUMNS
from kptui.tui.widgets.rule_list import RuleList
from tests.live.support import Told, dump
from tests.support import ROOT
from tests.tui.driving import SAMPLES, main, press, said, screen_lines, settle


def complaint(text: str) -> str:
    """The one thing that is wrong with a text."""
    (found,) = parsed(text, "config.toml").complaints
    return found


def app(settings: Settings, source: str = "kube-dns.txt") -> Kptui:
    return Kptui(Session.open(str(SAMPLES / source)), settings=settings)


def test_without_a_file_nothing_is_chosen_and_nothing_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert read_settings() == Settings()


def test_it_lies_where_the_xdg_standard_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert settings_path() == tmp_path / "kptui" / "config.toml"
    monkeypatch.setenv("HOME", str(tmp_path))
    for unusable in ("", "relative/path"):
        monkeypatch.setenv("XDG_CONFIG_HOME", unusable)
        assert settings_path() == tmp_path / ".config" / "kptui" / "config.toml"


def test_every_field_is_read() -> None:
    top = 'theme = "light"\nascii = true\ninterval = 5\ncolumns = ["B/s", "pkts"]\n'
    found = parsed(top + '[keys]\ntrace = "x"\ndown = ["down", "ctrl+n"]\n', "")
    assert found == Settings("light", True, 5.0, ("B/s", "pkts"), {"trace": ("x",), "down": ("down", "ctrl+n")})


def test_a_file_that_is_no_toml_is_told_with_its_line() -> None:
    assert complaint("interval = 5\ncolumns = [\n").startswith("config.toml, line 2: it is no TOML")
    assert "line 2" in complaint("interval = 5\ninterval == 6\n")
    assert "it is no TOML" in complaint("interval = 5\ninterval == 6\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\nintervall = 5", "line 2: intervall: there is no such field; did you mean interval? there are "),
        ('theme = "drak"', "line 1: theme: “drak” is not known; did you mean dark? it may be dark, light, "),
        ('ascii = "no"', "line 1: ascii: “no” is neither true nor false"),
        ("interval = 0", "config.toml, line 1: interval: 0 is no number of seconds from 0.2 to 3600"),
        ("interval = true", "line 1: interval: true is no number"),
        ("interval = nan", "line 1: interval: nan is no number"),
        ('interval = "5"', "line 1: interval: “5” is no number"),
        ('columns = ["pkts", "byte"]', "line 1: columns: “byte” is not known; did you mean bytes? it may be pkts, "),
        ('columns = "pkts"', "columns: “pkts” is no list; it may be a list of pkts, bytes, pkt/s, B/s, graph"),
        ("keys = 3", "line 1: keys: 3 is no table; write [keys]"),
        ('[keys]\ntrase = "x"', "line 2: keys.trase: there is no such id; did you mean trace? docs/keys.md"),
        ("[keys]\ntrace = 3", "line 2: keys.trace: it has to be a key or a list of keys"),
        ("[keys]\ntrace = []", "line 2: keys.trace: it has to be a key or a list of keys"),
        ('[keys]\ntrace = "ctrl+i"', "keys.trace: “ctrl+i” is not for a program to have: terminals take it for tab"),
        ('[keys]\ntrace = "pagedwn"', "there is no key “pagedwn”; did you mean pagedown? it may be a character"),
        ('keys.trace = "alt+x"', "config.toml, line 1: keys.trace: there is no key “alt+x”; it may be a character"),
        ('[keys]\ntrace = "s"', "line 2: keys.trace: “s” is services already (The Services:"),
        ('[keys]\ntrace = "j"', "line 2: keys.trace: “j” is down already"),
        ('[keys]\nview_open = "/"', "keys.view_open: “/” is view_filter already"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence_with_its_line_and_what_is_allowed(text: str, told: str) -> None:
    found = complaint(text)
    assert told in found
    assert "\n" not in found


def test_what_is_right_beside_it_holds() -> None:
    found = parsed('interval = "often"\ncolumns = ["pkts"]\n[keys]\ntrace = "s"\nsearch = "x"\n', "")
    assert (found.interval, found.columns, found.keys) == (None, ("pkts",), {"search": ("x",)})
    assert len(found.complaints) == 2


def test_two_keys_can_be_swapped_and_a_comma_is_a_key() -> None:
    found = parsed('[keys]\ntrace = "s"\nservices = "t"\nnext = "comma"\nprevious = ","\n', "")
    assert found.keys == {"trace": ("s",), "services": ("t",), "next": ("comma",)}
    assert "“comma” is next already" in found.complaints[0]


def test_a_key_given_up_for_a_clash_takes_those_with_it_that_relied_on_it() -> None:
    """problems was to have what services gives up; services can't give it up, as t is taken."""
    found = parsed('[keys]\nservices = "t"\nproblems = "s"\n', "")
    assert found.keys == {}
    assert len(found.complaints) == 2


@pytest.mark.parametrize("what", ["missing", "folder", "not UTF-8"])
def test_a_file_that_can_not_be_read_is_told(tmp_path: Path, what: str) -> None:
    path = tmp_path / "named.toml"
    if what == "folder":
        path.mkdir()
    elif what == "not UTF-8":
        path.write_bytes(b"interval = 5 # \xff")
    (told,) = read_settings(path).complaints
    assert str(path) in told
    assert "the usual settings hold" in told


def test_settings_and_screen_know_the_same_columns() -> None:
    assert tuple(column.setting for column in METER_COLUMNS) == COLUMNS


async def test_it_opens_with_a_wrong_file_and_says_what_is_wrong_in_it() -> None:
    wrong = app(parsed('interval = "[b]\x1b[2J"\n'.replace("\x1b", "\\u001b"), "config.toml"))
    async with wrong.run_test(size=(120, 40), notifications=True) as pilot:
        await settle(pilot)
        assert "config.toml, line 1: interval: “[b]\\x1b[2J” is no number of seconds" in said(pilot)
        await pilot.pause()
        (toast,) = pilot.app.screen.query(Toast)
        shown = "\n".join(strip.text for strip in toast.render_lines(toast.size.region))
        assert "[b]" in shown
        assert "\x1b" not in shown


async def test_many_things_that_are_wrong_leave_room_for_the_rules() -> None:
    wrong = app(parsed("\n".join(f"field{number} = 1" for number in range(10)), "config.toml"))
    async with wrong.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert said(pilot).count("there is no such field") == 3
        assert said(pilot).endswith("… and 7 more")


async def test_the_columns_are_those_that_were_chosen_in_their_order() -> None:
    for chosen, header in ((("bytes", "pkts"), "bytes pkts"), ((), ""), (("pkts", "graph"), "pkts")):
        async with app(Settings(columns=chosen)).run_test(size=(160, 40)) as pilot:
            await settle(pilot)
            found = main(pilot).query_one(RuleList).header_text(100)
            assert found is not None
            assert " ".join(found.plain.split()[1:]).startswith(f"{header} if …".strip())


async def test_columns_that_were_chosen_leave_half_of_the_pane_to_the_rules() -> None:
    reader = Told([dump()])
    opening = Opening(unread("netns:blue"), reader)
    opening.watch = Watch(2.0, reader.clock)
    opening.watch.begin()
    assert opening.wait(10)
    chosen = Kptui(opening.session, opening=opening, settings=Settings(columns=("B/s", "pkts", "bytes", "graph")))
    async with chosen.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        rules = main(pilot).query_one(RuleList)
        for width, names in ((120, ["pkts", "bytes"]), (30, ["pkts", "bytes"]), (26, ["pkts"]), (12, [])):
            header = rules.header_text(width)
            assert header is not None
            assert header.plain.partition(" if ")[0].split()[1:] == names


async def test_keys_do_what_the_settings_say_and_are_shown_so() -> None:
    swapped = app(Settings(keys={"services": ("x",), "help": ("f1",), "trace": ("s",)}))
    async with swapped.run_test(size=(160, 40)) as pilot:
        await settle(pilot)
        assert "x Services" in screen_lines(pilot)[1]
        assert "s Trace" in screen_lines(pilot)[-1]
        await press(pilot, "t", "question_mark")
        assert len(pilot.app.screen_stack) == 2
        await press(pilot, "x")
        assert isinstance(pilot.app.screen, ServicesScreen)
        assert "f1 Help" in screen_lines(pilot)[-1]
        await press(pilot, "f1")
        assert isinstance(pilot.app.screen, HelpScreen)
        seen = [" ".join(line.strip(" │▏▎▔").split()) for line in screen_lines(pilot)]
        assert any("s Trace a packet" in line for line in seen)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.id)
def test_a_key_that_is_another_ones_is_refused_whatever_it_is_called(key: Key) -> None:
    other = "trace" if key.id != "trace" else "search"
    name = {"↵": "enter", "esc": "escape"}.get(key.label, key.label)
    found = parsed(f'[keys]\n{other} = ["{name}"]\n', "")
    assert found.keys == {}
    assert f"“{name}” is {key.id} already" in found.complaints[0]


def test_an_option_that_names_no_theme_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(click.UsageError, match="--theme: “drak” is not known; did you mean dark"):
        settings_in(str(tmp_path / "none.toml"), "drak", False)
    assert settings_in(str(tmp_path / "none.toml"), "light", False).theme == "light"


@pytest.mark.parametrize("key", ALL_KEYS, ids=lambda key: key.id)
def test_every_key_can_be_given_another_one(key: Key) -> None:
    moved = parsed(f'[keys]\n{key.id} = "f9"\n', "")
    assert moved.complaints == ()
    bound = BindingsMap(bindings((key,)))
    bound.apply_keymap(textual_keymap(moved.keys))
    assert {name: binding.action for name, (binding, *_) in bound.key_to_bindings.items()} == {"f9": key.action}


def test_only_the_explorer_reads_it(tmp_path: Path) -> None:
    (tmp_path / "kptui").mkdir()
    (tmp_path / "kptui" / "config.toml").write_text("interval = wrong")
    asked = [sys.executable, "-m", "kptui", "trace", "samples/nginx-nodeport.txt", "10.110.199.45:80"]
    told = [
        subprocess.run(asked, cwd=ROOT, env={"XDG_CONFIG_HOME": home}, capture_output=True, check=False)
        for home in (str(tmp_path), "/nonexistent")
    ]
    assert (told[0].stdout, told[0].stderr) == (told[1].stdout, told[1].stderr)
