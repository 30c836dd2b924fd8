"""The Journey view: the hooks as stages, with what came in, what rules did, what left; enter goes to the rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.console import RenderableType
from rich.text import Text

from kptui.netfilter.path import Step
from kptui.netfilter.trace import Trace
from kptui.report.columns import Column
from kptui.report.stages import ROUTING, end_words, packet_at, stages
from kptui.report.words import effect_words, question, share_text
from kptui.text import visible
from kptui.tracing import Session
from kptui.tui.keys import JOURNEY_KEYS, bindings
from kptui.tui.marks import circled
from kptui.tui.screens.chosen import Chosen
from kptui.tui.screens.table_screen import TableScreen
from kptui.tui.table_model import TableColumn, TableModel
from kptui.tui.telling import tell
from kptui.tui.tree_model import Place

_STYLES = {"✓": "good", "✗": "bad", "⇒": "strong", "→": "jump", "⇢": "jump"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the journey: where, what, and the rule it is about; a heading has no step."""

    where: str
    what: str
    style: str = ""
    step: Step | None = None
    number: str = ""


COLUMNS: tuple[TableColumn[Line], ...] = (
    TableColumn(Column("hop", 4, right=True), lambda line: line.number, None, lambda line: "hop"),
    TableColumn(
        Column("stage", 26), lambda line: line.where, None, lambda line: "" if line.step is not None else "strong"
    ),
    TableColumn(Column("what happens", 30), lambda line: line.what, None, lambda line: line.style),
    TableColumn(
        Column("line", 4, rank=1, right=True),
        lambda line: str(line.step.line) if line.step else "",
        None,
        lambda line: "counter",
    ),
)


class JourneyScreen(TableScreen):
    """One outcome of a trace, stage by stage."""

    VIEW = "journey"

    BINDINGS: ClassVar = bindings(JOURNEY_KEYS)
    KEYS = JOURNEY_KEYS

    def __init__(self, session: Session, trace: Trace, outcome: int) -> None:
        """`outcome` counts from 0."""
        super().__init__("Journey", session.ruleset.name, TableModel(COLUMNS))
        self.session = session
        self.trace = trace
        self.outcome = outcome

    def at_hand(self) -> Sequence[Line]:
        """All lines: they are few."""
        found = self.trace.outcomes[self.outcome]
        count = len(self.trace.outcomes)
        which = f"outcome {self.outcome + 1} of {count} · " if count > 1 else ""
        assumed = ", if assumed so" if found.assumptions else ""
        self.rows.border_title = Text(f"Journey · {which}{share_text(found.probability)}{assumed}")
        return list(_lines(self.trace, self.outcome, self.session))

    def _show(self, shown: list[Any]) -> None:
        """How it ends stands at the table, too: the line at the top may have no room for it."""
        super()._show(shown)
        found = self.trace.outcomes[self.outcome]
        self.rows.border_subtitle = Text(f"{'if assumed so: ' if found.assumptions else ''}{visible(end_words(found))}")

    def summary(self) -> list[str]:
        """The packet, and how it ends; never without an "if" where that is assumed."""
        found = self.trace.outcomes[self.outcome]
        return [packet_at(self.trace.packet), f"{'if assumed so: ' if found.assumptions else ''}{end_words(found)}"]

    def detail(self, item: Line) -> RenderableType:
        """The rule as it is written, and what it is about."""
        if item.step is None:
            return Text(visible(f"{item.where.strip()} {item.what}"))
        label = self.session.chain_label(item.step.chain)
        text = Text(visible(item.step.text.strip()))
        if label:
            text.append(f"\n{visible(item.step.chain)}: {visible(label)}", style="dim")
        return text

    def chosen(self, item: Line) -> Chosen | None:
        """Its rule, or the chain whose policy decided."""
        step = item.step
        return Chosen(Place(step.label, step.chain, step.rule)) if step is not None else None

    def action_outcome(self, step: int) -> None:
        """The next outcome, or the one before."""
        if len(self.trace.outcomes) == 1:
            tell(self, "There is one outcome only.")
            return
        self.outcome = (self.outcome + step) % len(self.trace.outcomes)
        self.state.row = 0
        self._begin(self.at_hand())

    def action_next(self) -> None:
        """The next line that a rule or a policy stands behind."""
        self._step(1)

    def action_previous(self) -> None:
        """The line before that one stands behind."""
        self._step(-1)

    def _step(self, by: int) -> None:
        if not self.step(by, lambda line: line.step):
            tell(self, "No further hop that way: {outcome} shows the next outcome.")


def _lines(trace: Trace, number: int, session: Session) -> Iterator[Line]:
    outcome = trace.outcomes[number]
    for assumption in outcome.assumptions:
        yield Line("assumed", f"{'yes' if assumption.assumed else 'no'}: {visible(question(assumption))}", "unsure")
    hop = 0
    for stage in stages(trace.packet, outcome):
        if stage.name == ROUTING:
            yield Line(ROUTING, visible(stage.left), "label")
            continue
        yield Line(stage.name, f"in   {stage.entered}", "counter")
        before = ""
        for step in stage.steps:
            hop += 1
            table = step.table if step.table != before else ""
            before = step.table
            yield _step(step, table, circled(hop), session)
        if not stage.steps:
            yield Line(f"  {' '.join(stage.tables)}", "no rule matched", "counter")
        for change in stage.changed:
            yield Line("  =", visible(change), "strong")
        if stage.left:
            yield Line("", f"out  {stage.left}", "counter")
    yield Line("end", end_words(outcome), "good" if outcome.through else "bad")


def _step(step: Step, table: str, number: str, session: Session) -> Line:
    effect = visible(effect_words(step))
    label = session.chain_label(step.effect.partition(" ")[2]) if step.effect.startswith(("jump", "goto")) else None
    words = " · ".join(filter(None, [effect, visible(label or ""), "only some" if step.maybe else ""]))
    where = f"  {table:<8} {step.chain}{f' {step.rule}' if step.rule else ''}"
    return Line(where, words, _STYLES.get(effect[:1], "label"), step, number)
