"""The selected rule or chain in full: as written, what a trace made of it, explained, part by part in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from kptui.live.snapshot import Snapshot
from kptui.report.explain.around import Around
from kptui.report.explain.chain import explain_chain
from kptui.report.explain.model import Section
from kptui.report.explain.rule import explain_rule
from kptui.report.rule_words import conditions
from kptui.syntax.ast import Chain, Rule, Table
from kptui.text import number_of, visible
from kptui.tui.empty import has_kube_proxy, next_step
from kptui.tui.marks import Marks
from kptui.tui.settings.fields import settings_of
from kptui.tui.signs import hops_in_ascii
from kptui.tui.tree_model import Place
from kptui.tui.widgets.meter_columns import counter_words
from kptui.tui.widgets.text_view import TextView

Spell = Callable[[str], str]
"""How hop numbers are written."""
HEAD = 9
"""How wide the headings of an explanation are."""


class RuleDetail(TextView):
    """A pane of text; everything of a dump in it is made visible and never read as markup."""

    def __init__(self, *, id: str) -> None:
        """Nothing is shown yet."""
        super().__init__(id=id)
        self._snapshot: Snapshot | None = None
        self._shown: tuple[Table | None, Chain | None, Rule | None] = (None, None, None)
        self._asked: tuple[Table | None, Chain | None, Rule | None, Around, bool, Marks | None] | None = None

    def show(
        self,
        table: Table | None,
        chain: Chain | None,
        rule: Rule | None,
        around: Around,
        known: bool,
        marks: Marks | None,
    ) -> None:
        """Show a rule, a chain, a table, or that there is nothing; `known` once every rule has been looked at.

        It is put into words after the cursor has been seen to move: of keys pressed quickly, for the last one only.
        """
        self._shown = (table, chain, rule)
        self._count()
        self.border_title = Text("Rule" if rule is not None else "Chain")
        self._asked = (table, chain, rule, around, known, marks)
        self.call_after_refresh(self._show_asked)

    def _show_asked(self) -> None:
        if self._asked is None:
            return
        (table, chain, rule, around, known, marks), self._asked = self._asked, None
        block: RenderableType
        spell = hops_in_ascii if settings_of(self.app).ascii else str
        if table is None:
            missing = "" if around.ruleset.tables else "no tables"
            block = Text(next_step(missing, settings_of(self.app)) or "Nothing is selected.")
        elif chain is None:
            block = Text(f"Table {visible(table.name)}: {number_of(len(table.chains), 'chain')}.")
            if not has_kube_proxy(around.ruleset):
                block.append(f"\n\n{next_step('no kube-proxy', settings_of(self.app))}")
        elif rule is None:
            block = Group(*_chain(table, chain, around, known, marks, spell))
        else:
            block = Group(*_rule(table, chain, rule, around, known, marks, spell))
        self.show_block(block)

    def set_snapshot(self, snapshot: Snapshot) -> None:
        """Show other counters; the text stays where it was scrolled to."""
        self._snapshot = snapshot
        self._count()

    def _count(self) -> None:
        table, chain, rule = self._shown
        words = ""
        if self._snapshot is not None and table is not None and chain is not None:
            words = counter_words(self._snapshot, table, chain, rule)
        self.border_subtitle = Text(words)


def _chain(
    table: Table, chain: Chain, around: Around, known: bool, marks: Marks | None, spell: Spell
) -> Iterator[RenderableType]:
    yield Text(visible(f"{chain.name}  {_line(chain.line)}"), style="bold")
    if marks is not None and (hop := marks.number(Place(table.label, chain.name))):
        yield Text(f"{spell(hop)} the policy decided here", style="bold")
    yield _sections(explain_chain(around, table, chain, not known, listed=False).sections)
    if not known:
        yield Text("… counting who leads here")


def _rule(
    table: Table, chain: Chain, rule: Rule, around: Around, known: bool, marks: Marks | None, spell: Spell
) -> Iterator[RenderableType]:
    yield Text(visible(rule.text))
    if rule.error is not None:
        yield Text()
        yield Text("This rule could not be read; a trace takes it for unknown.", style="bold")
        yield Text(rule.error.render("line"))
        return
    if marks is not None:
        yield _passed(Place(table.label, chain.name, rule.number), marks, spell)
    explained = explain_rule(around, table, chain, rule, not known)
    yield Padding(_sections(explained.sections), (1, 0, 0, 0))
    if not known:
        yield Text("… counting who leads here")
    yield Padding(_parts(rule), (1, 0, 0, 0))
    counters = ""
    if rule.packets is not None:
        counters = f" · {number_of(rule.packets, 'packet')}, {number_of(rule.bytes or 0, 'byte')}"
    yield Text(f"rule {rule.number} of {visible(table.name)} {visible(chain.name)} · {_line(rule.line)}{counters}")


def _sections(sections: Sequence[Section]) -> Grid:
    """Headings beside their sentences, as on the command line."""
    grid = Grid.grid(padding=(0, 1))
    grid.add_column(width=HEAD, style="bold")
    grid.add_column()
    for section in sections:
        for number, sentence in enumerate(section.sentences):
            grid.add_row(Text(section.title if number == 0 else ""), Text(visible(sentence)))
    return grid


def _parts(rule: Rule) -> Grid:
    """Each condition as it is written, and in words."""
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(ratio=2)
    grid.add_column(ratio=3)
    for part in conditions(rule):
        grid.add_row(Text(visible(part.text)), Text(visible(part.words)))
    return grid


def _passed(place: Place, marks: Marks, spell: Spell) -> Text:
    """What the trace made of a rule."""
    hop = marks.number(place)
    if hop:
        done = [each.step for each in marks.hops if each.place == place]
        maybe = ", for some of the packets only" if all(step.maybe for step in done) else ""
        return Text(f"{spell(hop)} on the path{maybe}: {visible(done[0].effect)}", style="bold")
    return Text(f"not on the path: {visible(marks.why_not(place))}", style="bold")


def _line(number: int) -> str:
    return f"line {number}" if number else "not declared"
