"""Tables while their lines are read: chains as declared, their rules as line numbers, and what commands do to them."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence
from typing import NamedTuple, TypeAlias

from kptui.records import dataclass, field
from kptui.syntax.ast import Backend, Family

BUILTIN = {
    "raw": ("PREROUTING", "OUTPUT"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}
Counters = tuple[int | None, int | None]
Numbers: TypeAlias = "range | array[int]"
"""The line numbers of a chain's rules: a range where they follow one another, as in all that iptables-save prints."""

NONE = range(0)


class Declared(NamedTuple):
    """A chain as its declaration tells it; line 0 and no text if rules use it undeclared."""

    policy: str | None
    line: int = 0
    packets: int | None = None
    bytes: int | None = None
    text: str = ""


@dataclass(slots=True)
class OpenTable:
    """A table while its lines are read.

    `headed` if it began with a `*table` line, `line` is where (0: nowhere), `end` its COMMIT, `backend` what the header
    above it says.
    """

    name: str
    line: int
    family: Family | None
    headed: bool = True
    end: int = 0
    backend: Backend | None = None
    gap: tuple[int, str] | None = None
    """The first sign that lines of it are missing: where, and what."""
    chains: dict[str, Declared | int] = field(default_factory=dict)
    """A user-defined chain that is declared as iptables-save does is kept as the number of that line."""
    rules: dict[str, Numbers] = field(default_factory=dict)

    def declare(self, name: str, policy: str | None, line: int, counters: Counters, text: str) -> bool:
        """Declare a chain; False if it is a user-defined one that was declared before (which empties it)."""
        builtin = name in BUILTIN.get(self.name, ())
        # A policy on a user-defined chain is nothing to the kernel; “-” on a base chain leaves it as it is: ACCEPT.
        kept = (policy if policy in ("ACCEPT", "DROP") else "ACCEPT") if builtin else None
        again = not builtin and name in self.chains and self.line_of(name) > 0
        self.chains[name] = Declared(kept, line, *counters, text)
        if again:
            self.rules[name] = NONE
        else:
            self.rules.setdefault(name, NONE)
        return not again

    def declare_all(self, names: Sequence[str], line: int, reserved: Collection[str]) -> bool:
        """Declare user-defined chains on lines that follow one another; False, and nothing is done, if they can't be.

        They can't if one comes twice, was declared before, or has a `reserved` name or that of a base chain.
        """
        rules = dict.fromkeys(names, NONE)
        new = rules.keys()
        # Two views: the smaller one is gone through.
        if len(new) < len(names) or not self.chains.keys().isdisjoint(new):
            return False
        if not (new.isdisjoint(reserved) and new.isdisjoint(BUILTIN.get(self.name, ()))):
            return False
        self.chains.update(zip(rules, range(line, line + len(rules)), strict=True))
        self.rules.update(rules)
        return True

    @property
    def listed(self) -> bool:
        """Whether every base chain is declared, as where `iptables -S` prints a table in whole."""
        return all(name in self.chains and self.line_of(name) for name in BUILTIN.get(self.name, ()))

    def line_of(self, name: str) -> int:
        """The line that declares a chain, 0 if none does."""
        found = self.chains[name]
        return found if isinstance(found, int) else found.line

    def chain(self, name: str) -> tuple[array[int], bool]:
        """(the rules of a chain, to be changed, whether it is declared); an undeclared one comes to be."""
        known = name in self.chains
        builtin = name in BUILTIN.get(self.name, ())
        if not known:
            self.chains[name] = Declared("ACCEPT" if builtin else None)
        rules = self.rules.get(name, NONE)
        if isinstance(rules, range):
            rules = self.rules[name] = array("L", rules)
        return rules, known or builtin

    def append(self, name: str, lines: range) -> None:
        """Append the rules of lines that follow one another to a chain that is known and has some."""
        rules = self.rules[name]
        if isinstance(rules, range) and rules.stop == lines.start:
            self.rules[name] = range(rules.start, lines.stop)
        else:
            self.chain(name)[0].extend(lines)

    def flush(self, name: str | None) -> None:
        """-F: empty one chain, or all."""
        for each in [name] if name is not None else list(self.rules):
            if each in self.rules:
                self.rules[each] = NONE

    def remove(self, name: str | None) -> None:
        """-X: remove one user-defined chain, or all."""
        for each in [name] if name is not None else list(self.chains):
            if each in self.chains and each not in BUILTIN.get(self.name, ()):
                del self.chains[each]
                self.rules.pop(each, None)
