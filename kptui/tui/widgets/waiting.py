"""What stands in the place of the panes while there are no rules to show: what is waited for, or what went wrong."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text
from textual.widgets import Static

from kptui.text import visible
from kptui.tui.live_words import Standing


class Waiting(Static):
    """A block in the middle of the screen; hidden as soon as there are rules."""

    def show(self, source: str, found: Standing | None) -> None:
        """Say how the first reading of a source stands; None: it is done."""
        self.display = found is not None
        if found is not None:
            self.set_class(bool(found.warning), "-wrong")
            head = Text(f"{found.head}", style="bold")
            lines = [Text(visible(line)) for line in found.lines if line]
            self.update(Group(Text(visible(source), style="bold"), Text(), head, Text(), *lines))
