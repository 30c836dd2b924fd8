"""What leads here: to a chain, an endpoint or a Service; and where it leads on to. A line is a place to go to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import RenderableType
from rich.text import Text

from kptui.kubernetes.choosing import leading_to, other_translations
from kptui.kubernetes.frontend import RuleRef
from kptui.kubernetes.routes import routes
from kptui.kubernetes.service import Endpoint, ServicePort
from kptui.report.columns import Column
from kptui.report.rule_words import condition_words
from kptui.report.services_text import share_words
from kptui.ruleset.jumps import JumpIndex, Jumps, callees_tree, callers_tree
from kptui.syntax.ast import Table
from kptui.text import number_of, visible
from kptui.tracing import Session
from kptui.tui.naming import Naming
from kptui.tui.screens.chosen import Chosen
from kptui.tui.screens.table_screen import TableScreen
from kptui.tui.table_model import TableColumn, TableModel
from kptui.tui.tree_model import Place

_CUTS = {"loop": "again: a loop, which no kernel loads", "above": "see above", "more": "and more"}


@dataclass(frozen=True, slots=True)
class Lead:
    """One line: what it is, the rule it stands in, what it says; a heading has no place."""

    text: str
    place: Place | None = None
    words: str = ""
    label: str = ""
    line: int = 0


COLUMNS: tuple[TableColumn[Lead], ...] = (
    TableColumn(
        Column("from", 30), lambda lead: lead.text, None, lambda lead: "" if lead.place is not None else "strong"
    ),
    TableColumn(Column("rule", 4, right=True), lambda lead: str(lead.place.rule or "") if lead.place else ""),
    TableColumn(Column("what it is", 10, rank=2), lambda lead: lead.label, None, lambda lead: "label"),
    TableColumn(Column("if", 10, rank=1), lambda lead: lead.words),
)


class LeadsScreen(TableScreen):
    """The ways to something, in order; enter goes to the rule."""

    def __init__(self, session: Session, name: str, leads: Callable[[], Iterable[Lead]]) -> None:
        """`leads` is called in a thread."""
        super().__init__(f"What leads to {visible(name)}", session.ruleset.name, TableModel(COLUMNS))
        self.session = session
        self._leads = leads

    def load(self) -> Sequence[Lead]:
        """All lines."""
        return list(self._leads())

    def summary(self) -> list[str]:
        """Nothing more to say."""
        return []

    def nothing(self) -> str:
        """Why there is nothing."""
        return "No rule leads here."

    def detail(self, item: Lead) -> RenderableType:
        """The rule as it is written."""
        if not item.line:
            return Text(visible(" ".join(filter(None, [item.text.strip(), item.label, item.words]))))
        return Text(visible(self.session.ruleset.lines[item.line - 1].strip()))

    def chosen(self, item: Lead) -> Chosen | None:
        """Its place."""
        return Chosen(item.place) if item.place is not None else None


def to_chain(session: Session, table: Table, chain: str, naming: Naming) -> Iterator[Lead]:
    """The callers of a chain up to the base chains, and what it leads to."""
    index = JumpIndex(table, session.ruleset.lines)
    up = callers_tree(index, chain)
    if not table.chains[chain].builtin:
        yield Lead("What leads here" if up.below else "No rule leads here")
        yield from _tree(up, table, naming, callers=True)
    down = callees_tree(index, chain)
    yield Lead("What it leads to" if down.below else "It leads to no other chain")
    yield from _tree(down, table, naming, callers=False)


def _tree(root: Jumps, table: Table, naming: Naming, callers: bool) -> Iterator[Lead]:
    for depth, node in root.walk():
        if not depth:
            continue
        chain = table.chains.get(node.chain)
        rule = node.rules[0]
        more = f" (and {number_of(len(node.rules) - 1, 'more rule')})" if len(node.rules) > 1 else ""
        words = visible(condition_words(rule, table.chains[rule.chain])) + more
        if node.cut:
            words = f"{words} · {_CUTS[node.cut]}"
        about = naming.known(table, node.chain) or (chain.policy if chain else "") or ""
        place = Place(table.label, rule.chain, rule.number)
        text = f"{'  ' * depth}{'' if callers else '→ '}{node.chain}"
        yield Lead(text, place, words, about, rule.line)


def to_endpoint(session: Session, ip: str, port: int | None) -> Iterator[Lead]:
    """The Services that lead to an address, by which of theirs, rule by rule."""
    for service, pod in leading_to(session.services, ip, port):
        yield from _to_pod(service, pod)
    for each in other_translations(session.ruleset, ip, port):
        yield Lead(f"{each.to}, no Service's")
        place = Place(each.table.name, each.rule.chain, each.rule.number)
        yield Lead(f"  {each.rule.chain}", place, condition_words(each.rule), line=each.rule.line)


def to_service(service: ServicePort) -> Iterator[Lead]:
    """The ways to each endpoint of a Service; what refuses it where there is none."""
    for pod in service.endpoints:
        yield from _to_pod(service, pod)
    for each in service.refused:
        if each.refused_by:
            yield Lead(each.address)
            yield _step(each.refused_by, 1, f"{each.refusal} for want of endpoints")


def _to_pod(service: ServicePort, pod: Endpoint) -> Iterator[Lead]:
    yield Lead(f"{pod.address} of {service.title}")
    for route in routes(service, pod):
        whose = f" of packets {route.condition}" if route.condition else ""
        kind = f"{route.frontend.kind} {route.frontend.address}"
        yield Lead(f"  {kind}", label=f"{share_words(route.share)}{whose}")
        for depth, rule in enumerate(route.rules, 2):
            yield _step(rule, depth)
        chain = f"{'  ' * (len(route.rules) + 2)}{route.chain}"
        yield Lead(chain, Place("nat", route.chain), label=pod.address, line=pod.line)


def _step(rule: RuleRef, depth: int, label: str = "") -> Lead:
    return Lead(f"{'  ' * depth}{rule.chain}", Place(rule.table, rule.chain, rule.number), label=label, line=rule.line)
