"""What may be meant, below a line one types into: to be picked by the arrow keys or a click."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from kptui.text import visible

GAP = 2


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the list: what it stands for, and beside it what that is."""

    text: str
    words: str = ""


class Choices(Widget):
    """A short list that never has the focus; hidden while there is nothing in it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"choice--picked", "choice--words"}

    picked: reactive[int | None] = reactive(None)

    class Clicked(Message):
        """A choice was clicked."""

        def __init__(self, number: int) -> None:
            """The choice counts from 0."""
            self.number = number
            super().__init__()

    def __init__(self, *, id: str) -> None:
        """Nothing to choose from yet."""
        super().__init__(id=id)
        self.choices: Sequence[Choice] = ()
        self.display = False

    def show(self, choices: Sequence[Choice], title: str) -> None:
        """Show other choices, none of them picked; hide without any."""
        self.choices = choices
        self.picked = None
        self.border_title = title
        self.display = bool(choices)
        self.styles.height = len(choices) + 2
        self.refresh(layout=True)

    def move(self, step: int) -> bool:
        """Pick the next choice, or the one before; beyond the ends none is. False if there are none."""
        if not self.choices:
            return False
        places = [None, *range(len(self.choices))]
        self.picked = places[(places.index(self.picked) + step) % len(places)]
        return True

    def render(self) -> Text:
        """A line a choice."""
        width = self.size.width
        room = max((len(visible(each.text)) for each in self.choices), default=0)
        lines = []
        for number, each in enumerate(self.choices):
            line = Text(f" {visible(each.text):<{room + GAP}}")
            line.append(visible(each.words), style=self.get_component_rich_style("choice--words", partial=True))
            line.truncate(width, overflow="ellipsis", pad=True)
            if number == self.picked:
                line.stylize(self.get_component_rich_style("choice--picked", partial=True))
            lines.append(line)
        return Text("\n", no_wrap=True).join(lines)

    def on_click(self, event: events.Click) -> None:
        """Tell which choice was clicked."""
        at = event.get_content_offset(self)
        if at is not None and at.y < len(self.choices):
            self.post_message(self.Clicked(at.y))
