"""The search: a line to type in, and how many places were found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Label, Static


class SearchBar(Horizontal):
    """Shown while a search is on."""

    BINDINGS: ClassVar = [Binding("escape", "close", "Close", show=False)]

    class Typed(Message):
        """The text changed."""

        def __init__(self, text: str) -> None:
            """The text as typed."""
            self.text = text
            super().__init__()

    class Entered(Message):
        """Enter: go on with the hits."""

    class Closed(Message):
        """Escape: the search is over."""

    def compose(self) -> Iterator[Widget]:
        """The line and the count."""
        yield Label("/", id="search-sign")
        yield Input(id="search-text", placeholder="words that occur in a chain's name or a rule", compact=True)
        yield Static(id="search-count", markup=False)

    def open(self) -> None:
        """Show the line and type into it."""
        self.display = True
        field = self.query_one("#search-text", Input)
        field.focus()
        field.select_all()

    def count(self, text: str) -> None:
        """Say how many places were found."""
        self.query_one("#search-count", Static).update(text)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search as one types."""
        event.stop()
        self.post_message(self.Typed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on with the hits."""
        event.stop()
        self.post_message(self.Entered())

    def action_close(self) -> None:
        """Give the search up."""
        self.post_message(self.Closed())
