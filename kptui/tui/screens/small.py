"""Small terminals: one pane at a time below 80 x 24, a plain sentence below 60 x 15."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual import events
from textual.binding import Binding
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from kptui.tui.sizes import LEAST, one_pane

PANES = ("chains", "rules", "detail", "outcomes", "hops")


class OnePane(Screen[None]):
    """A screen of panes; the one that had the focus last has all the room where there is little. tab shows the next."""

    _pane = PANES[0]
    """The pane that has the focus, or had it last; before anything has it, the first."""

    def on_resize(self) -> None:
        """Mark whether there is room for one pane only."""
        self.set_class(one_pane(self.app.size), "-one")
        self._mark_pane()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Mark the pane; the style sheet does the rest, and panes without room can be tabbed to all the same."""
        if event.widget.id in PANES:
            self._pane = event.widget.id
            self._mark_pane()

    def _mark_pane(self) -> None:
        # With room for all panes nobody looks at the marks, and everything would be dressed anew for them.
        for pane in PANES if self.has_class("-one") else ():
            self.set_class(pane == self._pane, f"-at-{pane}")


class TooSmall(Screen[None]):
    """Covers everything until there is more room."""

    BINDINGS: ClassVar = [Binding("q,escape", "app.quit", "Quit")]

    def compose(self) -> Iterator[Widget]:
        """One sentence."""
        yield Static(id="too-small", markup=False)

    def on_resize(self, event: events.Resize) -> None:
        """Say how much there is."""
        size = event.size
        words = f"kptui needs {LEAST.width} columns and {LEAST.height} rows; here are {size.width} and {size.height}."
        self.query_one("#too-small", Static).update(f"{words} Make the window larger, or q quits.")
