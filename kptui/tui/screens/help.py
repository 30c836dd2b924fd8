"""Help for where one is, made of the bindings: what this is, the keys of the pane, of the view, then all others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static

from kptui.tui.about import PANES, SCREENS, About
from kptui.tui.keys import ALL_KEYS, Key
from kptui.tui.settings.fields import settings_of
from kptui.tui.settings.keymap import label
from kptui.tui.signs import hops_in_ascii
from kptui.tui.telling import with_keys

SIGNS = (
    ("→ ⇢", "jump, goto (which does not come back)"),
    ("✓ ✗", "accepted, dropped or rejected"),
    ("⇒", "translated: DNAT, SNAT, MASQUERADE"),
    ("↩", "back to the calling chain"),
    ("?", "not known: the trace followed it both ways"),
    ("/", "before a row: found by the search"),
    ("①", "the hop's number on the path of the trace"),
)
MOUSE = (
    ("click", "selects a row, folds at its sign, opens a view, does what a key of the bottom line does"),
    ("double click", "follows, opens, goes there: what enter does"),
    ("wheel", "scrolls what is under it, without moving the selection"),
)
_BY_ID = {key.id: key for key in ALL_KEYS}


class HelpScreen(ModalScreen[None]):
    """The help of one screen; it scrolls where the terminal is small."""

    BINDINGS: ClassVar = [
        Binding("escape,question_mark,q,enter", "dismiss", "Close"),
        Binding("j", "app.simulate_key('down')", show=False),
        Binding("k", "app.simulate_key('up')", show=False),
    ]

    def __init__(self, of: Screen[Any]) -> None:
        """What is bound there is asked now: once the help is open, the help has the keys."""
        super().__init__()
        self._about = SCREENS[type(of).__name__]
        self._pane, self._mine, self._others = bound(of)
        self._with = settings_of(of.app)

    def compose(self) -> Iterator[Widget]:
        """One scrolling block."""
        with VerticalScroll(id="help") as block:
            block.border_title = f"Help · {self._about.name}"
            block.border_subtitle = "↓ ↑ scroll · esc closes"
            yield Static(Group(*self._blocks()))

    def on_mount(self) -> None:
        """The arrow keys scroll at once."""
        self.query_one("#help").focus()

    def _blocks(self) -> Iterator[RenderableType]:
        yield Text(with_keys(self._about.sentence, self._with))
        yield Text()
        if self._pane is not None:
            yield Text.assemble((f"Here: {self._pane.name}", "bold"), f"  {self._pane.sentence}")
            yield _grid(self._rows(self._mine) or [("↑ ↓", "Scroll.")])
            yield Text()
        yield from self._groups(self._others, "")
        shown = {key.id for key in (*self._mine, *self._others)}
        yield from self._groups([key for key in ALL_KEYS if key.id not in shown], "Elsewhere: ")
        yield Text("Mouse", style="bold")
        yield _grid(list(MOUSE))
        yield Text()
        yield Text("Signs", style="bold")
        yield _grid([(hops_in_ascii(sign) if self._with.ascii else sign, words) for sign, words in SIGNS])

    def _groups(self, keys: list[Key], prefix: str) -> Iterator[RenderableType]:
        for group in dict.fromkeys(key.group for key in keys):
            yield Text(prefix + group, style="bold")
            yield _grid(self._rows(key for key in keys if key.group == group))
            yield Text()

    def _rows(self, keys: Iterable[Key]) -> list[tuple[str, str]]:
        return [(label(key, self._with), key.sentence) for key in keys]


def bound(screen: Screen[Any]) -> tuple[About | None, list[Key], list[Key]]:
    """The pane that has the focus, the keys that it has bound itself, and those of its screen."""
    focused = screen.focused
    mine: dict[str, Key] = {}
    others: dict[str, Key] = {}
    for active in screen.active_bindings.values():
        key = _BY_ID.get(active.binding.id or "")
        # What only says what to do instead is told among the keys of elsewhere.
        if key is not None and not active.binding.action.startswith("instead("):
            (mine if active.node is focused else others)[key.id] = key
    pane = PANES.get(focused.id or "") if focused is not None else None
    return pane, _in_order(mine), _in_order(others)


def _in_order(keys: dict[str, Key]) -> list[Key]:
    return [key for key in ALL_KEYS if key.id in keys]


def _grid(rows: list[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=max(7, *(len(key) for key, _ in rows)), justify="right", style="bold")
    grid.add_column()
    for key, words in rows:
        grid.add_row(Text(key), Text(words))
    return grid
