"""What a check is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from kptui.records import dataclass
from kptui.syntax.ast import Chain, Family, Rule, Table
from kptui.syntax.diagnostics import Severity

if TYPE_CHECKING:
    from kptui.kubernetes.checks.view import View

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""The worst first."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding points: a rule by its number from 1, or a chain or table; `line` counts from 1, 0: nowhere."""

    table: str
    chain: str
    rule: int | None
    line: int

    @classmethod
    def of(cls, table: str, rule: Rule) -> Place:
        """A rule of that table."""
        return cls(table, rule.chain, rule.number, rule.line)

    @classmethod
    def of_chain(cls, table: Table, chain: Chain) -> Place:
        """A chain: the line that declares it, or its first rule's."""
        return cls(
            table.name, chain.name, None, chain.line or (chain.rules[0].line if len(chain.rules) else table.line)
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found at a place; without a severity or a hint of its own, those of the check."""

    place: Place
    message: str
    hint: str = ""
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem, as it is told: `id` is the check's. The texts hold pieces of the dump, as they are there."""

    id: str
    severity: Severity
    place: Place
    message: str
    hint: str
    family: Family = 4

    @property
    def line(self) -> int:
        """The line of the dump, counting from 1; 0 if it has none."""
        return self.place.line

    @property
    def chain(self) -> str:
        """The chain it is about, empty if it is about none."""
        return self.place.chain


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it is called, how bad its findings are, what they mean, and what to look at next."""

    id: str
    severity: Severity
    title: str
    means: str
    next: str
    find: Callable[[View], Iterable[Found]]
    part: bool = False
    """Whether what it finds in some of the rules holds, whatever the others are."""
