"""Marks: a letter for where one is, and back there by the letter."""

from __future__ import annotations

from functools import partial

from kptui.text import visible
from kptui.tracing import Session
from kptui.tui.bookmarks import Bookmark, written
from kptui.tui.screens.mark_menu import MarkMenu
from kptui.tui.screens.places import Places
from kptui.tui.settings.fields import settings_of
from kptui.tui.telling import tell, with_keys
from kptui.tui.tree_model import Place
from kptui.tui.widgets.menu_lines import MenuLine

GO = "Its letter goes there; {back} comes back."
NONE = "No mark is set: {mark} and a letter sets one."


class Marking(Places):
    """The part of the main screen that sets marks and goes to them."""

    def __init__(self, session: Session) -> None:
        """No mark is set."""
        super().__init__(session)
        self.bookmarks: dict[str, Bookmark] = {}

    def action_mark(self) -> None:
        """Wait for a letter, and mark the place with it."""
        if self.navigation.place is None:
            self.notify("Select a chain or a rule.", timeout=3)
        else:
            self.mark(self.navigation.place)

    def mark(self, place: Place) -> None:
        """Wait for a letter, and mark a place with it."""
        menu = MarkMenu("Mark this place", f"A letter or digit marks {_named(place)}.", self._listed())
        self.app.push_screen(menu, partial(self._set_mark, place))

    def action_go_to_mark(self) -> None:
        """Wait for the letter of a mark, and go there."""
        if not self.bookmarks:
            tell(self, NONE)
        else:
            self.app.push_screen(
                MarkMenu("Go to a mark", with_keys(GO, settings_of(self.app)), self._listed()), self._go_to_mark
            )

    def _bookmark(self, place: Place) -> Bookmark:
        rule = self._rule(place)
        return Bookmark(place, written(rule) if rule is not None else "")

    def _set_mark(self, place: Place, letter: str | None) -> None:
        if letter:
            self.bookmarks[letter] = self._bookmark(place)
            tell(self, "Mark {letter} is set: {marks} {letter} comes back here.", letter=letter)

    def _go_to_mark(self, letter: str | None) -> None:
        if not letter:
            return
        mark = self.bookmarks.get(letter)
        place, whole = mark.now(self.ruleset) if mark is not None else (None, False)
        if mark is None:
            tell(self, "There is no mark {letter}: {mark} {letter} sets it.", letter=letter)
        elif place is None:
            self.notify(f"Where mark {letter} was set is no more.", timeout=4, markup=False)
        else:
            while self.app.screen is not self:
                # From a view that covers the chains.
                self.app.pop_screen()
            self.follow_to(place)
            if not whole:
                what = "rule" if mark.place.rule is not None else "chain"
                self.notify(f"The {what} of mark {letter} is no more; this is where it was.", timeout=4, markup=False)

    def _listed(self) -> list[MenuLine]:
        lines = []
        for letter, mark in sorted(self.bookmarks.items()):
            place, whole = mark.now(self.ruleset)
            words = mark.text or self._stands_for(mark)
            shown = place if whole and place is not None else mark.place
            lines.append(MenuLine(letter, _named(shown), words if whole else "no more", whole))
        return lines

    def _stands_for(self, mark: Bookmark) -> str:
        table, chain = self._table_chain(mark.place)
        return (self.naming.known(table, chain.name) if table and chain else None) or ""


def _named(place: Place) -> str:
    return visible(" ".join(str(part) for part in (place.table, place.chain, place.rule) if part is not None))
