"""The line of views: one key each, the open one in brackets, those with nothing to show dim; a click opens."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from rich.style import Style
from rich.text import Text

from kptui.tui.keys import SWITCHES, VIEWS
from kptui.tui.settings.fields import Settings, settings_of
from kptui.tui.settings.keymap import label
from kptui.tui.widgets.bars import ClickBar


@runtime_checkable
class KnowsViews(Protocol):
    """A screen that knows which views have nothing to show now."""

    def lacking(self) -> frozenset[str]:
        """The ids of these views."""


class ViewLine(ClickBar):
    """One row; words where there is room, short ones where there is less, else keys."""

    COMPONENT_CLASSES = {"bar--key", "bar--open", "bar--lacking"}  # noqa: RUF012 - Textual reads it from the class

    def __init__(self, view: str) -> None:
        """`view` is the one that is open, empty for one that has no place in the line."""
        super().__init__()
        self.view = view

    @property
    def _named(self) -> Settings:
        """The keys that the settings name."""
        return settings_of(self.app)

    def words(self, width: int) -> dict[str, str]:
        """What is said of each view, none where keys have to do."""
        said = ({key.id: key.word for key in SWITCHES}, VIEWS)
        for words in said:
            if sum(len(label(key, self._named)) + len(words[key.id]) + 3 for key in SWITCHES) <= width:
                return words
        return {self.view: VIEWS.get(self.view, "")}

    def render(self) -> Text:
        """The views; where one can click is noted."""
        shown = self.words(self.size.width)
        lacking = self._lacking()
        self.targets.clear()
        text = Text(no_wrap=True)
        for key in SWITCHES:
            around = "[]" if key.id == self.view else "  "
            part = Text(around[0])
            part.append(label(key, self._named), style="" if key.id in lacking else self._style("bar--key"))
            part.append(f" {word}" if (word := shown.get(key.id)) else "").append(around[1])
            if key.id == self.view:
                part.stylize(self.get_component_rich_style("bar--open"))
            elif key.id in lacking:
                part.stylize(self._style("bar--lacking"))
            self.targets.append((text.cell_len, text.cell_len + part.cell_len, key))
            text.append_text(part)
        return text

    def _style(self, name: str) -> Style:
        """The colour mixed with what lies behind it, but nothing laid behind."""
        style = self.get_component_rich_style(name)
        return Style(color=style.color, bold=style.bold, dim=style.dim)

    def _lacking(self) -> frozenset[str]:
        return next((each.lacking() for each in self.app.screen_stack if isinstance(each, KnowsViews)), frozenset())
