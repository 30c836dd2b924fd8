"""The compare view: two traces beside each other, hop by hop; what differs has a sign; enter goes to the rule here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.console import RenderableType
from rich.text import Text

from kptui.ask.request import Request
from kptui.errors import KptuiError
from kptui.live.snapshot import Snapshot
from kptui.netfilter.path import Step
from kptui.netfilter.trace import Trace
from kptui.report.columns import Column
from kptui.report.side_by_side import Row, Side, differences, side_by_side
from kptui.text import visible
from kptui.tracing import Session
from kptui.tui.keys import COMPARE_KEYS, bindings
from kptui.tui.naming import Naming
from kptui.tui.screens.chosen import Chosen
from kptui.tui.screens.table_screen import TableScreen
from kptui.tui.table_model import TableColumn, TableModel, TableState
from kptui.tui.tree_model import Place

_STYLES = {"+": "good", "-": "bad", "~": "unsure"}


@dataclass(frozen=True, slots=True)
class Other:
    """What a trace is compared with: a packet in a source, which `open` reads; `name` is what it is called.

    Without `open` it is a packet in the rules that are explored.
    """

    name: str
    request: Request
    open: Callable[[], Session] | None = None


def _heading(row: Row) -> bool:
    return row.depth == 0


def _style(row: Row) -> str:
    return _STYLES.get(row.sign, "")


COLUMNS: tuple[TableColumn[Row], ...] = (
    TableColumn(Column("", 1), lambda row: row.sign, None, _style),
    TableColumn(
        Column("where", 18, rank=1),
        lambda row: f"{'  ' * row.depth}{row.what}",
        None,
        lambda row: "strong" if _heading(row) else _style(row),
    ),
    TableColumn(Column("before", 15), lambda row: row.left, None, lambda row: "bad" if row.sign else ""),
    TableColumn(Column("now", 15), lambda row: row.right, None, lambda row: "good" if row.sign else ""),
)


class CompareScreen(TableScreen):
    """The trace that is shown, beside another one."""

    VIEW = "compare"
    KEYS = COMPARE_KEYS
    BINDINGS: ClassVar = bindings(COMPARE_KEYS)
    WAITING: ClassVar = "reading, and tracing …"

    def __init__(self, session: Session, request: Request, trace: Trace, other: Other, state: TableState) -> None:
        """`trace` is that of `request` here; nothing of the other side has been read yet."""
        super().__init__(
            f"Compare: {visible(other.name)} → now", session.ruleset.name, TableModel(COLUMNS, None, state)
        )
        self.session = session
        self.request = request
        self.trace: Trace | None = trace
        self.other = other
        self._before: Side | None = None
        self._why = ""

    def load(self) -> Sequence[Row]:
        """The other side is read and traced, unless it was before; nothing if it can't be."""
        session, trace = self.session, self.trace
        try:
            if self._before is None:
                other = self.other.open() if self.other.open is not None else session
                self._before = _side(other, other.trace(self.other.request))
            if trace is None:
                trace = session.trace(self.request)
        except KptuiError as error:
            self._why = str(error)
            return []
        return side_by_side(self._before, _side(session, trace.one_way))

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """The source was read again: the packet is traced in what there is now."""
        if snapshot.facts_changed:
            self.session, self.trace = snapshot.session, None
            if self.other.open is None:
                self._before = None
            self._load()

    def _show(self, shown: list[Any]) -> None:
        """How much differs stands at the table, too: the line at the top may have no room for it."""
        super()._show(shown)
        if self.model.items and not self.state.words.strip():
            self.rows.border_subtitle = Text(differences(self.model.items))

    def summary(self) -> list[str]:
        """How much differs."""
        return [differences(self.model.items)] if self.model.items else []

    def nothing(self) -> str:
        """Why there is nothing to compare with."""
        return self._why

    def detail(self, item: Row) -> RenderableType:
        """Both sides in full, rules as they are written."""
        text = Text(visible(f"{item.sign} {item.what}".strip()), style="bold")
        for side, short, full in (("before", item.left, item.full[0]), ("now", item.right, item.full[1])):
            if short or full:
                text.append(f"\n{side:<8}{visible(short)}", style="not bold")
            if full and full != short:
                text.append(f"\n{'':<8}{visible(full)}", style="not bold dim")
        return text

    def chosen(self, item: Row) -> Chosen | None:
        """The rule on this side; where only the other one has it, its chain if that is here, too."""
        step = item.now or item.before
        if step is None:
            return None
        table = self.session.ruleset.table(step.label)
        if table is None or step.chain not in table.chains:
            return None
        return Chosen(Place(step.label, step.chain, step.rule if item.now else None))

    def same(self, one: Row, other: Row) -> bool:
        """About the same thing."""
        return one.what == other.what and _rule(one.now or one.before) == _rule(other.now or other.before)

    def action_compare(self) -> None:
        """With something else."""
        self.dismiss(Chosen(view="compare"))

    def action_next(self) -> None:
        """The next line that differs."""
        self._step(1)

    def action_previous(self) -> None:
        """The line before that differs."""
        self._step(-1)

    def _step(self, by: int) -> None:
        if not self.step(by, lambda row: row.sign):
            self.notify("No further difference that way.", timeout=4)


def _rule(step: Step | None) -> tuple[str, str, int | None] | None:
    return (step.label, step.chain, step.rule) if step is not None else None


def _side(session: Session, trace: Trace) -> Side:
    naming = Naming(session)

    def label(name: str, chain: str) -> str | None:
        table = session.ruleset.table(name)
        return naming.label(table, chain) if table is not None else None

    return Side(trace, session.ruleset, label)
