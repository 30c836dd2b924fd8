"""The search: a line to type in, and how many places were found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Label, Static


class SearchBar(Horizontal):
    """Shown while a search is on."""

    # With priority they act before the next key of a fast typist (or a paste) is looked at.
    BINDINGS: ClassVar = [
        Binding("escape", "close", "Close", show=False, priority=True),
        Binding("enter", "enter", "Go on", show=False, priority=True),
    ]

    class Typed(Message):
        """The text changed."""

        def __init__(self, text: str) -> None:
            """The text as typed."""
            self.text = text
            super().__init__()

    def __init__(
        self, hint: str = "words /regex/ dst:10.0.0.1 dport:80 target:DNAT chain: svc: ns: from: to:", *, id: str
    ) -> None:
        """`hint` is shown until something is typed."""
        super().__init__(id=id)
        self.hint = hint
        self._count = ""

    def compose(self) -> Iterator[Widget]:
        """The line and the count."""
        yield Label("/", id="search-sign")
        yield Input(id="search-text", placeholder=self.hint, compact=True)
        yield Static(id="search-count", markup=False)

    @property
    def shown(self) -> bool:
        """Whether the line is to be seen; how it is hidden, the style sheet says."""
        return self.has_class("-shown")

    def show(self, shown: bool = True) -> None:
        """Show the line, or hide it."""
        self.set_class(shown, "-shown")

    def open(self) -> None:
        """Show the line and type into it."""
        self.show()
        field = self.query_one("#search-text", Input)
        self.screen.set_focus(field)
        field.select_all()

    def show_text(self, text: str) -> None:
        """Show the line with a text in it, hide it without one; nobody is told that it changed."""
        self.show(bool(text))
        field = self.query_one("#search-text", Input)
        with field.prevent(Input.Changed):
            field.value = text

    def count(self, text: str) -> None:
        """Say how many places were found."""
        if text != self._count:
            # Beside a count of another length there is another room to type in.
            self.query_one("#search-count", Static).update(text, layout=cell_len(text) != cell_len(self._count))
            self._count = text

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search as one types."""
        event.stop()
        self.post_message(self.Typed(event.value))

    async def action_enter(self) -> None:
        """Go on with the hits."""
        await self.run_action("screen.search_entered")

    async def action_close(self) -> None:
        """Give the search up."""
        await self.run_action("screen.close_search")
