"""Asks for the name of another source, to compare with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Static


class AskSource(ModalScreen[str]):
    """One line to type into; an empty answer means none."""

    BINDINGS: ClassVar = [Binding("escape", "cancel", "Close")]

    def compose(self) -> Iterator[Widget]:
        """The question and the line."""
        with Vertical(classes="menu") as block:
            block.border_title = "Compare the rules"
            block.border_subtitle = "enter compares · esc closes"
            yield Static(Text("What was before: a file with rules, or any other source (live: is this host, now)."))
            yield Input(placeholder="before.txt", id="source")

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """That one."""
        self.dismiss(event.value.strip())

    def action_cancel(self) -> None:
        """None."""
        self.dismiss("")
