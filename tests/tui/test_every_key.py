"""No key is dead: in every view each that is bound does something one can see, or says what to do instead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from kptui.ask.request import Request
from kptui.tui.screens.main import MainScreen
from kptui.tui.tree_model import Place
from kptui.tui.widgets.row_view import RowView
from tests.tui.driving import NODE, SAMPLES, explorer, main, press, said, screen_lines, settle
from tests.tui.fleets import app as fleet

UNEVEN = Path(__file__).parents[1] / "kubernetes" / "checks" / "uneven-shares" / "fires.txt"
NGINX = SAMPLES / "nginx-nodeport.txt"
EMPTY = SAMPLES / "plain-firewall.txt"
VIEWS = {
    "chains": (NGINX, []),
    "chains, nothing selected": (EMPTY, []),
    "trace": (NGINX, ["t", "enter"]),
    "services": (NGINX, ["s"]),
    "no services": (EMPTY, ["s"]),
    "problems": (UNEVEN, ["p"]),
    "no problems": (NGINX, ["p"]),
    "changes": (NGINX, ["c"]),
    "busiest": (SAMPLES / "kube-dns.txt", ["b"]),
    "flows": (NGINX, ["f"]),
    "leads": (NGINX, ["w", "j"]),
    "journey": (NGINX, ["i", "j", "j"]),
    "two traces": (NGINX, ["equals_sign", "enter"]),
    "differences": (NGINX, ["d"]),
    "nodes": (None, []),
    "differing": (None, ["d"]),
}
"""A source (None: several nodes), and the keys that open a view of it."""


class Watched:
    """An explorer whose messages are counted, for they go away by themselves."""

    def __init__(self, pilot: Pilot[None], monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing has been told yet."""
        self.pilot, self.told = pilot, 0
        monkeypatch.setattr(pilot.app, "notify", self._notify)

    def _notify(self, message: str, **how: object) -> None:
        self.told += bool(message)

    def seen(self) -> object:
        """All that one can see."""
        return screen_lines(self.pilot), self.pilot.app.screen, self.told, self.pilot.app.focused

    async def open(self, source: Path | None, keys: list[str]) -> None:
        """The view, from wherever the last key has led to."""
        app = self.pilot.app
        while len(app.screen_stack) > 2:
            app.pop_screen()
        if source is not None:
            screen = main(self.pilot)
            screen.before = str(EMPTY)
            if {"i", "equals_sign"} & set(keys) and screen.trace is None:
                screen.start_trace(Request(dst="10.110.199.45", dport="80", local=NODE))
            screen.go(Place("nat", "KUBE-SERVICES", 5) if source == NGINX else screen.start)
        await press(self.pilot, *keys)


def _bound(screen: Screen[object]) -> Iterator[Binding]:
    """What the screen itself binds, each by its first key; keys that move in a list have nowhere to go at its end."""
    found: dict[str, Binding] = {}
    for binding in (each for bindings in screen._bindings.key_to_bindings.values() for each in bindings):
        found.setdefault(binding.id or "", binding)
    yield from (each for id, each in found.items() if id not in ("", "quit", "palette"))


@pytest.mark.parametrize("view", VIEWS)
async def test_every_key_does_something_one_can_see(view: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source, keys = VIEWS[view]
    dead = []
    async with (explorer(source) if source is not None else fleet()).run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        watched = Watched(pilot, monkeypatch)
        await watched.open(source, keys)
        shown = pilot.app.screen
        for binding in _bound(shown):
            before = watched.seen()
            await press(pilot, binding.key)
            if watched.seen() == before:
                dead.append((binding.key, binding.action))
            if isinstance(pilot.app.focused, Input):
                # Or the keys that follow would be typed into the search.
                await press(pilot, "escape")
            if pilot.app.screen is not shown:
                await watched.open(source, keys)
                shown = pilot.app.screen
    assert not dead, str(dead)


@pytest.mark.parametrize(("source", "keys", "key", "told"), [
    (UNEVEN, ["p"], "M", "A letter or digit marks nat KUBE-SVC-OVTWZ4GROBJZO4C5 2."),
    (UNEVEN, ["p"], "w", "What leads to KUBE-SVC-OVTWZ4GROBJZO4C5"),
    (UNEVEN, ["p"], "t", "10.110.199.45"),
    (UNEVEN, ["p"], "left_square_bracket", "[ goes back along jumps between chains: C goes there"),
    (NGINX, ["s"], "a", "What is not told is settled beside the trace: C goes there, a then settles it."),
    (NGINX, ["s"], "s", "This is that view: esc closes it."),
])  # fmt: skip
async def test_it_is_about_the_row_under_the_cursor(source: Path, keys: list[str], key: str, told: str) -> None:
    async with explorer(source).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, *keys, key)
        assert told in " ".join(" ".join([*screen_lines(pilot), said(pilot)]).split())


async def test_a_mark_is_set_and_gone_to_from_a_view() -> None:
    async with explorer(UNEVEN).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "p", "M", "a", "C")
        assert main(pilot).navigation.place == Place("nat", "KUBE-SERVICES")
        await press(pilot, "s", "apostrophe", "a")
        assert pilot.app.screen is main(pilot)
        assert main(pilot).navigation.place == Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5", 2)


async def test_an_editor_opens_at_the_line_of_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    monkeypatch.setattr(MainScreen, "edit", lambda _, line: opened.append(line))
    async with explorer(UNEVEN).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "p", "e")
    assert opened == [25]


async def test_reading_again_from_the_services_shows_those_of_now(tmp_path: Path) -> None:
    dump = tmp_path / "dump.txt"
    dump.write_text(NGINX.read_text())
    async with explorer(dump).run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "s")
        before = pilot.app.screen.query_one("#table", RowView).row_count()
        dump.write_text("\n".join(line for line in NGINX.read_text().split("\n") if "default/nginx" not in line))
        await press(pilot, "r")
        assert "Read again." in said(pilot)
        assert pilot.app.screen.query_one("#table", RowView).row_count() == before - 1
