"""The Problems view: what the checks find, the worst first; what it means and what to look at next below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table as Grid
from rich.text import Text

from kptui.kubernetes.checks import CHECKS, SEVERITIES, Finding, Looking
from kptui.live.snapshot import Snapshot
from kptui.report.check_text import severity_words
from kptui.report.columns import Column
from kptui.text import visible
from kptui.tracing import Session
from kptui.tui.screens.chosen import Chosen
from kptui.tui.screens.table_screen import HERE, TableScreen
from kptui.tui.settings.fields import settings_of
from kptui.tui.table_model import TableColumn, TableModel, TableState
from kptui.tui.telling import tell, with_keys
from kptui.tui.tree_model import Place

TICK = 0.25
"""Seconds between two looks at how far the search is."""
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
        self._newest = session
        self.looking: Looking | None = None
        """The search that is under way."""
        self._ended_at: float | None = None
        """How much had been looked at when it was ended."""

    def on_mount(self) -> None:
        """Say how far the search is; what every table does when it is opened, begins it."""
        self.set_interval(TICK, self._tell_how_far)

    def load(self) -> Sequence[Finding]:
        """The findings, the worst first."""
        self.looking = looking = Looking()
        found = self.session.look_for_problems(looking)
        self._ended_at = looking.share if looking.incomplete else None
        self.looking = None
        return found

    def _tell_how_far(self) -> None:
        looking = self.looking
        if looking is not None:
            end = "ending" if looking.ended else "{view_close} ends it and shows what has been found"
            self.rows.waiting = with_keys(f"looking … {looking.share:.0%} · {end}", settings_of(self.app))
            self.rows.redraw()

    def action_close(self) -> None:
        """End the search, then as everywhere."""
        if self.looking is not None and not self.looking.ended:
            self.looking.ended = True
            self._tell_how_far()
        else:
            super().action_close()

    def on_unmount(self) -> None:
        """Look no further: nobody waits."""
        if self.looking is not None:
            self.looking.ended = True

    def action_problems(self) -> None:
        """Look again, where not everything was looked at or it is other by now."""
        if self.looking is not None:
            tell(self, "It is being looked at.")
        elif self._ended_at is None and self.session is self._newest:
            tell(self, HERE)
        else:
            self.session = self._newest
            self.model.items = ()
            self.rows.border_title = self.table_name
            self._show([])
            self.rows.waiting = self.WAITING
            self._show_detail()
            self._load()

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """The source was read again: what was found stays, for on a large host it takes its time to look again."""
        self._newest = snapshot.session if snapshot.rules_changed else self._newest
        if self.session is not self._newest:
            self.rows.border_title = Text(
                with_keys("Problems · of rules that have changed since: {problems} looks again", settings_of(self.app))
            )

    def summary(self) -> list[str]:
        """How many there are of each severity."""
        counts = Counter(found.severity for found in self.model.items)
        told = [severity_words(severity, counts[severity]) for severity in SEVERITIES if counts[severity]]
        if self._ended_at is not None:
            self.rows.border_title = Text(
                with_keys(
                    f"Problems · incomplete, ended at {self._ended_at:.0%}: {{problems}} looks again",
                    settings_of(self.app),
                )
            )
        return [*(["incomplete"] if self._ended_at is not None else []), *told]

    def nothing(self) -> str:
        """That all is well, or was as far as it was looked at."""
        if self._ended_at is not None:
            return f"No problem found so far, at {self._ended_at:.0%}: the search was ended."
        return f"No problem found: {len(CHECKS)} checks looked for one."

    def missing(self) -> str:
        """Whether it was looked for to the end."""
        return super().missing() if self._ended_at is None else f"{super().missing()} incomplete"

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
