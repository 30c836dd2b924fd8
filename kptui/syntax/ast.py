"""The typed AST of an iptables-save dump; it keeps line numbers and the raw text of every rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from kptui.syntax.diagnostics import Diagnostic

Family = Literal[4, 6]
Backend = Literal["nft", "legacy"]


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a rule, a match or a target; `name` has no dashes, `values` are unquoted."""

    name: str
    values: tuple[str, ...] = ()
    negated: bool = False

    @property
    def value(self) -> str:
        """The first value, or an empty string for a flag."""
        return self.values[0] if self.values else ""


@dataclass(frozen=True, slots=True)
class Match:
    """A match extension in use; `implicit` when `-p tcp --dport` loaded it without a `-m`."""

    name: str
    options: tuple[Option, ...] = ()
    implicit: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """What follows -j or -g: a built-in verdict, a target extension or a user-defined chain."""

    name: str
    options: tuple[Option, ...] = ()
    goto: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One -A line; `number` counts from 1 inside its chain, as iptables -L --line-numbers does.

    `generic` holds -s -d -p -i -o -f under their long names (source, destination, protocol, in, out, fragment).
    A rule that the grammar refused is opaque: it has an `error` and neither matches nor target.
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

    def option(self, name: str) -> Option | None:
        """The generic option of that long name, or None."""
        return next((option for option in self.generic if option.name == name), None)

    @property
    def comment(self) -> str | None:
        """The text of the comment matches, several joined by a blank, or None."""
        texts = [option.value for match in self.matches if match.name == "comment" for option in match.options]
        return " ".join(texts) if texts else None


@dataclass(frozen=True, slots=True)
class Chain:
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


@dataclass(frozen=True, slots=True)
class Table:
    """A table and its chains by name, in the order of the dump."""

    name: str
    family: Family
    line: int
    chains: Mapping[str, Chain]


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

    def table(self, name: str) -> Table | None:
        """The table of that name, or None; of two, the later (iptables-restore replaces the earlier)."""
        return next((table for table in reversed(self.tables) if table.name == name), None)

    def chain(self, table: str, name: str) -> Chain | None:
        """The chain of that table and name, or None."""
        found = self.table(table)
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
        refused = [rule.error for _, _, rule in self.rules() if rule.error is not None]
        return tuple(sorted([*self.notes, *refused], key=lambda found: (found.line, found.column)))
