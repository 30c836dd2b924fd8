"""From a dump's text to a ruleset: one pass tells the lines apart, rules are parsed when something asks for them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from typing import overload

from kptui.syntax.ast import Chain, Chains, Family, Gap, Rule, Ruleset, Table
from kptui.syntax.diagnostics import Diagnostic
from kptui.syntax.lines import NO_COMMIT, Reading
from kptui.syntax.shapes import Alike, RuleReader
from kptui.syntax.tables import BUILTIN, Numbers, OpenTable
from kptui.syntax.templates import Pick
from kptui.syntax.text import Lines
from kptui.syntax.vocabulary import Vocabulary

__all__ = ["BUILTIN", "Alike", "Rules", "alike", "columns", "holding", "read"]


class Rules(Sequence[Rule]):
    """The rules of one chain, each made of its line when it is asked for: that is faster than keeping it is small."""

    __slots__ = ("_chain", "_lines", "_reader", "numbers")

    def __init__(self, chain: str, lines: Lines, numbers: Numbers, reader: RuleReader) -> None:
        """`numbers` are the line numbers of the rules, counting from 1."""
        self._chain = chain
        self._lines = lines
        self.numbers = numbers
        self._reader = reader

    def __len__(self) -> int:
        """How many rules the chain has."""
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> Rule: ...
    @overload
    def __getitem__(self, index: slice) -> list[Rule]: ...
    def __getitem__(self, index: int | slice) -> Rule | list[Rule]:
        """The rule at that index (from 0), or a list of rules."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        number = index + 1 if index >= 0 else index + 1 + len(self.numbers)
        return self._reader.rule(self._lines, self.numbers[index], number, self._chain)

    def __iter__(self) -> Iterator[Rule]:
        """The rules in order."""
        return self._reader.rules(self._lines, ((self._chain, self.numbers),))

    def columns(self, pick: Pick) -> Iterator[Sequence[str | None]]:
        """What `pick` takes out of each rule, in order."""
        return self._reader.columns(self._lines, self._chain, self.numbers, pick)

    def alike(self, pick: Pick) -> list[Alike] | None:
        """Of each rule its shape and what `pick` takes out of it; None if one of them is not like many others."""
        return self._reader.alike(self._lines, self._chain, self.numbers, pick)

    def holding(self, word: str) -> Iterator[Rule]:
        """The rules in whose line a word stands, in order; the others are not made."""
        text, numbers = self._lines.text, self.numbers
        if not isinstance(numbers, range):
            yield from (rule for rule in self if word in rule.text)
            return
        if not numbers:
            return
        at, end = self._lines.start(numbers.start - 1), self._lines.start(numbers.stop - 1)
        while (at := text.find(word, at, end)) >= 0:
            line = self._lines.holding(at)
            yield self[line + 1 - numbers.start]
            at = self._lines.start(line + 1)


def holding(rules: Sequence[Rule], word: str) -> Iterator[Rule]:
    """The rules in whose line a word stands, as it is written there, in order."""
    return rules.holding(word) if isinstance(rules, Rules) else (rule for rule in rules if word in rule.text)


def columns(rules: Sequence[Rule], pick: Pick) -> Iterator[Sequence[str | None]]:
    """What `pick` takes out of each rule, in order, without most of the rules being made."""
    return rules.columns(pick) if isinstance(rules, Rules) else map(pick, rules)


def alike(rules: Sequence[Rule], pick: Pick) -> list[Alike] | None:
    """Of each rule its shape and what `pick` takes out of it, without any being made; None where that can't be.

    Rules of one shape differ in their values only, and iptables minds nothing in them.
    """
    return rules.alike(pick) if isinstance(rules, Rules) else None


