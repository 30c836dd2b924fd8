"""All keys, made from the table of keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from kptui.tui.keys import ALL_KEYS
from kptui.tui.settings.fields import Settings, settings_of
from kptui.tui.settings.keymap import label
from kptui.tui.signs import hops_in_ascii

SIGNS = (
    ("→ ⇢", "jump, goto (which does not come back)"),
    ("✓ ✗", "accepted, dropped or rejected"),
    ("⇒", "translated: DNAT, SNAT, MASQUERADE"),
    ("↩", "back to the calling chain"),
    ("?", "not known: the trace followed it both ways"),
    ("①", "the hop's number on the path of the trace"),
)


class HelpScreen(ModalScreen[None]):
    """Keys by group, and what the signs mean; it scrolls where the terminal is small."""

    BINDINGS: ClassVar = [Binding("escape,question_mark,q,enter", "dismiss", "Close")]

    def compose(self) -> Iterator[Widget]:
        """One scrolling block."""
        with VerticalScroll(id="help") as block:
            block.border_title = "Help"
            block.border_subtitle = "esc closes"
            yield Static(_help(settings_of(self.app)))

    def on_mount(self) -> None:
        """The arrow keys scroll at once."""
        self.query_one("#help").focus()


def _help(named: Settings) -> Group:
    blocks: list[Table | Text] = []
    for group in dict.fromkeys(key.group for key in ALL_KEYS):
        rows = [(label(key, named), key.sentence) for key in ALL_KEYS if key.group == group]
        blocks += [Text(group, style="bold"), _grid(rows), Text()]
    return Group(
        *blocks,
        Text("Signs", style="bold"),
        _grid([(hops_in_ascii(sign) if named.ascii else sign, words) for sign, words in SIGNS]),
    )


def _grid(rows: list[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=7, justify="right", style="bold")
    grid.add_column()
    for key, words in rows:
        grid.add_row(Text(key), Text(words))
    return grid
