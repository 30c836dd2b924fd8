"""The Problems view: what the checks find, the worst first; what it means and what to look at next below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table as Grid
from rich.text import Text

from kptui.kubernetes.checks import CHECKS, SEVERITIES, Finding
from kptui.report.check_text import severity_words
from kptui.report.columns import Column
from kptui.text import visible
from kptui.tracing import Session
from kptui.tui.screens.table_screen import Chosen, TableScreen
from kptui.tui.table_model import TableColumn, TableModel, TableState
from kptui.tui.tree_model import Place

_SIGNS = {"error": "✗ error", "warning": "! warning", "info": "· info"}
_STYLES = {"error": "bad", "warning": "unsure", "info": "counter"}
_BY_ID = {check.id: check for check in CHECKS}


def _style(found: Finding) -> str:
    return _STYLES[found.severity]


def _where(found: Finding) -> str:
    place = found.place
    return " ".join(filter(None, [place.table, place.chain, str(place.rule or "")]))


COLUMNS: tuple[TableColumn[Finding], ...] = (
    TableColumn(
        Column("severity", 9),
        lambda found: _SIGNS[found.severity],
        lambda found: SEVERITIES.index(found.severity),
        _style,
    ),
    TableColumn(Column("line", 4, rank=2, right=True), lambda found: str(found.line or ""), lambda found: found.line),
    TableColumn(Column("check", 14, rank=1), lambda found: found.id, lambda found: found.id, lambda found: "strong"),
    TableColumn(Column("where", 20, rank=3), _where, _where, lambda found: "label"),
    TableColumn(Column("what", 36), lambda found: found.message),
)


class ProblemsScreen(TableScreen):
    """What the checks find in a ruleset."""

    VIEW = "problems"

    WAITING = "looking …"

    def __init__(self, session: Session, state: TableState) -> None:
        """Nothing is looked at before the view is open."""
        super().__init__("Problems", session.ruleset.name, TableModel(COLUMNS, None, state))
        self.session = session

    def load(self) -> Sequence[Finding]:
        """The findings, the worst first."""
        return self.session.problems

    def summary(self) -> list[str]:
        """How many there are of each severity."""
        counts = Counter(found.severity for found in self.model.items)
        return [severity_words(severity, counts[severity]) for severity in SEVERITIES if counts[severity]]

    def nothing(self) -> str:
        """That all is well."""
        return f"No problem found: {len(CHECKS)} checks looked for one."

    def detail(self, item: Finding) -> RenderableType:
        """The finding in full, the rule as it is written, what the check is about."""
        check = _BY_ID[item.id]
        grid = Grid.grid(padding=(0, 2))
        grid.add_column(width=8, style="dim")
        grid.add_column()
        told = [("what", visible(item.message)), ("rule", self._line(item)), ("look at", visible(item.hint))]
        for name, text in (*told, ("meaning", f"{check.title}. {check.means}")):
            if text:
                grid.add_row(Text(name), Text(text, style="bold" if name == "what" else ""))
        return grid

    def _line(self, item: Finding) -> str:
        """The line of the dump, with its number."""
        lines = self.session.ruleset.lines
        return f"{item.line}: {visible(lines[item.line - 1])}" if 0 < item.line <= len(lines) else ""

    def chosen(self, item: Finding) -> Chosen | None:
        """The rule, or the chain; nothing where it is about no place that the explorer shows."""
        place = item.place
        if not place.table or item.family != self.session.ruleset.family:
            return None
        return Chosen(Place(place.table, place.chain or None, place.rule))
