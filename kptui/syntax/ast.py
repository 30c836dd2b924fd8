"""The typed AST of an iptables-save dump; it keeps line numbers and the raw text of every rule.

What there are very many of are named tuples: nothing else that can't be changed is made as fast.
"""

from __future__ import annotations

import gc
import itertools
from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal, NamedTuple

from kptui.records import dataclass, field
from kptui.slices import Told, nobody, slices
from kptui.syntax.diagnostics import Diagnostic

Family = Literal[4, 6]
Backend = Literal["nft", "legacy"]


@contextmanager
def collector_paused() -> Iterator[None]:
    """Leave the cycle collector out while very many objects without cycles are made: it takes half of the time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            if not gc.get_freeze_count():
                # They live long: without being looked through twice they are among those that do.
                gc.freeze()
                gc.unfreeze()
            gc.enable()


class Option(NamedTuple):
    """One option of a rule, a match or a target; `name` has no dashes, `values` are unquoted."""

    name: str
    values: tuple[str, ...] = ()
    negated: bool = False

    @property
    def value(self) -> str:
        """The first value, or an empty string for a flag."""
        return self.values[0] if self.values else ""


class Match(NamedTuple):
    """A match extension in use; `implicit` when `-p tcp --dport` loaded it without a `-m`."""

    name: str
    options: tuple[Option, ...] = ()
    implicit: bool = False


class Target(NamedTuple):
    """What follows -j or -g: a built-in verdict, a target extension or a user-defined chain."""

    name: str
    options: tuple[Option, ...] = ()
    goto: bool = False


class Rule(NamedTuple):
    """One -A line; `number` counts from 1 inside its chain, as iptables -L --line-numbers does.

    `generic` holds -s -d -p -i -o -f under their long names (source, destination, protocol, in, out, fragment).
    A rule that the grammar refused is opaque: it has an `error` and neither matches nor target. A `problem` is what
    iptables would mind in a rule that could be read: an error where it would refuse it, else a warning.
    """

    chain: str
    number: int
    line: int
    text: str
    generic: tuple[Option, ...] = ()
    matches: tuple[Match, ...] = ()
    target: Target | None = None
    packets: int | None = None
    bytes: int | None = None
    error: Diagnostic | None = None
    problem: Diagnostic | None = None

    @property
    def refused(self) -> bool:
        """True if iptables-restore would refuse the rule."""
        return self.error is not None or (self.problem is not None and self.problem.severity == "error")

    def option(self, name: str) -> Option | None:
        """The generic option of that long name, or None."""
        return next((option for option in self.generic if option.name == name), None)

    @property
    def comment(self) -> str | None:
        """The text of the comment matches, several joined by a blank, or None."""
        texts = [option.value for match in self.matches if match.name == "comment" for option in match.options]
        return " ".join(texts) if texts else None


class Chain(NamedTuple):
    """A chain of one table; `policy` is None for a user-defined chain, `line` is that of its declaration (0: none)."""

    name: str
    policy: str | None
    line: int
    rules: Sequence[Rule] = ()
    packets: int | None = None
    bytes: int | None = None
    text: str = ""

    @property
    def builtin(self) -> bool:
        """True for a base chain, one that the kernel hooks."""
        return self.policy is not None


class Chains(Mapping[str, Chain]):
    """The chains of a table by name, in the order of the dump."""

    @abstractmethod
    def rules(self) -> Iterator[Rule]:
        """Every rule, chain by chain, without a chain being made."""

    @abstractmethod
    def rules_of(self, name: str) -> Sequence[Rule]:
        """The rules of one chain, without the chain being made; raises KeyError."""

    @abstractmethod
    def outline(self) -> Iterator[tuple[str, bool, Sequence[int]]]:
        """Each chain's name, whether it is a base chain, and the lines of its rules, without a chain being made."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table and its chains by name, in the order of the dump; `end` is the line of its COMMIT (0: none).

    `backend` is what the header above it says: iptables-nft and iptables-legacy may both have a table of a name.
    """

    name: str
    family: Family
    line: int
    chains: Chains
    end: int = 0
    backend: Backend | None = None
    label: str = ""
    """What it is called among all tables of a dump: `filter (legacy)` beside a `filter` of iptables-nft."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Text that is missing in a dump: of one table, or anywhere (`table` is None); `why` says what tells, at `line`.

    `cut`: a table has no COMMIT, so the dump ended too early or was edited.
    """

    line: int
    why: str
    table: str | None = None
    family: Family | None = None
    backend: Backend | None = None
    cut: bool = False

    @property
    def denied(self) -> str:
        """What has to be assumed for the text that is there to be all there is."""
        return "the dump is whole" if self.table is None else f"table {self.table} is whole in the dump"


@dataclass(frozen=True, slots=True)
class Ruleset:
    """All that one dump says; `lines` is its text, `notes` what was noticed while its lines were told apart."""

    name: str
    tables: tuple[Table, ...]
    lines: Sequence[str]
    family: Family = 4
    backend: Backend | None = None
    version: str | None = None
    notes: tuple[Diagnostic, ...] = field(default=())
    targets: Collection[str] = ()
    """The names that -j takes for targets; any other is a chain's."""
    gaps: tuple[Gap, ...] = ()
    """Where text is missing: no trace may be certain over it."""
    remarks: tuple[str, ...] = ()
    """What there is to say of the source beside its text."""

    def table(self, name: str, family: Family | None = None) -> Table | None:
        """The table of that name, or None; of the ruleset's own family if no other is asked for.

        Where iptables-nft and iptables-legacy both have it, the one with more chains; either may be named by its label.
        """
        found = self.tables_named(name, family) or self._labelled(name, family)
        return max(found, key=lambda table: len(table.chains), default=None)

    def tables_named(self, name: str, family: Family | None = None) -> tuple[Table, ...]:
        """The tables of that name: none, one, or where both back ends have it, two."""
        wanted = family or self.family
        return tuple(table for table in self.tables if table.name == name and table.family == wanted)

    def _labelled(self, label: str, family: Family | None) -> tuple[Table, ...]:
        return tuple(each for each in self.tables if each.label == label and each.family == (family or self.family))

    def backends(self, family: Family | None = None) -> frozenset[Backend]:
        """The back ends whose tables of a family the dump holds, as far as headers tell."""
        wanted = family or self.family
        return frozenset(table.backend for table in self.tables if table.family == wanted and table.backend)

    def chain(self, table: str, name: str, family: Family | None = None) -> Chain | None:
        """The chain of that table and name, or None."""
        found = self.table(table, family)
        return found.chains.get(name) if found else None

    def rules(self) -> Iterator[tuple[Table, Chain, Rule]]:
        """Every rule with its table and chain, in the order of the dump's chains."""
        for table in self.tables:
            for chain in table.chains.values():
                for rule in chain.rules:
                    yield table, chain, rule

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything that could not be read, by line; builds every rule, so it takes time on a large dump."""
        return self.look_through()

    def look_through(self, told: Told = nobody) -> tuple[Diagnostic, ...]:
        """The same; `told` is called now and then, and what it raises ends that."""
        with collector_paused():
            rules = itertools.chain.from_iterable(table.chains.rules() for table in self.tables)
            wrong = [(rule.error, rule.problem) for rule in slices(rules, told) if rule.error or rule.problem]
        found = [each for both in wrong for each in both if each is not None]
        return tuple(sorted([*self.notes, *found], key=lambda found: (found.line, found.column)))
