"""The changes view: what appeared, went and changed since the source was opened, the newest first."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from kptui.live.changes import Change
from kptui.live.snapshot import Snapshot
from kptui.report.columns import Column
from kptui.text import number_of
from kptui.tui.screens.chosen import Chosen
from kptui.tui.screens.differences import line_detail, line_style
from kptui.tui.screens.table_screen import TableScreen
from kptui.tui.table_model import TableColumn, TableModel, TableState
from kptui.tui.tree_model import Place


def clock(when: float) -> str:
    """The time of day."""
    return time.strftime("%H:%M:%S", time.localtime(when))


COLUMNS: tuple[TableColumn[Change], ...] = (
    TableColumn(Column("seen", 8), lambda change: clock(change.when), lambda change: -change.when),
    TableColumn(
        Column("what", 22),
        lambda change: f"{'  ' * change.line.depth}{change.line.sign} {change.line.head}",
        None,
        lambda change: "strong" if change.line.depth == 0 else line_style(change.line),
    ),
    TableColumn(Column("before", 12, rank=1), lambda change: change.line.old, None, lambda change: "bad"),
    TableColumn(Column("now", 12), lambda change: change.line.new, None, lambda change: "good"),
)


class ChangesScreen(TableScreen):
    """What changed, and when it was seen."""

    VIEW = "changes"

    def __init__(self, snapshot: Snapshot, state: TableState) -> None:
        """Later snapshots come by `take_snapshot`."""
        super().__init__("Changes", snapshot.session.ruleset.name, TableModel(COLUMNS, None, state))
        self.snapshot = snapshot

    def at_hand(self) -> Sequence[Change]:
        """The changes so far."""
        return self.snapshot.changes

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """The source was read again."""
        other = snapshot.changes != self.snapshot.changes
        self.snapshot = snapshot
        if other:
            self.renew(snapshot.changes)

    def summary(self) -> list[str]:
        """How often something changed."""
        times = len({change.when for change in self.snapshot.changes})
        return [f"{number_of(times, 'reading')} with changes"] if times else []

    def nothing(self) -> str:
        """That nothing changed."""
        return "Nothing has changed since this source was opened."

    def detail(self, item: Change) -> RenderableType:
        """Both sides in full, rules as they are written."""
        return Text(f"seen at {clock(item.when)}\n").append_text(line_detail(item.line))

    def chosen(self, item: Change) -> Chosen | None:
        """The rule as it is now, else its chain."""
        line = item.line
        chain = self.snapshot.session.ruleset.chain(*line.chain) if line.chain is not None else None
        if line.chain is None or chain is None:
            return None
        number = line.after.number if line.after is not None else 0
        return Chosen(Place(*line.chain, number if 0 < number <= len(chain.rules) else None))
