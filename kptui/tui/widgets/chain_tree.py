"""The chain tree: tables, their chains with policy and counters, the chains' rules."""

from __future__ import annotations

from collections.abc import Set
from typing import ClassVar

from rich.text import Text
from textual import events

from kptui.live.snapshot import Snapshot
from kptui.report.rule_words import action_words, condition_words
from kptui.ruleset.jumps import leads_to
from kptui.syntax.ast import Rule, Table
from kptui.text import number_of, visible
from kptui.tui.keys import TREE_KEYS, bindings
from kptui.tui.marks import Marks
from kptui.tui.naming import Naming, counted, shortened
from kptui.tui.tree_model import Place, TreeModel
from kptui.tui.widgets.meter_columns import chain_rate
from kptui.tui.widgets.row_view import RowView

MARK_WIDTH = 2
HIT = "/"
"""The sign of what a search has found."""
FOLDS = ("▾", "▸")
"""The signs of what is unfolded, and what is folded."""


class ChainTree(RowView):
    """Tables, chains and rules; what a trace passed is numbered, the rest of the tree dimmed."""

    BINDINGS: ClassVar = bindings(TREE_KEYS)

    def __init__(self, model: TreeModel, naming: Naming, *, id: str) -> None:
        """The model says which rows there are."""
        super().__init__(id=id)
        self.border_title = "Chains"
        self.border_subtitle = "packets · policy or rules"
        self.model = model
        self.naming = naming
        self.marks: Marks | None = None
        self.snapshot: Snapshot | None = None
        self.hits: Set[Place] = frozenset()

    def set_model(self, model: TreeModel, naming: Naming) -> None:
        """Show another ruleset."""
        self.model, self.naming = model, naming
        self.refresh_rows()

    def set_marks(self, found: Marks | None) -> None:
        """Light up a trace, or nothing."""
        self.marks = found
        self.redraw()

    def set_hits(self, hits: Set[Place]) -> None:
        """Mark what a search has found."""
        before, self.hits = self.hits, hits
        places = self.model.at
        self.redraw_rows(lambda row: (places(row) in before) != (places(row) in hits))

    def set_snapshot(self, snapshot: Snapshot) -> None:
        """Show other counters, and what is news."""
        self.snapshot = snapshot
        self.border_subtitle = "packets/s · policy or rules" if snapshot.meter.rated else "packets · policy or rules"
        self.redraw()

    def _sign(self, table: Table, place: Place) -> str:
        """The sign of what is news."""
        if (
            self.snapshot is None
            or place.chain is None
            or not (self.snapshot.marks.rules or self.snapshot.marks.chains)
        ):
            return ""
        if place.rule is None:
            return self.snapshot.sign(table, place.chain)
        return self.snapshot.sign(table, place.chain, table.chains[place.chain].rules[place.rule - 1].line)

    @property
    def place(self) -> Place | None:
        """What the cursor is on."""
        return self.model.at(self.cursor) if len(self.model) else None

    def show_place(self, place: Place) -> None:
        """Unfold what hides a place and put the cursor there."""
        row = self.model.reveal(place)
        if len(self.model) != self.virtual_size.height:
            self.refresh_rows()
        if row is not None:
            self.go_to(row)

    def row_count(self) -> int:
        """How many rows are not folded away."""
        return len(self.model)

    def row_text(self, row: int, width: int) -> Text:
        """A table, a chain or a rule."""
        place = self.model.at(row)
        table = self.model.ruleset.table(place.table)
        assert table is not None
        dim = self.marks is not None and not self.marks.holds(place)
        number = (self.marks.number(place) if self.marks and place.chain else None) or ""
        news = "" if number else self._sign(table, place)
        hit = HIT if place in self.hits and not number and not news else ""
        room = max(MARK_WIDTH, self.marks.width + 1 if self.marks else 0)
        text = Text.assemble(
            (f"{number or news or hit:<{room}}", self.style_of("news" if news else "hit" if hit else "hop"))
        )
        if place.chain is None:
            text.append_text(self._table(table, place, width - text.cell_len))
        elif place.rule is None:
            text.append_text(self._chain(table, place, width - text.cell_len))
        else:
            text.append_text(self._rule(table, place))
        if dim and not hit:
            text.stylize(self.style_of("dim"))
        return text

    def _fold(self, place: Place, leaf: bool = False) -> str:
        return "  " if leaf else f"{FOLDS[not self.model.is_open(place)]} "

    def _table(self, table: Table, place: Place, width: int) -> Text:
        right = f" {number_of(self.model.rules(table.label), 'rule')} "
        text = Text(self._fold(place))
        text.append(visible(table.label), style=self.style_of("strong"))
        return _filled(text, Text.assemble((right, self.style_of("counter"))), width)

    def _chain(self, table: Table, place: Place, width: int) -> Text:
        assert place.chain is not None
        chain = table.chains[place.chain]
        right = Text(" ")
        if self.snapshot is not None and self.snapshot.meter.rated:
            rate = chain_rate(self.snapshot, table, chain.name, width)
            right.append(f"{rate} " if rate else "", style=self.style_of("rate"))
        elif chain.packets:
            right.append(f"{counted(chain.packets)} ", style=self.style_of("counter"))
        if chain.policy:
            right.append(f"{chain.policy} ", style=self.style_of("bad" if chain.policy == "DROP" else "good"))
        else:
            right.append(f"{len(chain.rules):,} ", style=self.style_of("counter"))
        left = Text("  " + self._fold(place, leaf=not chain.rules))
        label = self.naming.label(table, chain.name)
        room = width - left.cell_len - right.cell_len
        name = visible(chain.name)
        if label:
            # The prefix tells the role and the label the rest; the hash between them is the first thing to go.
            name = shortened(name, max(len("KUBE-SVC…"), room - len(label) - 1))
        left.append(name, style=self.style_of("strong" if chain.builtin else "jump"))
        if label:
            left.append(f" {visible(label)}", style=self.style_of("label"))
        elif not chain.builtin and (role := self.naming.role(table, chain.name)):
            left.append(f" {role}", style=self.style_of("counter"))
        return _filled(left, right, width)

    def _rule(self, table: Table, place: Place) -> Text:
        assert place.chain is not None
        assert place.rule is not None
        chain = table.chains[place.chain]
        rule = chain.rules[place.rule - 1]
        text = Text.assemble((f"    {place.rule:>3} ", self.style_of("counter")))
        text.append(short_action(rule, table, self.naming), style=self.style_of(action_style(rule, table)))
        text.append(f"  {visible(condition_words(rule, chain))}")
        return text

    def on_click(self, event: events.Click) -> None:
        """A click on the sign of folding folds; that on the row puts the cursor there, as in every list."""
        at = event.get_content_offset(self)
        row = at.y + self.scroll_offset.y if at is not None else -1
        if at is None or event.chain > 1 or not 0 <= row < self.row_count():
            return
        if self.row_text(row, self.size.width).plain[at.x : at.x + 1] in FOLDS:
            self.model.toggle(self.model.at(row))
            self.refresh_rows()

    def action_fold_or_unfold(self) -> None:
        """Fold or unfold what the cursor is on."""
        place = self.place
        if place is not None and place.rule is None:
            self.model.toggle(place)
            self.refresh_rows()

    def action_fold(self) -> None:
        """Fold; on a rule or something folded, go to what it lies in."""
        place = self.place
        if place is None:
            return
        if place.rule is None and self.model.is_open(place):
            self.action_fold_or_unfold()
        elif place.parent is not None:
            row = self.model.row(place.parent)
            self.go_to(row if row is not None else self.cursor)

    def action_unfold(self) -> None:
        """Unfold; on something unfolded, go to its first row."""
        place = self.place
        if place is None or place.rule is not None:
            return
        if self.model.is_open(place):
            self.go_to(self.cursor + 1)
        else:
            self.action_fold_or_unfold()


def short_action(rule: Rule, table: Table, naming: Naming, room: int | None = None) -> str:
    """What a rule does; of a chain that stands for something, its name's first part and what that is will do.

    Where there is no room for both, what it stands for.
    """
    action = visible(action_words(rule, table))
    chain = leads_to(rule, table)
    label = naming.label(table, chain) if chain else None
    if not label:
        return action
    both = f"{action[0]} {'-'.join((chain or '').split('-')[:2])} {visible(label)}"
    return both if room is None or len(both) <= room else f"{action[0]} {visible(label)}"


def action_style(rule: Rule, table: Table) -> str:
    """The style for what a rule does."""
    if rule.error is not None:
        return "unsure"
    if leads_to(rule, table):
        return "jump"
    name = rule.target.name if rule.target else ""
    return {"ACCEPT": "good", "DROP": "bad", "REJECT": "bad", "DNAT": "strong", "MASQUERADE": "strong"}.get(
        name, "label"
    )


def _filled(left: Text, right: Text, width: int) -> Text:
    """Left and right text with the room between them; the left one is cut with an ellipsis if there is none."""
    room = max(1, width - right.cell_len)
    left.truncate(room, overflow="ellipsis", pad=True)
    return left.append_text(right)
