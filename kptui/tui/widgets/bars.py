"""The line above (what is open) and the line below (the keys), in which one can click."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.content import Content
from textual.widget import Widget

from kptui.text import visible
from kptui.tui.keys import KEYS, Key
from kptui.tui.settings.fields import settings_of
from kptui.tui.settings.keymap import label
from kptui.tui.sizes import one_pane


class TopBar(Widget):
    """The source, its tables and what was noticed in it."""

    COMPONENT_CLASSES = {"bar--name", "bar--warning"}  # noqa: RUF012 - Textual reads it from the class

    def __init__(self, *, id: str) -> None:
        """Nothing is open yet."""
        super().__init__(id=id)
        self._source = ""
        self._facts: list[str] = []
        self._warning = ""
        self._status = ""
        self._trouble = ""

    def show(self, source: str, facts: list[str], warning: str) -> None:
        """Show what is open; facts are cut from the right where there is no room, the source's path from the left."""
        self._source, self._facts, self._warning = source, facts, warning
        self.refresh()

    def show_status(self, status: str, trouble: str = "") -> None:
        """Show how the readings stand, and what is wrong with them."""
        self._status, self._trouble = status, trouble
        self.refresh()

    def render(self) -> Text:
        """One line."""
        width = self.size.width
        right = Text(" ")
        for warning in filter(None, (self._warning, self._trouble)):
            right.append(f"⚠ {visible(warning)} ", style=self.get_component_rich_style("bar--warning", partial=True))
        if self._status:
            right.append(f"{visible(self._status)} ")
        right.truncate(max(20, width * 2 // 3), overflow="ellipsis")
        left = Text.assemble((" kptui ", self.get_component_rich_style("bar--name", partial=True)))
        facts = "".join(f" · {visible(fact)}" for fact in self._facts)
        room = max(width // 3, width - left.cell_len - len(facts) - right.cell_len - 1)
        left.append(f" {_end_of(visible(self._source), room)}", style="bold")
        left.append(facts)
        left.truncate(max(1, width - right.cell_len), overflow="ellipsis", pad=True)
        return left.append_text(right)


def _end_of(path: str, room: int) -> str:
    """A path's end: the name of a file tells more than where it lies."""
    room = max(room, NAME)
    return path if len(path) <= room else f"…{path[len(path) - room + 1 :]}"


NAME = 24
"""So much of a source's name is always to be seen."""
MORE = "More panes"
"""What tab is for where one pane is shown."""


class ClickBar(Widget):
    """A line of keys: a click does what the key does."""

    def __init__(self) -> None:
        """Nothing is drawn yet."""
        super().__init__()
        self.targets: list[tuple[int, int, Key]] = []
        """From which cell to which (not included) each key is drawn."""

    def on_click(self, event: events.Click) -> None:
        """Do what the key there does, as if the screen had been told so."""
        event.stop()
        key = self._key_at(event.x)
        if key is not None:
            self.screen.call_later(self.screen.run_action, key.action)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Say what a click would do there: where room is short, only keys are to be seen."""
        key = self._key_at(event.x)
        self.tooltip = Content(key.sentence) if key is not None else None

    def _key_at(self, x: int) -> Key | None:
        return next((key for start, end, key in self.targets if start <= x < end), None)


class KeyBar(ClickBar):
    """The keys that matter most, as many as there is room for, the most useful first."""

    COMPONENT_CLASSES = {"bar--key"}  # noqa: RUF012 - Textual reads it from the class

    def __init__(self, keys: tuple[Key, ...] = KEYS) -> None:
        """The keys of the screen it stands on."""
        super().__init__()
        self._keys = keys

    def render(self) -> Text:
        """One line, made from the table of keys."""
        style = self.get_component_rich_style("bar--key", partial=True)
        named = settings_of(self.app)
        shown = []
        room = self.size.width - 1
        # Where one pane is shown, how to come to the others is what matters most.
        first = "pane" if one_pane(self.app.size) else ""
        words = {key.id: MORE if key.id == first else key.word for key in self._keys}
        for key in sorted((key for key in self._keys if key.rank), key=lambda key: (key.id != first, key.rank)):
            needed = len(label(key, named)) + len(words[key.id]) + 3
            if needed > room:
                break
            room -= needed
            shown.append(key)
        text = Text(" ")
        self.targets.clear()
        for key in sorted(shown, key=self._keys.index):
            start = text.cell_len
            text.append(label(key, named), style=style).append(f" {words[key.id]}  ")
            self.targets.append((start, text.cell_len - 2, key))
        return text