class _Chains(Chains):
    """The chains of one table by name, each made of its declaration when it is asked for."""

    def __init__(self, found: OpenTable, lines: Lines, reader: RuleReader) -> None:
        """What was found in those lines."""
        self._found = found
        self._lines = lines
        self._reader = reader

    def __getitem__(self, name: str) -> Chain:
        """The chain of that name; raises KeyError."""
        found, lines = self._found, self._lines
        rules = Rules(name, lines, found.rules[name], self._reader)
        declared = found.chains[name]
        if isinstance(declared, int):
            text = lines[declared - 1]
            if text.endswith(" [0:0]"):
                return Chain(name, None, declared, rules, 0, 0, text)
            packets, _, count = text[text.rindex("[") + 1 : -1].partition(":")
            return Chain(name, None, declared, rules, int(packets), int(count), text)
        return Chain(name, declared.policy, declared.line, rules, declared.packets, declared.bytes, declared.text)

    def rules(self) -> Iterator[Rule]:
        """Every rule, chain by chain."""
        return self._reader.rules(self._lines, self._found.rules.items())

    def rules_of(self, name: str) -> Sequence[Rule]:
        """The rules of one chain; raises KeyError."""
        return Rules(name, self._lines, self._found.rules[name], self._reader)

    def outline(self) -> Iterator[tuple[str, bool, Sequence[int]]]:
        """Names, whether they are base chains, and the lines of their rules."""
        rules = self._found.rules
        for name, declared in self._found.chains.items():
            yield name, not isinstance(declared, int) and declared.policy is not None, rules[name]

    def __contains__(self, name: object) -> bool:
        """Whether there is a chain of that name."""
        return name in self._found.chains

    def __iter__(self) -> Iterator[str]:
        """The names in the order of the dump."""
        return iter(self._found.chains)

    def __len__(self) -> int:
        """How many chains there are."""
        return len(self._found.chains)


def read(text: str, vocabulary: Vocabulary, name: str = "-", told: Callable[[int], None] | None = None) -> Ruleset:
    """The ruleset that a dump's text describes; never fails, what can't be read is among the diagnostics.

    `told` is given the place in the text now and then; what it raises ends the reading.
    """
    lines = Lines(text)
    reading = Reading(lines, vocabulary, told)
    reading.read()
    tables, notes = _kept(reading.tables, lines)
    built = tuple(_table(table, lines, vocabulary, _label(table, tables)) for table in tables)
    return Ruleset(
        name,
        built,
        lines,
        built[0].family if built else 4,
        reading.backend,
        reading.version,
        (*reading.notes, *notes),
        vocabulary.target_names(),
        tuple(_gaps(reading, tables, lines)),
    )


def _kept(tables: Sequence[OpenTable], lines: Sequence[str]) -> tuple[list[OpenTable], list[Diagnostic]]:
    """The tables that count, with a note for each that a later block replaces, as iptables-restore does."""
    last = {(table.family, table.name, table.backend): table for table in tables}
    notes = []
    for table in tables:
        later = last[table.family, table.name, table.backend]
        if later is not table:
            message = f"table {table.name} comes again in line {later.line}, which replaces all that stands here"
            hint = "iptables-restore does so, unless run with --noflush"
            line = table.line or _first_line(table)
            notes.append(Diagnostic(line, 1, "warning", message, lines[line - 1], hint))
    return list(last.values()), notes


def _gaps(reading: Reading, tables: Sequence[OpenTable], lines: Sequence[str]) -> Iterator[Gap]:
    """What is missing, once for each table."""
    if reading.legacy_missing and not any(table.backend == "legacy" for table in tables):
        yield Gap(reading.legacy_missing, "the host has iptables-legacy rules that it does not hold")
    for table in tables:
        seen = table.gap
        if not table.headed and not table.listed:
            seen = (_first_line(table), "some of its rules are here, without the declarations of its chains")
        if seen is not None:
            yield Gap(*seen, table.name, table.family, table.backend, seen[1] == NO_COMMIT)
    if reading.cut is not None:
        why = f"it ends in the middle of table {reading.cut.name}: there is no COMMIT"
        yield Gap(len(lines), why, None, reading.cut.family, cut=True)


def _first_line(table: OpenTable) -> int:
    """The first line of a table that no `*table` line begins."""
    numbers = [number for numbers in table.rules.values() for number in numbers[:1]]
    return min([*numbers, *filter(None, map(table.line_of, table.chains))], default=1)


def _label(table: OpenTable, tables: Sequence[OpenTable]) -> str:
    """A table's name, with the back end where the other's of that name has more chains (or stands above it)."""
    rivals = [each for each in tables if (each.name, each.family) == (table.name, table.family)]
    first = max(rivals, key=lambda each: len(each.chains))
    return table.name if table is first else f"{table.name} ({table.backend})"


def _table(found: OpenTable, lines: Lines, vocabulary: Vocabulary, label: str) -> Table:
    family: Family = found.family or 4
    # Only of a whole table it is known that there are no other chains.
    chains: Container[str] | None = found.chains.keys() if found.headed else None
    reader = RuleReader(vocabulary, family, found.name, chains)
    return Table(found.name, family, found.line, _Chains(found, lines, reader), found.end, found.backend, label)
