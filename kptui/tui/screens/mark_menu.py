"""Waits for the letter of a mark; the marks that are set are listed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_letters, digits
from typing import ClassVar

from textual import on
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from kptui.tui.widgets.menu_lines import MenuLine, MenuLines


class MarkMenu(ModalScreen[str]):
    """The answer is a letter or a digit, empty if none was meant."""

    # Bindings, not `on_key`: a fast typist's letter still goes to the screen below, and these hold for it, too.
    BINDINGS: ClassVar = [
        Binding("escape", "cancel", "Close"),
        *(Binding(char, f"answer('{char}')", show=False) for char in ascii_letters + digits),
    ]

    def __init__(self, title: str, note: str, lines: Sequence[MenuLine]) -> None:
        """`lines` are the marks that are set."""
        super().__init__()
        self._words = (title, note)
        self._lines = lines

    def compose(self) -> Iterator[Widget]:
        """What is set, and what the letter will do."""
        title, note = self._words
        with Vertical(classes="menu") as block:
            block.border_title = title
            block.border_subtitle = "esc closes"
            if self._lines:
                yield MenuLines(self._lines)
            yield Static(note, id="menu-note", markup=False)

    def action_answer(self, letter: str) -> None:
        """That one."""
        self.dismiss(letter)

    @on(MenuLines.Clicked)
    def clicked(self, event: MenuLines.Clicked) -> None:
        """A click is as good as the letter."""
        self.dismiss(self._lines[event.number].key)

    def action_cancel(self) -> None:
        """No letter."""
        self.dismiss("")
