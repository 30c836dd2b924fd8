"""Tables while their lines are read: chains as declared, their rules as line numbers, and what commands do to them."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from kptui.syntax.ast import Family

BUILTIN = {
    "raw": ("PREROUTING", "OUTPUT"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}
Counters = tuple[int | None, int | None]


@dataclass(slots=True)
class Declared:
    """A chain as its declaration tells it; line 0 and no text if rules use it undeclared."""

    policy: str | None
    line: int = 0
    packets: int | None = None
    bytes: int | None = None
    text: str = ""


@dataclass(slots=True)
class OpenTable:
    """A table while its lines are read.

    `headed` if it began with a `*table` line, `line` is where (0: nowhere), `end` its COMMIT.
    """

    name: str
    line: int
    family: Family | None
    headed: bool = True
    end: int = 0
    chains: dict[str, Declared] = field(default_factory=dict)
    rules: dict[str, array[int]] = field(default_factory=dict)

    def declare(self, name: str, policy: str | None, line: int, counters: Counters, text: str) -> bool:
        """Declare a chain; False if it is a user-defined one that was declared before (which empties it)."""
        builtin = name in BUILTIN.get(self.name, ())
        # A policy on a user-defined chain is nothing to the kernel; “-” on a base chain leaves it as it is: ACCEPT.
        kept = (policy if policy in ("ACCEPT", "DROP") else "ACCEPT") if builtin else None
        again = not builtin and name in self.chains and self.chains[name].line > 0
        self.chains[name] = Declared(kept, line, *counters, text)
        if again:
            self.rules[name] = array("L")
        else:
            self.rules.setdefault(name, array("L"))
        return not again

    def chain(self, name: str) -> tuple[array[int], bool]:
        """(the rules of a chain, whether it is declared); an undeclared one comes to be."""
        known = name in self.chains
        builtin = name in BUILTIN.get(self.name, ())
        if not known:
            self.chains[name] = Declared("ACCEPT" if builtin else None)
        return self.rules.setdefault(name, array("L")), known or builtin

    def flush(self, name: str | None) -> None:
        """-F: empty one chain, or all."""
        for each in [name] if name is not None else list(self.rules):
            if each in self.rules:
                self.rules[each] = array("L")

    def remove(self, name: str | None) -> None:
        """-X: remove one user-defined chain, or all."""
        for each in [name] if name is not None else list(self.chains):
            if each in self.chains and each not in BUILTIN.get(self.name, ()):
                del self.chains[each]
                self.rules.pop(each, None)
