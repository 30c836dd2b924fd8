"""Where a Service is reached: its addresses and node port, each with the rules that say so."""

from __future__ import annotations

from typing import Literal

from kptui.records import dataclass
from kptui.syntax.ast import Rule

Kind = Literal["cluster IP", "external IP", "load balancer IP", "node port"]
Refusal = Literal["rejected", "dropped"]


@dataclass(frozen=True, slots=True)
class RuleRef:
    """A rule by its place: table, chain, number (from 1) and line."""

    table: str
    chain: str
    number: int
    line: int

    @classmethod
    def of(cls, table: str, rule: Rule) -> RuleRef:
        """Where a rule of that table stands."""
        return cls(table, rule.chain, rule.number, rule.line)


@dataclass(slots=True)
class Frontend:
    """One address and port of a Service; `ip` is None for a node port, which every address of the node may have.

    `chain` is the Service's chain that `rules` of the nat table lead to, None if none does. A refusal is for want of
    endpoints, `refused_by` the rule that brings it about. `certain` is False where the rules don't tell an external IP
    from a load balancer's: those that refuse don't say, and without comments nothing does.
    """

    kind: Kind
    ip: str | None
    port: int
    chain: str | None = None
    rules: tuple[RuleRef, ...] = ()
    refusal: Refusal | None = None
    refused_by: RuleRef | None = None
    certain: bool = True

    @property
    def address(self) -> str:
        """10.96.0.1:443, [fd00::1]:443 or *:30080."""
        if self.ip is None:
            return f"*:{self.port}"
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"
