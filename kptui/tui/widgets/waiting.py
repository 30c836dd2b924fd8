"""What stands in the place of the panes while there are no rules to show: what is waited for, or what went wrong."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from kptui.text import visible
from kptui.tui.live_words import Standing

BAR = 40
"""Cells of the bar that shows how much is done."""


class Waiting(Static):
    """A block in the middle of the screen; hidden as soon as there are rules."""

    def show(self, source: str, found: Standing | None) -> None:
        """Say how the first reading of a source stands; None: it is done."""
        self.display = found is not None
        if found is not None:
            self.set_class(bool(found.warning), "-wrong")
            far = [_bar(found.share), Text()] if found.share is not None else []
            above = [Text(visible(source), style="bold"), Text(), Text(found.head, style="bold"), Text(), *far]
            self.update(Text("\n").join([*above, *(Text(visible(line)) for line in found.lines)]))


def _bar(share: float) -> Text:
    """How much is done, as a bar and in per cent."""
    done = round(share * BAR)
    return Text.assemble(("━" * done, "bold"), ("─" * (BAR - done), "dim"), f" {share:4.0%}")
