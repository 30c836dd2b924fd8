"""The busiest view: the rules that count most packets a second, or in total where nothing tells of rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import RenderableType
from rich.text import Text

from kptui.live.counters import Slots, read_counters
from kptui.live.meter import Meter, Rate, counted_rules
from kptui.live.snapshot import Snapshot
from kptui.report.columns import Column
from kptui.report.rule_words import condition_words
from kptui.syntax.text import Lines
from kptui.text import number_of, visible
from kptui.tui.naming import Naming, counted
from kptui.tui.screens.chosen import Chosen
from kptui.tui.screens.table_screen import TableScreen
from kptui.tui.table_model import TableColumn, TableModel, TableState
from kptui.tui.tree_model import Place
from kptui.tui.widgets.chain_tree import short_action
from kptui.tui.widgets.meter_columns import per_second, sparkline

TOP = 200
"""So many rules are shown."""


@dataclass(frozen=True, slots=True)
class Busy:
    """A rule with its counters, rate and history, and what it does in words."""

    place: Place
    packets: int
    bytes: int
    rate: Rate | None
    history: tuple[Rate | None, ...]
    does: str
    asks: str
    text: str


COLUMNS: tuple[TableColumn[Busy], ...] = (
    TableColumn(Column("pkt/s", 6, right=True), lambda busy: per_second(busy.rate), None, lambda busy: "rate"),
    TableColumn(Column("B/s", 6, rank=3, right=True), lambda busy: per_second(busy.rate, 1), None, lambda busy: "rate"),
    TableColumn(
        Column("last", 8, rank=4), lambda busy: sparkline(busy.history, 8).rstrip() if busy.history else "", None,
        lambda busy: "rate",
    ),
    TableColumn(Column("pkts", 6, right=True), lambda busy: counted(busy.packets), lambda busy: -busy.packets),
    TableColumn(Column("bytes", 6, rank=2, right=True), lambda busy: counted(busy.bytes), lambda busy: -busy.bytes),
    TableColumn(Column("rule", 22), lambda busy: f"{busy.place.table} {busy.place.chain} {busy.place.rule}"),
    TableColumn(Column("then", 14), lambda busy: busy.does, None, lambda busy: "label"),
    TableColumn(Column("if …", 12, rank=1), lambda busy: busy.asks),
)  # fmt: skip


class BusiestScreen(TableScreen):
    """The busiest rules, the most packets first."""

    VIEW = "busiest"

    WAITING = "counting …"

    def __init__(self, snapshot: Snapshot, state: TableState) -> None:
        """Later snapshots come by `take_snapshot`."""
        super().__init__("Busiest rules", snapshot.session.ruleset.name, TableModel(COLUMNS, None, state))
        self.snapshot = snapshot

    def load(self) -> Sequence[Busy]:
        """The rules with the highest rates, or the highest counters."""
        snapshot = self.snapshot
        ruleset, meter = snapshot.session.ruleset, _meter(snapshot)
        naming = Naming(snapshot.session)
        found = []
        for each in counted_rules(ruleset, meter.total, meter.busiest(TOP)):
            table = ruleset.table(each.table)
            chain = table.chains.get(each.chain) if table else None
            if table is None or chain is None:
                continue
            rule = chain.rules[each.rule - 1]
            found.append(
                Busy(
                    Place(each.table, each.chain, each.rule),
                    each.packets,
                    each.bytes,
                    meter.rate(each.line),
                    tuple(meter.history(each.line)),
                    short_action(rule, table, naming),
                    condition_words(rule, chain),
                    rule.text,
                )
            )
        return found

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """The source was read again."""
        self.snapshot = snapshot
        self._load()

    def same(self, one: Busy, other: Busy) -> bool:
        """The same rule."""
        return one.place == other.place and one.text == other.text

    def summary(self) -> list[str]:
        """What is counted."""
        if self.snapshot.meter.rated:
            return [f"by packets a second over {self.snapshot.meter.samples[-1].seconds:.1f} s"]
        return ["by packets in total"]

    def nothing(self) -> str:
        """Why there are none."""
        if self.snapshot.meter.rated:
            return "No rule has counted a packet since the reading before."
        return "No rule has counted a packet; iptables-save writes counters only with -c."

    def detail(self, item: Busy) -> RenderableType:
        """The rule as it is written, and what it counts."""
        text = Text(visible(item.text), style="bold")
        text.append(f"\n{number_of(item.packets, 'packet')}, {number_of(item.bytes, 'byte')}", style="not bold")
        if item.rate is not None:
            text.append(f"; {item.rate.packets:,.1f} packets and {item.rate.bytes:,.0f} bytes a second", "not bold")
        return text

    def chosen(self, item: Busy) -> Chosen:
        """The rule."""
        return Chosen(item.place)


def _meter(snapshot: Snapshot) -> Meter:
    """The snapshot's meter; for a dump without readings, one of the counters in its text."""
    if snapshot.meter.counters is not None:
        return snapshot.meter
    lines = snapshot.session.ruleset.lines
    slots = Slots.of(snapshot.session.ruleset)
    return Meter(slots, read_counters(lines.text, len(slots)) if isinstance(lines, Lines) else None)
