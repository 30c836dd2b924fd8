"""The rules of the selected chain, as columns: number, counters, what is asked, what is done then."""

from __future__ import annotations

from collections.abc import Sequence, Set

from rich.text import Text

from kptui.live.snapshot import Snapshot
from kptui.report.rule_words import condition_words
from kptui.syntax.ast import Chain, Rule, Table
from kptui.text import visible
from kptui.tui.marks import Marks
from kptui.tui.naming import Naming
from kptui.tui.settings.fields import settings_of
from kptui.tui.tree_model import Place
from kptui.tui.widgets.chain_tree import HIT, action_style, short_action
from kptui.tui.widgets.meter_columns import MeterColumn, columns_for
from kptui.tui.widgets.row_view import RowView

MEASURED = 100
"""So many rules are looked at to see how much room the actions need."""


class RuleList(RowView):
    """One chain's rules; what a trace passed is numbered, the rest dimmed."""

    HEADED = 1

    def __init__(self, *, id: str) -> None:
        """No chain is shown yet."""
        super().__init__(id=id)
        self.table: Table | None = None
        self.chain: Chain | None = None
        self.naming: Naming | None = None
        self.marks: Marks | None = None
        self.snapshot: Snapshot | None = None
        self.hits: Set[Place] = frozenset()
        self._longest = (0, 0, 0)

    def show_chain(self, table: Table | None, chain: Chain | None, naming: Naming) -> None:
        """Show the rules of a chain, or nothing; what is shown already stays as it is."""
        if table is self.table and (chain and chain.name) == (self.chain and self.chain.name):
            return
        self.table, self.chain, self.naming = table, chain, naming
        self._longest = (0, 0, 0)
        if table and chain and (shown := chain.rules[:MEASURED]):
            actions = [short_action(rule, table, naming) for rule in shown]
            commented = (self._condition(rule, action).cell_len for rule, action in zip(shown, actions, strict=True))
            plain = (len(visible(condition_words(rule, chain))) for rule in shown)
            self._longest = max(commented), max(plain), max(map(len, actions))
        self.scroll_to(0, 0, animate=False, force=True, immediate=True)
        with self.prevent(RowView.Moved):
            self.cursor = 0
        self.refresh_rows()

    def set_marks(self, found: Marks | None) -> None:
        """Light up a trace, or nothing."""
        self.marks = found
        self.redraw()

    def set_hits(self, hits: Set[Place]) -> None:
        """Mark what a search has found."""
        before, self.hits = self.hits, hits
        if self.table is not None and self.chain is not None:
            label, name = self.table.label, self.chain.name

            def changed(row: int) -> bool:
                place = Place(label, name, row + 1)
                return (place in before) != (place in hits)

            self.redraw_rows(changed)

    def set_snapshot(self, snapshot: Snapshot) -> None:
        """Show other counters, and what is news."""
        self.snapshot = snapshot
        self.redraw()

    def _columns(self, width: int) -> Sequence[MeterColumn]:
        """The columns of counters."""
        if self.snapshot is None or not self.chain or not self.chain.rules:
            return ()
        has_counters = self.snapshot.counted(self.chain.rules[0]) is not None
        return columns_for(self.snapshot, width, has_counters, settings_of(self.app).columns)

    @property
    def rule(self) -> Rule | None:
        """The rule the cursor is on."""
        return self.chain.rules[self.cursor] if self.chain and self.cursor < len(self.chain.rules) else None

    def row_count(self) -> int:
        """How many rules the chain has."""
        return len(self.chain.rules) if self.chain else 0

    def header_text(self, width: int) -> Text:
        """The columns' names."""
        if self.chain is None:
            return Text.assemble(("  select a chain to see its rules", self.style_of("counter")))
        if not self.chain.rules:
            goes = f"its policy is {self.chain.policy}" if self.chain.policy else "the packet goes back"
            return Text.assemble((f"  no rules: {goes}", self.style_of("counter")))
        number, room, then = self._widths(width)
        counters = "".join(f"{column.name:>{column.width}} " for column in self._columns(width))
        names = f"{'#':>{number}} {counters}{'if …':<{room}} {'then':<{then}}"
        return Text.assemble((names, self.style_of("counter")))

    def row_text(self, row: int, width: int) -> Text:
        """One rule."""
        assert self.table is not None
        assert self.chain is not None
        rule = self.chain.rules[row]
        place = Place(self.table.label, self.chain.name, rule.number)
        number, room, then = self._widths(width)
        mark = self.marks.number(place) if self.marks else None
        news = self.snapshot.sign(self.table, self.chain.name, rule.line) if self.snapshot else ""
        hit = HIT if place in self.hits else ""
        sign = mark or news or hit
        # Between a hop's sign and the rule's number there is room, or ① and 1 read as one.
        numbered = f"{sign}{rule.number:>{number - len(sign)}} "
        text = Text.assemble(
            (numbered, self.style_of("hop" if mark else "news" if news else "hit" if hit else "counter"))
        )
        for column in self._columns(width):
            assert self.snapshot is not None
            style = self.style_of("rate" if column.rated else "counter")
            text.append(f"{column.text(self.snapshot, rule):>{column.width}} ", style=style)
        action = short_action(rule, self.table, self.naming, then) if self.naming else ""
        condition = self._condition(rule, action)
        condition.truncate(room, overflow="ellipsis", pad=True)
        text.append_text(condition).append(" ")
        text.append(action, style=self.style_of(action_style(rule, self.table)))
        if self.marks is not None and not sign:
            text.stylize(self.style_of("dim"))
        return text

    def _condition(self, rule: Rule, action: str) -> Text:
        """What a rule asks, and its comment unless that says only what the action says."""
        condition = Text(visible(condition_words(rule, self.chain)))
        if rule.comment and not _repeats(rule.comment, action):
            condition.append(f"  “{visible(rule.comment)}”", style=self.style_of("counter"))
        return condition

    def _widths(self, width: int) -> tuple[int, int, int]:
        """(number, condition, action) columns: as wide as what is in them; where room is short comments go first."""
        assert self.chain is not None
        number = len(str(len(self.chain.rules))) + 1 + max(1, self.marks.width if self.marks else 0)
        counters = sum(column.width + 1 for column in self._columns(width))
        left = max(20, width - number - counters - 2)
        commented, plain, action = self._longest
        then = max(12, min(action, max(left // 2, left - plain - 1)))
        return number, min(left - then, max(commented + 2, 12)), then


def _repeats(comment: str, action: str) -> bool:
    """Whether a comment only names the Service or endpoint that the action names already."""
    return bool(action) and action.rpartition(" ")[2] in comment and "/" in action.rpartition(" ")[2]
