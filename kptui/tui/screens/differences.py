"""The Differences view: what was on the left, what is on the right; enter goes to the rule or the Service's chain."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from kptui.diff.compare import compare
from kptui.errors import KptuiError
from kptui.loading import load_uncounted
from kptui.report.columns import Column
from kptui.report.diff.text import all_lines
from kptui.report.diff.words import Line, summary
from kptui.syntax.ast import collector_paused
from kptui.text import visible
from kptui.tracing import Session
from kptui.tui.screens.chosen import Chosen
from kptui.tui.screens.table_screen import TableScreen
from kptui.tui.table_model import TableColumn, TableModel, TableState
from kptui.tui.tree_model import Place

_STYLES = {"+": "good", "-": "bad", "~": "unsure", "→": "unsure"}


def line_style(line: Line) -> str:
    """The style of a line's sign."""
    return _STYLES[line.sign]


COLUMNS: tuple[TableColumn[Line], ...] = (
    TableColumn(
        Column("what", 22), lambda line: f"{'  ' * line.depth}{line.sign} {line.head}", None,
        lambda line: "strong" if line.depth == 0 else line_style(line),
    ),
    TableColumn(Column("before", 12, rank=1), lambda line: line.old, None, lambda line: "bad"),
    TableColumn(Column("now", 12), lambda line: line.new, None, lambda line: "good"),
)  # fmt: skip


class DifferencesScreen(TableScreen):
    """What differs between another source and the one that is explored."""

    VIEW = "differences"

    def __init__(self, session: Session, before: str, state: TableState) -> None:
        """`before` names the other source."""
        name = f"Differences: {visible(before)} → {visible(session.source)}"
        super().__init__(name, session.ruleset.name, TableModel(COLUMNS, None, state))
        self.session = session
        self.before = before
        self._summary = ""
        self._why = "No difference: counters, dates and orders that decide nothing aside."

    def load(self) -> Sequence[Line]:
        """Both sources are read (again), and compared; nothing if one of them can't be."""
        try:
            with collector_paused():
                found = compare(load_uncounted(self.before), load_uncounted(self.session.source), self.session.names)
        except KptuiError as error:
            self._why = str(error)
            return []
        self._summary = summary(found)
        return list(all_lines(found))

    def summary(self) -> list[str]:
        """How much differs."""
        return [self._summary] if self._summary else []

    def nothing(self) -> str:
        """That nothing differs, or why that can't be told."""
        return self._why

    def detail(self, item: Line) -> RenderableType:
        """Both sides in full, rules as they are written."""
        return line_detail(item)

    def chosen(self, item: Line) -> Chosen | None:
        """The rule as it is now, else its chain."""
        if item.chain is None:
            return None
        table, chain = item.chain
        if self.session.ruleset.chain(table, chain) is None:
            return None
        return Chosen(Place(table, chain, item.after.number if item.after is not None else None))


def line_detail(item: Line) -> Text:
    """Both sides of a line in full, rules as they are written."""
    text = Text(visible(f"{item.sign} {item.head}"), style="bold")
    for side, words, rule in (("before", item.old, item.before), ("now", item.new, item.after)):
        if words:
            text.append(f"\n{side:<8}{visible(words)}", style="not bold")
        if rule is not None:
            text.append(f"\n{'':<8}line {rule.line}: {visible(rule.text)}", style="not bold dim")
    return text
