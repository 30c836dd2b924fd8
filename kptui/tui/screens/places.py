"""Being somewhere in a ruleset: tree, rule list and detail show one place and follow each other."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text
from textual import on
from textual.screen import Screen

from kptui.report.explain.around import Around
from kptui.ruleset.jumps import leads_to
from kptui.syntax.ast import Chain, Rule, Ruleset, Table
from kptui.syntax.diagnostics import Diagnostic
from kptui.text import visible
from kptui.tracing import Session
from kptui.tui.copying import Item, place_items
from kptui.tui.marks import Marks
from kptui.tui.naming import Naming, shortened
from kptui.tui.navigation import Navigation
from kptui.tui.screens.copy_menu import copy_from
from kptui.tui.tree_model import Place
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.row_view import RowView
from kptui.tui.widgets.rule_detail import RuleDetail
from kptui.tui.widgets.rule_list import RuleList


@dataclass(slots=True)
class Survey:
    """What takes a look at every rule: what could not be read (and, in `Around`, who jumps where)."""

    diagnostics: tuple[Diagnostic, ...]


class Places(Screen[None]):
    """The part of the main screen that goes to places and follows jumps."""

    def __init__(self, session: Session) -> None:
        """Nowhere yet."""
        super().__init__()
        self.session = session
        self.naming = Naming(session)
        self.around = Around(session.ruleset, lambda: session.services, session.backend)
        self.navigation = Navigation()
        self.survey: Survey | None = None
        self.marks: Marks | None = None

    @property
    def ruleset(self) -> Ruleset:
        """What is being looked at."""
        return self.session.ruleset

    def on_resize(self) -> None:
        """The breadcrumbs are cut to fit."""
        self.call_after_refresh(self._show_breadcrumbs)

    def go(self, place: Place | None) -> None:
        """Show a place in every pane."""
        if place is None:
            self._show_detail()
            return
        self.navigation.move(place)
        self._show(place)

    def _show(self, place: Place) -> None:
        tree = self.query_one(ChainTree)
        with tree.prevent(RowView.Moved):
            tree.show_place(place)
        self._show_rules(place)

    def _show_rules(self, place: Place) -> None:
        table, chain = self._table_chain(place)
        rules = self.query_one(RuleList)
        rules.show_chain(table, chain, self.naming)
        self._show_breadcrumbs()
        with rules.prevent(RowView.Moved):
            rules.go_to((place.rule or 1) - 1)
        self._show_detail()

    def _show_detail(self) -> None:
        place = self.navigation.place
        table, chain = self._table_chain(place) if place else (None, None)
        rule = self._rule(place) if place else None
        known = self.survey is not None
        self.query_one(RuleDetail).show(table, chain, rule, self.around, known, self.marks)

    def _table_chain(self, place: Place) -> tuple[Table | None, Chain | None]:
        table = self.ruleset.table(place.table)
        return table, table.chains.get(place.chain) if table and place.chain else None

    def _rule(self, place: Place) -> Rule | None:
        _, chain = self._table_chain(place)
        if chain is None or place.rule is None or place.rule > len(chain.rules):
            return None
        return chain.rules[place.rule - 1]

    def _show_breadcrumbs(self) -> None:
        self.query_one(RuleList).border_title = self._breadcrumbs()

    def _breadcrumbs(self) -> Text:
        """The chains followed to get here, the first ones left out where there is no room."""
        width = self.query_one("#right").size.width or self.app.size.width * 3 // 5
        room = max(20, width - 6)
        names = [visible(place.chain or "") for place in self.navigation.trail if place.chain]
        table = self.navigation.trail[-1].table if self.navigation.trail else ""
        while len(names) > 1 and len(" › ".join([table, "…", *names])) > room:
            names.pop(0)
        dropped = len(names) < sum(1 for place in self.navigation.trail if place.chain)
        if names:
            names[-1] = shortened(names[-1], max(12, room - len(table) - 6))
        return Text(" › ".join([table, *(["…"] if dropped else []), *names]))

    @on(RowView.Moved, "#chains")
    def tree_moved(self) -> None:
        """The tree's cursor leads the other panes."""
        place = self.query_one(ChainTree).place
        if place is not None:
            self.navigation.move(place)
            self._show_rules(place)

    @on(RowView.Moved, "#rules")
    def rule_moved(self, event: RowView.Moved) -> None:
        """A rule in the list leads the detail, and the tree if it shows that rule."""
        place = self.navigation.place
        if place is None or place.chain is None:
            return
        here = Place(place.table, place.chain, event.row + 1)
        self.navigation.move(here)
        tree = self.query_one(ChainTree)
        row = tree.model.row(here)
        if row is not None:
            with tree.prevent(RowView.Moved):
                tree.go_to(row)
        self._show_detail()

    @on(RowView.Chosen)
    def chosen_by_click(self) -> None:
        """A double click follows."""
        self.action_follow()

    def action_follow(self) -> None:
        """Follow a jump, or fold; on a hop or an outcome, go there."""
        focused = self.focused
        if isinstance(focused, ChainTree) and focused.place is not None and focused.place.rule is None:
            focused.action_fold_or_unfold()
            return
        place = self.navigation.place
        if isinstance(focused, RuleList) and place is not None and place.chain and focused.rule is not None:
            place = Place(place.table, place.chain, focused.rule.number)
        rule = self._rule(place) if place else None
        table = self._table_chain(place)[0] if place else None
        target = leads_to(rule, table) if rule and table else None
        if place is None or table is None or target is None:
            self.notify("This rule jumps nowhere." if rule else "Select a rule to follow its jump.", timeout=3)
            return
        self.navigation.place = place
        self.follow_to(Place(place.table, target))

    def follow_to(self, place: Place) -> None:
        """Go to a place, with a way back."""
        self.navigation.follow(place)
        self._show(place)

    def action_back(self) -> None:
        """Back to where the last jump came from."""
        self._revisit(self.navigation.back(), "Nothing to go back to.")

    def action_forward(self) -> None:
        """Forward again."""
        self._revisit(self.navigation.forward(), "Nothing to go forward to.")

    def _revisit(self, place: Place | None, otherwise: str) -> None:
        if place is None:
            self.notify(otherwise, timeout=3)
        else:
            self._show(place)

    def action_copy(self) -> None:
        """Ask what is to be copied."""
        copy_from(self, self.copy_items())

    def copy_items(self) -> list[Item]:
        """What can be copied: the selected rule, its chain."""
        place = self.navigation.place
        if place is None:
            return place_items(None, None)
        return place_items(self._rule(place), self._table_chain(place)[1])

    def exists(self, place: Place) -> bool:
        """Whether a place is still there."""
        table, chain = self._table_chain(place)
        if table is None or (place.chain is not None and chain is None):
            return False
        return place.rule is None or (chain is not None and place.rule <= len(chain.rules))
