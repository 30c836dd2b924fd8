"""What the keys of the chains do in a table that covers them: it is done for the row under the cursor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol, runtime_checkable

from textual.screen import Screen

from kptui.ask.request import Request
from kptui.tui.keys import INSTEAD
from kptui.tui.screens.chosen import Chosen
from kptui.tui.telling import tell
from kptui.tui.tree_model import Place

NO_PLACE = "This row is about no rule or chain of these rules: another row may be."


@runtime_checkable
class Explorer(Protocol):
    """The main screen, as far as a table above it makes use of it."""

    def exists(self, place: Place) -> bool:
        """Whether a place is still there."""

    def line_of(self, place: Place | None) -> int:
        """Where a place stands in the dump."""

    def edit(self, line: int) -> None:
        """Open an editor at a line."""

    def mark(self, place: Place) -> None:
        """Ask for a letter to mark a place with."""

    def form(self, place: Place | None) -> Screen[Request | None]:
        """The form for a packet, filled in for a place."""

    def leads(self, place: Place | None) -> Screen[Chosen] | None:
        """The view of what leads to a place."""

    def action_go_to_mark(self) -> None:
        """Ask for the letter of a mark, and go there."""

    def action_reload(self) -> None:
        """Read the source again."""

    def action_pause(self) -> None:
        """Read no more by itself, or go on."""


class RowKeys(Screen[Chosen]):
    """The part of a table that does to its row what the main screen does to what is selected there."""

    OTHERWISE: ClassVar[Mapping[str, str]] = {}
    """What this table says of keys that have nothing to act on in it, where that is other than elsewhere."""

    NO_RULES: ClassVar = "There are no rules to do that in."
    """What is said where no main screen is below."""

    def place_of_row(self) -> Place | None:
        """The rule or chain that the selected row is about, None for none."""
        raise NotImplementedError

    OF_NODES: ClassVar = False
    """Whether the rows are of several nodes, so that there is no one main screen that they could be about."""

    @property
    def explorer(self) -> Explorer | None:
        """The main screen below, None (and told) if there is none."""
        stack = () if self.OF_NODES else self.app.screen_stack
        found = next((each for each in stack if isinstance(each, Explorer)), None)
        if found is None:
            tell(self, self.NO_RULES)
        return found

    def _place(self, explorer: Explorer) -> Place | None:
        """The row's place; that there is none is told."""
        place = self.place_of_row()
        if place is None or not explorer.exists(place):
            tell(self, NO_PLACE)
            return None
        return place

    def action_trace(self) -> None:
        """Ask for a packet, filled in for what the row is about; as it was asked last where it is about no rule."""
        if (explorer := self.explorer) is not None:
            self.app.push_screen(explorer.form(self.place_of_row()), self._asked)

    def _asked(self, request: Request | None) -> None:
        if request is not None:
            self.dismiss(Chosen(request=request))

    def action_leads(self) -> None:
        """What leads to the row's chain."""
        if (explorer := self.explorer) is not None and (place := self._place(explorer)) is not None:
            view = explorer.leads(place)
            if view is None:
                tell(self, NO_PLACE)
            else:
                self.app.push_screen(view, self._led)

    def _led(self, found: Chosen | None) -> None:
        if found is not None and found != Chosen():
            self.dismiss(found)

    def action_edit(self) -> None:
        """Open the row's rule in an editor."""
        if (explorer := self.explorer) is not None and (line := self.line_of_row(explorer)):
            explorer.edit(line)

    def line_of_row(self, explorer: Explorer) -> int:
        """The line of the dump that the row is about, 0 (and told) for none."""
        place = self._place(explorer)
        return explorer.line_of(place) if place is not None else 0

    def action_mark(self) -> None:
        """Mark the row's rule or chain."""
        if (explorer := self.explorer) is not None and (place := self._place(explorer)) is not None:
            explorer.mark(place)

    def action_go_to_mark(self) -> None:
        """Go to a mark; the table closes then."""
        if (explorer := self.explorer) is not None:
            explorer.action_go_to_mark()

    def action_reload(self) -> None:
        """Read the source again."""
        if (explorer := self.explorer) is not None:
            tell(self, "Reading the source again …", timeout=2)
            explorer.action_reload()

    def action_pause(self) -> None:
        """Read no more by itself, or go on."""
        if (explorer := self.explorer) is not None:
            explorer.action_pause()

    def action_instead(self, id: str) -> None:
        """Say why a key does nothing here, and what to do instead."""
        tell(self, {**INSTEAD, **self.OTHERWISE}[id], timeout=4)
