"""Compares two rulesets: Services as Services, the other chains rule by rule."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Literal

from kptui.diff.chains import RuleChange, Texts, compare_chains, rules_text
from kptui.diff.explained import DISPATCH, Explained
from kptui.diff.services import Key, ServiceChange, compare_services
from kptui.kubernetes.known_names import KnownNames
from kptui.kubernetes.names import ENDPOINT_PREFIX, parted
from kptui.kubernetes.services import Services
from kptui.records import dataclass, field
from kptui.ruleset.jumps import JumpIndex, calling
from kptui.syntax.ast import Chain, Family, Gap, Ruleset, Table
from kptui.syntax.text import Lines


@dataclass(slots=True)
class ChainChange:
    """One chain's differences: it was added or removed, or its policy or rules are other ones now.

    `service` is the Service whose chain it is; then these are the rules that nothing about the Service accounts for.
    """

    kind: Literal["added", "removed", "changed"]
    old: Table | None
    new: Table | None
    name: str
    before: Chain | None
    after: Chain | None
    rules: list[RuleChange] = field(default_factory=list)
    service: Key | None = None

    @property
    def table(self) -> str:
        """The table's name."""
        return self._home.name

    @property
    def family(self) -> Family:
        """The table's family."""
        return self._home.family

    @property
    def _home(self) -> Table:
        found = self.new or self.old
        assert found is not None
        return found

    @property
    def policy(self) -> tuple[str | None, str | None] | None:
        """The policies before and after, if it is another now."""
        old = self.before.policy if self.before is not None else None
        new = self.after.policy if self.after is not None else None
        return (old, new) if self.kind == "changed" and old != new else None


@dataclass(slots=True)
class Difference:
    """Everything that differs; empty lists where nothing does.

    `cut`: what tells that one side only is not whole, so that nobody knows what else would differ.
    """

    services: list[ServiceChange]
    chains: list[ChainChange]
    cut: list[tuple[Side, Gap]] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.services and not self.chains and not self.cut


SEARCHED = 20
"""Of so many endpoints' chains the Service is searched in the text; of more, every rule is looked at once."""
Side = Literal["before", "after"]
TableKey = tuple[Family, str]
"""A table's family and label."""


def compare(
    before: Ruleset,
    after: Ruleset,
    names: KnownNames | None = None,
    among: Mapping[TableKey, Collection[str]] | None = None,
    services: tuple[Services, Services] | None = None,
) -> Difference:
    """The difference between two rulesets, whose texts should be without counters; `names` as for Services.

    Where it is known already which chains differ, `among` names them by table; `services` are those of both rulesets
    where they have been read before.
    """
    known = services or (Services(before, names), Services(after, names))
    return _Comparison(before, after, known, among).result()


