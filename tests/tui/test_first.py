"""Who opens the explorer for the first time is told the first keys, once; and nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets._toast import Toast

from kptui.tracing import Session
from kptui.tui import app as app_module
from kptui.tui.app import Kptui, run
from kptui.tui.settings.fields import Settings
from kptui.tui.settings.first import first_start
from kptui.tui.widgets.search_bar import SearchBar
from tests.tui.driving import SAMPLES, press, said, settle
from tests.tui.fleets import app as nodes


def explorer(settings: Settings | None = None) -> Kptui:
    return Kptui(Session.open(str(SAMPLES / "nginx-nodeport.txt")), settings=settings or Settings())


def test_it_is_the_first_time_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert [first_start(), first_start(), first_start()] == [True, False, False]
    assert [path.name for path in (tmp_path / "state" / "kptui").iterdir()] == ["started"]


def test_it_lies_where_the_xdg_standard_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert first_start()
    assert (tmp_path / ".local/state/kptui/started").exists()


def test_where_it_can_not_be_written_down_nothing_is_said_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file" / "below"))
    assert [first_start(), first_start()] == [False, False]
    assert capfd.readouterr() == ("", "")


async def test_the_first_keys_are_told_and_take_none_away() -> None:
    app = explorer()
    app.greets = True
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settle(pilot)
        assert said(pilot) == "t traces a packet\n/ searches\ns shows the Services\n? tells all keys"
        await pilot.pause()
        assert len(pilot.app.screen.query(Toast)) == 1
        await press(pilot, "s")
        assert type(pilot.app.screen).__name__ == "ServicesScreen"


async def test_what_is_told_in_passing_leaves_the_searchs_line_in_sight() -> None:
    app = explorer()
    app.greets = True
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await press(pilot, "slash", "x")
        [told] = app.screen.query(Toast)
        assert told.region.height > 0
        assert told.region.bottom <= app.screen.query_one(SearchBar).region.y


async def test_they_are_those_of_the_settings() -> None:
    app = explorer(Settings(keys={"trace": ("x",)}, ascii=True))
    app.greets = True
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert said(pilot).startswith("x traces a packet")


async def test_over_several_nodes_they_are_others() -> None:
    app = nodes()
    app.greets = True
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert said(pilot) == "enter explores a node\n/ filters\nd tells what differs\n? tells all keys"


async def test_whoever_has_been_here_is_told_nothing() -> None:
    async with explorer().run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert said(pilot) == ""


def test_the_program_greets_at_the_first_start_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    greeted = []
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(app_module.Kptui, "run", lambda app: greeted.append(app.greets))
    for _ in range(2):
        run(Session.open(str(SAMPLES / "nginx-nodeport.txt")))
    assert greeted == [True, False]
