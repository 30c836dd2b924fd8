"""Asks what a trace is to be compared with: another source, another node, a packet that was traced before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Generic, TypeVar

from rich.text import Text
from textual import on
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Static

from kptui.tui.widgets.choices import Choice, Choices

T = TypeVar("T")


class AskOther(ModalScreen[T | str], Generic[T]):
    """A line to type a source into, and below what is at hand; an empty answer means none."""

    # With priority they act before the next key of a fast typist (or a paste) is looked at.
    BINDINGS: ClassVar = [
        Binding("escape", "cancel", "Close"),
        Binding("down", "pick(1)", "Next", show=False, priority=True),
        Binding("up", "pick(-1)", "Previous", show=False, priority=True),
    ]

    def __init__(self, title: str, question: str, hint: str, choices: Sequence[tuple[Choice, T]]) -> None:
        """`choices` are offered below the line, each with what it stands for."""
        super().__init__()
        self._words = (title, question, hint)
        self._offered = choices

    def compose(self) -> Iterator[Widget]:
        """The question, the line, what is at hand."""
        title, question, hint = self._words
        with Vertical(classes="menu") as block:
            block.border_title = title
            block.border_subtitle = f"enter compares{' · ↓ chooses' if self._offered else ''} · esc closes"
            yield Static(Text(question))
            yield Input(placeholder=hint, id="source")
            yield Choices(id="others")

    def on_mount(self) -> None:
        """Type at once; the first of what is at hand is what is most likely wanted."""
        choices = self.query_one(Choices)
        choices.show([choice for choice, _ in self._offered], "or")
        choices.move(1)
        self.query_one(Input).focus()

    def action_pick(self, step: int) -> None:
        """The next of what is at hand, or the one before; one always is, or enter on an empty line would do nothing."""
        choices = self.query_one(Choices)
        if choices.move(step) and choices.picked is None:
            choices.move(step)

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """The source that was typed, else what is picked."""
        picked = self.query_one(Choices).picked
        typed = event.value.strip()
        self.dismiss(typed if typed or picked is None else self._offered[picked][1])

    @on(Choices.Clicked)
    def clicked(self, event: Choices.Clicked) -> None:
        """A click takes it."""
        self.dismiss(self._offered[event.number][1])

    def action_cancel(self) -> None:
        """None."""
        self.dismiss("")
