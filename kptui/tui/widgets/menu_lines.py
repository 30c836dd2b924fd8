"""The lines of a small menu: a key, what it does, more about it; a click does what the key does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget

from kptui.text import visible

GAP = 2


@dataclass(frozen=True, slots=True)
class MenuLine:
    """One line; `able` is False for what can't be done now."""

    key: str
    name: str
    words: str = ""
    able: bool = True


class MenuLines(Widget):
    """As many rows as there are lines; texts of a dump are drawn as text."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"menu--key", "menu--words"}

    class Clicked(Message):
        """A line was clicked."""

        def __init__(self, number: int) -> None:
            """The line counts from 0."""
            self.number = number
            super().__init__()

    def __init__(self, lines: Sequence[MenuLine]) -> None:
        """What is to be chosen from."""
        super().__init__()
        self.lines = list(lines)
        self.styles.height = max(1, len(self.lines))

    def render(self) -> Text:
        """Keys, names and words in columns."""
        width = self.size.width
        keys = max((len(line.key) for line in self.lines), default=0)
        names = min(max((len(line.name) for line in self.lines), default=0), max(8, width // 2))
        rows = []
        for line in self.lines:
            row = Text.assemble((f" {line.key:<{keys}}{'':{GAP}}", self._style("menu--key") if line.able else ""))
            name = Text(visible(line.name))
            name.truncate(names, overflow="ellipsis", pad=True)
            row.append_text(name).append(" " * GAP)
            row.append(visible(line.words), style=self._style("menu--words"))
            row.truncate(width, overflow="ellipsis", pad=True)
            if not line.able:
                row.stylize(self._style("menu--words"))
            rows.append(row)
        return Text("\n", no_wrap=True).join(rows)

    def _style(self, name: str) -> Style:
        style = self.get_component_rich_style(name)
        return Style(color=style.color, bold=style.bold, dim=style.dim)

    def on_click(self, event: events.Click) -> None:
        """Tell which line was clicked."""
        event.stop()
        at = event.get_content_offset(self)
        if at is not None and at.y < len(self.lines):
            self.post_message(self.Clicked(at.y))
