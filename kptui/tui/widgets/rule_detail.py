"""The selected rule or chain in full: as written, part by part in words, who jumps here, what a trace made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text
from textual.containers import VerticalScroll
from textual.widgets import Static

from kptui.report.rule_words import conditions, target_text, target_words
from kptui.syntax.ast import Chain, Rule, Table
from kptui.text import visible
from kptui.tui.marks import Marks
from kptui.tui.naming import Naming, counted
from kptui.tui.tree_model import Place

CALLERS_SHOWN = 12
Callers = Mapping[str, list[Rule]]


class RuleDetail(VerticalScroll):
    """A pane of text; everything of a dump in it is made visible and never read as markup."""

    def compose(self) -> Iterator[Static]:
        """One block of text."""
        yield Static(id="detail-text", markup=False)

    def show(
        self,
        table: Table | None,
        chain: Chain | None,
        rule: Rule | None,
        naming: Naming,
        callers: Callers | None,
        marks: Marks | None,
    ) -> None:
        """Show a rule, a chain, a table, or that there is nothing; `callers` is None until they are counted."""
        block: RenderableType
        if table is None:
            block = Text("Nothing is selected.")
        elif chain is None:
            block = Text(f"Table {visible(table.name)}: {len(table.chains)} chains.")
        elif rule is None:
            block = Group(*_chain(table, chain, naming, callers, marks))
        else:
            block = Group(*_rule(table, chain, rule, naming, callers, marks))
        self.border_title = Text("Rule" if rule is not None else "Chain")
        self.query_one("#detail-text", Static).update(block)
        self.scroll_home(animate=False)


def _chain(
    table: Table, chain: Chain, naming: Naming, callers: Callers | None, marks: Marks | None
) -> Iterator[RenderableType]:
    yield Text(visible(chain.name), style="bold")
    about = [about for about in (naming.label(table, chain.name), naming.role(table, chain.name)) if about]
    if about:
        yield Text(visible(" · ".join(about)))
    sentence = naming.sentence(table, chain.name)
    if sentence and not chain.builtin:
        yield Text(sentence, style="dim")
    kind = f"base chain, policy {chain.policy}" if chain.policy else "user-defined chain"
    yield Text(f"{kind} of table {visible(table.name)} · {_plural(len(chain.rules), 'rule')} · {_line(chain.line)}")
    if chain.packets:
        yield Text(f"{counted(chain.packets)} packets, {counted(chain.bytes)} bytes")
    if marks is not None and (hop := marks.number(Place(table.label, chain.name))):
        yield Text(f"{hop} the policy decided here", style="bold")
    yield from _used_by(table, chain, callers)


def _rule(
    table: Table, chain: Chain, rule: Rule, naming: Naming, callers: Callers | None, marks: Marks | None
) -> Iterator[RenderableType]:
    yield Text(visible(rule.text))
    if rule.error is not None:
        yield Text()
        yield Text("This rule could not be read; a trace takes it for unknown.", style="bold")
        yield Text(rule.error.render("line"))
        return
    if marks is not None:
        yield _passed(Place(table.label, chain.name, rule.number), marks)
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(ratio=2)
    grid.add_column(ratio=3)
    for part in conditions(rule):
        grid.add_row(Text(visible(part.text)), Text(visible(part.words)))
    if not rule.generic and all(match.name == "comment" for match in rule.matches):
        grid.add_row(Text("no condition"), Text("every packet that comes here"))
    for match in rule.matches:
        if match.name == "comment":
            grid.add_row(Text("-m comment"), Text(visible(" ".join(option.value for option in match.options))))
    then = target_words(rule, table, lambda name: naming.known(table, name))
    grid.add_row(Text(visible(target_text(rule)) or "no target"), Text(visible(then), style="bold"))
    yield Padding(grid, (1, 0, 1, 0))
    counters = ""
    if rule.packets is not None:
        counters = f" · {counted(rule.packets)} packets, {counted(rule.bytes)} bytes"
    yield Text(f"rule {rule.number} of {visible(table.name)} {visible(chain.name)} · {_line(rule.line)}{counters}")
    yield from _used_by(table, chain, callers)


def _passed(place: Place, marks: Marks) -> Text:
    """What the trace made of a rule."""
    hop = marks.number(place)
    if hop:
        done = [each.step for each in marks.hops if each.place == place]
        maybe = ", for some of the packets only" if all(step.maybe for step in done) else ""
        return Text(f"{hop} on the path{maybe}: {visible(done[0].effect)}", style="bold")
    if place in marks.missed:
        return Text(f"not on the path: {visible(marks.missed[place])} does not hold", style="bold")
    return Text("not on the path: the packet does not come to this rule", style="bold")


def _used_by(table: Table, chain: Chain, callers: Callers | None) -> Iterator[RenderableType]:
    if chain.builtin:
        return
    if callers is None:
        yield Text("used by: counting …")
        return
    found = callers.get(chain.name, [])
    if not found:
        yield Text(f"used by: nothing in table {visible(table.name)} jumps here")
        return
    yield Text(f"used by {_plural(len(found), 'rule')}:")
    for rule in found[:CALLERS_SHOWN]:
        yield Text(f"  {visible(rule.chain)} {rule.number} ({_line(rule.line)})")
    if len(found) > CALLERS_SHOWN:
        yield Text(f"  … and {len(found) - CALLERS_SHOWN:,} more")


def _line(number: int) -> str:
    return f"line {number}" if number else "not declared"


def _plural(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
