"""What is around a rule: who leads to its chain, from which hooks, where packets go on to, who looks at marks.

Everything is worked out when first asked for, and kept.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from kptui.kubernetes.roles import role
from kptui.kubernetes.services import Services, label
from kptui.netfilter.fate import Fates
from kptui.netfilter.hooks import tables as tables_of
from kptui.netfilter.marks import Look, Marking, looks, marking
from kptui.ruleset.jumps import JumpIndex, leads_to
from kptui.slices import Told, nobody
from kptui.syntax.ast import Backend, Chain, Rule, Ruleset, Table

_THEN = {
    "PREROUTING": "to routing, which chooses INPUT if the destination is this host, else FORWARD",
    "INPUT": "to the program on this host that it is for",
    "FORWARD": "to POSTROUTING",
    "OUTPUT": "to POSTROUTING",
    "POSTROUTING": "out by its interface",
}


class Around:
    """A ruleset, seen from any place in it."""

    def __init__(self, ruleset: Ruleset, services: Callable[[], Services], backend: Backend | None = None) -> None:
        """Nothing is looked at yet; the Services are read when first asked for."""
        self.ruleset = ruleset
        self._services = services
        self.backend: Backend = backend or ruleset.backend or "nft"
        self._indexes: dict[tuple[int, str], JumpIndex] = {}
        self._fates: dict[tuple[int, str], Fates] = {}
        self._reach: dict[tuple[int, str], dict[str, set[str]]] = {}

    @cached_property
    def services(self) -> Services:
        """The ruleset's Services."""
        return self._services()

    def index(self, table: Table) -> JumpIndex:
        """Who jumps where in a table."""
        key = table.family, table.label
        if key not in self._indexes:
            self._indexes[key] = JumpIndex(table, self.ruleset.lines)
        return self._indexes[key]

    def fates(self, table: Table) -> Fates:
        """What becomes of packets in a table's chains."""
        key = table.family, table.label
        if key not in self._fates:
            self._fates[key] = Fates(table)
        return self._fates[key]

    def label(self, table: Table, chain: str) -> str | None:
        """The Service port or the endpoint that a chain stands for."""
        if table.name != "nat" or chain not in table.chains:
            return None
        return label(table.chains[chain], self.services)

    def about(self, table: Table, chain: str) -> str:
        """What a chain stands for and is for, in a few words; empty if nobody knows."""
        return ", ".join(filter(None, (self.label(table, chain), role(chain))))

    def named(self, table: Table, chain: str) -> str:
        """A chain's name with what it stands for in brackets."""
        known = self.label(table, chain)
        return f"{chain} ({known})" if known else chain

    def hooks(self, table: Table, chain: str) -> list[str]:
        """The base chains from which packets may come to a chain."""
        below = self._below(table)
        return [name for name in _THEN if name in below and (chain == name or chain in below[name])]

    def _below(self, table: Table, told: Told = nobody) -> dict[str, set[str]]:
        """For each base chain the others that packets may come to from it."""
        key = table.family, table.label
        if key not in self._reach:
            bases = [name for name in _THEN if name in table.chains and table.chains[name].builtin]
            index = self.index(table)
            index.read(told)
            reach: dict[str, set[str]] = {}
            for name in bases:
                below = index.below(name, told)
                below.discard(name)
                # Most hooks lead to the same chains, a hundred thousand of them: kept once.
                reach[name] = next((known for known in reach.values() if known == below), below)
            self._reach[key] = reach
        return self._reach[key]

    def look_around(self, told: Told = nobody) -> None:
        """Everything that takes a look at every rule, so that it is known when it is asked for.

        `told` is called now and then, and what it raises ends that.
        """
        for table in self.ruleset.tables:
            self._below(table, told)
        if "looks" not in vars(self):
            self.looks = looks(self.ruleset, told)

    def mentions(self, chain: Chain, word: str) -> bool:
        """Whether a word is in the text of any of a chain's rules."""
        lines = self.ruleset.lines
        return any(word in lines[number - 1] for number in getattr(chain.rules, "numbers", ()))

    def onward(self, table: Table, hook: str) -> str:
        """Where a packet goes from a hook once this table is through with it: “to the FORWARD chain of security”."""
        order = tables_of(hook, self.backend)
        rest = order[order.index(table.name) + 1 :] if table.name in order else ()
        for name in rest:
            found = self.ruleset.table(name, table.family)
            if found is not None and hook in found.chains:
                return f"to the {hook} chain of table {name}"
        return _THEN[hook]

    @cached_property
    def looks(self) -> list[Look]:
        """The rules that ask for the packet's mark."""
        return looks(self.ruleset)

    def marks(self, table: Table, rule: Rule) -> Marking | None:
        """What a rule does to the mark, itself or by a chain that does nothing else and comes back."""
        own = marking(rule)
        if own is not None:
            return own
        chain = leads_to(rule, table)
        rules = table.chains[chain].rules if chain else ()
        if len(rules) != 1:
            return None
        return marking(rules[0]) if not rules[0].generic and not rules[0].matches else None