class _Comparison:
    """Finds the chains that differ, by their text first, so that equal chains cost nothing."""

    def __init__(
        self,
        before: Ruleset,
        after: Ruleset,
        services: tuple[Services, Services],
        among: Mapping[TableKey, Collection[str]] | None,
    ) -> None:
        self._services = services
        self._among = among
        self._before, self._after = before, after
        self._old = {(table.family, table.label): table for table in before.tables}
        self._new = {(table.family, table.label): table for table in after.tables}
        self._owners: dict[tuple[Family, str], str | None] = {}
        self._asked = 0
        self._searchable = all(isinstance(each.lines, Lines) for each in (before, after))

    def result(self) -> Difference:
        """Services first, for they account for most chains."""
        found = [change for key in dict.fromkeys([*self._old, *self._new]) for change in self._chains(key)]
        if not found:
            return Difference([], [], self._cut())
        self._learn(found)
        deep = [(change.family, hashed) for change in found if (hashed := self._hash(change)) is not None]
        services: dict[Key, ServiceChange] = {}
        dispatch = any((change.table, change.name) in DISPATCH for change in found)
        if deep or dispatch:
            services = compare_services(*self._services, deep, everything=dispatch)
        explained = Explained(services)
        kept = [rest for change in found if (rest := self._rest(change, explained)) is not None]
        ordered = sorted(services.values(), key=lambda change: (not change.port.name, change.port.title))
        return Difference(ordered, kept, self._cut())

    def _cut(self) -> list[tuple[Side, Gap]]:
        """Where one side was cut off and the other was not."""
        old, new = (
            {(gap.why, gap.table, gap.family, gap.backend): gap for gap in ruleset.gaps if gap.cut}
            for ruleset in (self._before, self._after)
        )
        first: list[tuple[Side, Gap]] = [("before", gap) for key, gap in old.items() if key not in new]
        return [*first, *(("after", gap) for key, gap in new.items() if key not in old)]

    def _chains(self, key: TableKey) -> Iterator[ChainChange]:
        """The chains of a table that are not written alike; a base chain that is empty is as good as none."""
        old, new = self._old.get(key), self._new.get(key)
        for name in _names(old, new) if self._among is None else self._among.get(key, ()):
            was, now = (each.chains.get(name) if each is not None else None for each in (old, new))
            if was is None or now is None:
                only = was or now
                if only is not None and not _nothing(only):
                    kind: Literal["added", "removed"] = "added" if was is None else "removed"
                    yield ChainChange(kind, old, new, name, was, now)
            elif rules_text(self._before, was) != rules_text(self._after, now) or was.policy != now.policy:
                yield ChainChange("changed", old, new, name, was, now)

    def _hash(self, change: ChainChange) -> str | None:
        """The hash of the Service whose chain it is, None for any other chain."""
        if change.table != "nat":
            return None
        if change.name.startswith(ENDPOINT_PREFIX):
            return self._owner(change.family, change.name)
        there = parted(change.name)
        return there[1] if there is not None else None

    def _owner(self, family: Family, chain: str) -> str | None:
        """The Service of an endpoint's chain: whose chains lead there, as a rule one that differs, too."""
        if (family, chain) not in self._owners:
            self._owners[family, chain] = next(self._callers(family, chain), None)
        return self._owners[family, chain]

    def _callers(self, family: Family, chain: str) -> Iterator[str]:
        self._asked += 1
        for name in (
            self._named(family, chain) if self._searchable and self._asked <= SEARCHED else self._indexed(family, chain)
        ):
            there = parted(name)
            if there is not None:
                yield there[1]

    def _indexed(self, family: Family, chain: str) -> Iterator[str]:
        return (rule.chain for index in self._indexes[family] for rule in index.callers(chain))

    def _named(self, family: Family, chain: str) -> Iterator[str]:
        """The same by searching the text, which for a few chains is quicker than looking at each rule."""
        for ruleset in (self._after, self._before):
            for table in ruleset.tables:
                if (table.name, table.family) == ("nat", family):
                    assert isinstance(ruleset.lines, Lines)
                    yield from calling(table, ruleset.lines, chain)

    @cached_property
    def _indexes(self) -> dict[Family, list[JumpIndex]]:
        found: dict[Family, list[JumpIndex]] = {4: [], 6: []}
        for ruleset in (self._after, self._before):
            for table in ruleset.tables:
                if table.name == "nat":
                    found[table.family].append(JumpIndex(table, ruleset.lines))
        return found

    def _learn(self, changes: Iterable[ChainChange]) -> None:
        """The endpoints that differing chains of Services lead to."""
        for change in changes:
            there = parted(change.name) if change.table == "nat" else None
            if there is None:
                continue
            for chain in (change.before, change.after):
                for rule in chain.rules if chain is not None else ():
                    if rule.target is not None and rule.target.name.startswith(ENDPOINT_PREFIX):
                        self._owners[change.family, rule.target.name] = there[1]

    def _rest(self, change: ChainChange, explained: Explained) -> ChainChange | None:
        """What is left to tell of a chain once the Services have been told; None if nothing is."""
        hashed = self._hash(change)
        key = (change.family, hashed) if hashed is not None else None
        change.service = key
        if change.before is None or change.after is None:
            return None if key is not None and explained.chain(key) else change
        old, new = Texts(change.before, _texts(change.before)), Texts(change.after, _texts(change.after))
        rules = compare_chains(old, new, change.family)
        if key is not None:
            rules = [each for each in rules if not explained.own_rule(key, change.name, each)]
        elif (change.table, change.name) in DISPATCH:
            rules = [each for each in rules if not explained.dispatch_rule(change.family, change.name, each)]
        change.rules = rules
        return change if rules or change.policy else None


def _names(old: Table | None, new: Table | None) -> list[str]:
    return list(dict.fromkeys([*(old.chains if old is not None else ()), *(new.chains if new is not None else ())]))


def _nothing(chain: Chain) -> bool:
    """Whether a chain does as little as one that is not there: which tables a dump has hangs on who asked for them."""
    return chain.policy == "ACCEPT" and not len(chain.rules)


def _texts(chain: Chain) -> list[str]:
    return [rule.text for rule in chain.rules]
