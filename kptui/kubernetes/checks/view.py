"""What all checks look at: the rules of one family, met once, and what is worked out from them when first asked for.

A rule is made each time it is asked for, and there may be hundreds of thousands. So chains of Services and endpoints
are looked at as they come by, and only what is known of them stays; the rules of all other chains are kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from kptui.kubernetes.api import Api
from kptui.kubernetes.balancing import Balancing, balancing
from kptui.kubernetes.checks.endpoint_chain import (
    EndpointChain,
    destination_of,
    endpoint_chain,
    leads_nowhere,
    read_values,
    values_of,
)
from kptui.kubernetes.checks.finding import Place
from kptui.kubernetes.checks.looking import Looking
from kptui.kubernetes.checks.twins import Twin, twins
from kptui.kubernetes.names import ENDPOINT_PREFIX, parted
from kptui.kubernetes.services import ServicePort, Services
from kptui.netfilter.sets.cover import Needless, needless, surely_needed
from kptui.netfilter.sets.taking import Taking
from kptui.records import dataclass
from kptui.syntax.ast import Chain, Family, Rule, Ruleset, Table
from kptui.syntax.reader import Alike, alike

Each = TypeVar("Each")
MEETING = 0.8
"""So much of the time goes into meeting the rules; the checks have the rest."""
_BALANCING = ("svc", "svl", "xlb")


class Ref(NamedTuple):
    """A rule by its place in its table."""

    chain: str
    number: int
    line: int


@dataclass(frozen=True, slots=True)
class Met:
    """A rule that was met, with its table."""

    table: str
    rule: Rule


class View:
    """Tables of a ruleset that work together: those of one family, and of one back end where both have some."""

    def __init__(
        self,
        ruleset: Ruleset,
        tables: Sequence[Table],
        services: Services | None = None,
        api: Api | None = None,
        looking: Looking | None = None,
    ) -> None:
        """Goes through all rules once; `services` are the ruleset's, if somebody has read them already.

        `api` is what the API server says, where that is known. `looking` may end it: then only a part was met.
        """
        self.looking = looking or Looking()
        self.part = False
        """Whether not all rules were met."""
        self.api = api
        self.ruleset = ruleset
        self.family: Family = tables[0].family
        self.tables: Mapping[str, Table] = {table.name: table for table in tables}
        self.callers: dict[str, defaultdict[str, list[Ref]]] = {}
        self.unread: list[Met] = []
        self.nowhere: list[Met] = []
        self.twins: list[tuple[str, Twin]] = []
        self.needless: list[tuple[str, Needless]] = []
        self.endpoints: dict[str, EndpointChain] = {}
        self.balancings: dict[str, Balancing] = {}
        self.lost: list[tuple[Place, str]] = []
        self.told: dict[tuple[str, int], str] = {}
        self.taking: dict[str, Taking] = {}
        self._kept: dict[tuple[str, str], list[Rule]] = {}
        self._above: dict[tuple[str, str], set[str]] = {}
        self._services = services
        self._found: dict[Callable[[View], Iterable[Any]], list[Any]] = {}
        for table in self.tables.values():
            self._go_through(table)

    def _go_through(self, table: Table) -> None:
        taking = self.taking[table.name] = Taking(table, lambda name: self.rules(table.name, name))
        self.callers[table.name] = defaultdict(list)
        judged: dict[Hashable, str] = {}
        for name, _, numbers in table.chains.outline():
            if not numbers:
                continue
            if self.looking.ended:
                self.part = True
                return
            self.looking.share = max(self.looking.share, MEETING * numbers[-1] / len(self.ruleset.lines))
            rules = table.chains.rules_of(name)
            endpoint = name.startswith(ENDPOINT_PREFIX)
            rows = alike(rules, values_of) if endpoint and table.name == "nat" else None
            kind = tuple((row.shape, row.values[0]) for row in rows) if rows is not None else None
            if rows is not None and kind in judged and self._meet_endpoint(table, name, numbers, rows):
                taking.learn_like(name, judged[kind])
                continue
            made = list(rules)
            noticed = self._noticed
            self._meet(table, name, made)
            learnt = taking.learn(name, made)
            if learnt and (endpoint or parted(name) is not None):
                self.needless += [(table.name, each) for each in needless(made, taking)]
                targets = {target for _, target in kind or ()}
                if noticed == self._noticed and len(targets) == len(made) and surely_needed(made, taking):
                    judged[kind] = name
            else:
                self._kept[table.name, name] = made
        for (of, _), rules in self._kept.items():
            if of == table.name:
                if self.looking.ended:
                    self.part = True
                    return
                self.needless += [(of, each) for each in needless(rules, taking)]

    @property
    def _noticed(self) -> int:
        """How much was noticed so far."""
        return len(self.unread) + len(self.nowhere) + len(self.twins) + len(self.lost) + len(self.needless)

    def _meet_endpoint(self, table: Table, name: str, numbers: Sequence[int], rows: Sequence[Alike]) -> bool:
        """Meet an endpoint's chain with rules like those of one in which nothing was noticed; False if that won't do.

        Nothing is noticed in this one either: that hangs on the rules' shapes and targets, and on where it leads.
        """
        found = read_values(name, numbers, [row.values for row in rows])
        if found.to is None:
            return False
        self.endpoints[name] = found
        for number, row in enumerate(rows, 1):
            target = row.values[0]
            if target is not None and target in table.chains:
                self.callers[table.name][target].append(Ref(name, number, numbers[number - 1]))
        return True

    def _meet(self, table: Table, name: str, rules: list[Rule]) -> None:
        """Who leads to each chain, and to none; what could not be read; kube-proxy's chains by what they do."""
        callers, chains, targets = self.callers[table.name], table.chains, self.ruleset.targets
        for rule in rules:
            target = rule.target
            if rule.error is not None or rule.problem is not None:
                self.unread.append(Met(table.name, rule))
            if target is None:
                continue
            if target.name in chains:
                callers[target.name].append(Ref(name, rule.number, rule.line))
            elif target.name not in targets:
                if not target.options:
                    self.nowhere.append(Met(table.name, rule))
            elif target.name == "DNAT":
                self._translation(rule)
        if len(rules) > 1:
            self.twins += [(table.name, each) for each in twins(rules)]
        if table.name == "nat":
            self._meet_kube(name, rules)

    def _translation(self, rule: Rule) -> None:
        to = destination_of(rule.target.options) if rule.target is not None else None
        what = leads_nowhere(to) if to is not None else None
        if what is not None:
            self.lost.append((Place.of("nat", rule), f"translates to {to}, and no packet can go to that {what}"))

    def _meet_kube(self, name: str, rules: list[Rule]) -> None:
        if name.startswith(ENDPOINT_PREFIX):
            self.endpoints[name] = endpoint_chain(rules)
        elif (there := parted(name)) is not None and there[0] in _BALANCING:
            found = self.balancings[name] = balancing(Chain(name, None, 0, rules))
            for way in found.ways:
                comment = rules[way.number - 1].comment
                if comment:
                    self.told[name, way.number] = comment

    @property
    def first(self) -> bool:
        """Whether what is not of any table is to be told here."""
        return any(table is self.ruleset.tables[0] for table in self.tables.values())

    def whole(self, table: str) -> bool:
        """Whether all of a table is there: from a `*table` line on, not a few lines of it."""
        return table in self.tables and self.tables[table].line > 0

    def chain(self, table: str, name: str) -> Chain | None:
        """The chain of that table and name."""
        found = self.tables.get(table)
        return found.chains.get(name) if found is not None else None

    def rules(self, table: str, name: str) -> Sequence[Rule]:
        """The rules of a chain, none if it is not there; those of a Service or endpoint are read once more."""
        kept = self._kept.get((table, name))
        if kept is not None:
            return kept
        found = self.tables.get(table)
        return found.chains.rules_of(name) if found is not None and name in found.chains else ()

    def called(self, table: str, chain: str) -> Sequence[Ref]:
        """The rules that lead to a chain."""
        callers = self.callers.get(table)
        return callers.get(chain, ()) if callers is not None else ()

    def below(self, table: str, *chains: str) -> set[str]:
        """These chains and all that they lead to."""
        there = self.tables.get(table)
        if there is None:
            return set()
        found: set[str] = set()
        left = [chain for chain in chains if chain in there.chains]
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                targets = {rule.target.name for rule in self.rules(table, name) if rule.target is not None}
                left += [target for target in targets if target in there.chains]
        return found

    def reached(self, table: str, chain: str, starts: Collection[str]) -> bool:
        """Whether one of the chains to start from is that chain or leads to it."""
        seen: set[str] = set()
        left = [chain]
        while left:
            name = left.pop()
            if name in starts:
                return True
            if name not in seen:
                seen.add(name)
                left += [ref.chain for ref in self.called(table, name)]
        return False

    def above(self, table: str, chain: str) -> set[str]:
        """A chain and all that lead to it."""
        known = self._above.get((table, chain))
        if known is not None:
            return known
        found: set[str] = set()
        left = [chain]
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                left += [ref.chain for ref in self.called(table, name)]
        self._above[table, chain] = found
        return found

    def once(self, find: Callable[[View], Iterable[Each]]) -> list[Each]:
        """What a function finds here, found once however often it is asked for."""
        if find not in self._found:
            self._found[find] = list(find(self))
        found: list[Each] = self._found[find]
        return found

    @cached_property
    def services(self) -> list[ServicePort]:
        """The Service ports of this family; of two back ends only one is read for Services."""
        nat = self.ruleset.table("nat", self.family)
        if nat is not None and nat is not self.tables.get("nat"):
            return []
        return [port for port in self._services or Services(self.ruleset) if port.family == self.family]
