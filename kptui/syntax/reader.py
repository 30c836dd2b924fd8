"""From a dump's text to a ruleset: one pass tells the lines apart, rules are parsed when something asks for them."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import overload

from kptui.syntax.ast import Chain, Family, Rule, Ruleset, Table
from kptui.syntax.diagnostics import Diagnostic
from kptui.syntax.grammar import Parser, parser_for
from kptui.syntax.lines import BLANKS, Reading
from kptui.syntax.shapes import RuleReader
from kptui.syntax.tables import BUILTIN, OpenTable
from kptui.syntax.vocabulary import Vocabulary

__all__ = ["BLANKS", "BUILTIN", "Rules", "read"]


class Rules(Sequence[Rule]):
    """The rules of one chain, parsed one by one as they are asked for and then kept."""

    def __init__(self, chain: str, lines: Sequence[str], numbers: Sequence[int], reader: RuleReader) -> None:
        """`numbers` are the line numbers of the rules, counting from 1."""
        self._chain = chain
        self._lines = lines
        self.numbers = numbers
        self._reader = reader
        self._built: list[Rule | None] | None = None

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
        place = range(len(self.numbers))[index]
        return (self._built[place] if self._built is not None else None) or self._build(place)

    def _build(self, index: int) -> Rule:
        if self._built is None:
            self._built = [None] * len(self.numbers)
        line = self.numbers[index]
        rule = self._reader.read(self._lines[line - 1].strip(BLANKS), line, index + 1, self._chain)
        self._built[index] = rule
        return rule

    def __iter__(self) -> Iterator[Rule]:
        """The rules in order."""
        for index in range(len(self.numbers)):
            yield (self._built[index] if self._built is not None else None) or self._build(index)


def read(text: str, vocabulary: Vocabulary, name: str = "-") -> Ruleset:
    """The ruleset that a dump's text describes; never fails, what can't be read is among the diagnostics."""
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    reading = Reading(lines, vocabulary)
    reading.read()
    tables, notes = _kept(reading.tables, lines)
    building = _Building(lines, vocabulary)
    built = tuple(map(building.table, tables))
    return Ruleset(
        name,
        built,
        lines,
        built[0].family if built else 4,
        reading.backend,
        reading.version,
        (*reading.notes, *notes),
        vocabulary.target_names(),
    )


def _kept(tables: Sequence[OpenTable], lines: Sequence[str]) -> tuple[list[OpenTable], list[Diagnostic]]:
    """The tables that count, with a note for each that a later block replaces, as iptables-restore does."""
    last = {(table.family, table.name): table for table in tables}
    notes = []
    for table in tables:
        later = last[table.family, table.name]
        if later is not table:
            message = f"table {table.name} comes again in line {later.line}, which replaces all that stands here"
            hint = "iptables-restore does so, unless run with --noflush"
            line = table.line or _first_line(table)
            notes.append(Diagnostic(line, 1, "warning", message, lines[line - 1], hint))
    return list(last.values()), notes


def _first_line(table: OpenTable) -> int:
    """The first line of a table that no `*table` line begins."""
    numbers = [number for numbers in table.rules.values() for number in numbers[:1]]
    return min([*numbers, *(chain.line for chain in table.chains.values() if chain.line)], default=1)


class _Building:
    """Makes tables of the AST from tables as read; the parser is built when the first rule is asked for."""

    def __init__(self, lines: Sequence[str], vocabulary: Vocabulary) -> None:
        self._lines = lines
        self._vocabulary = vocabulary

    def parser(self) -> Parser:
        return parser_for(self._vocabulary)

    def table(self, found: OpenTable) -> Table:
        family: Family = found.family or 4
        # Only of a whole table it is known that there are no other chains.
        chains: Container[str] | None = found.chains.keys() if found.headed else None
        reader = RuleReader(self.parser, self._vocabulary, family, found.name, chains)
        built = {
            name: Chain(
                name,
                declared.policy,
                declared.line,
                Rules(name, self._lines, found.rules[name], reader),
                declared.packets,
                declared.bytes,
                declared.text,
            )
            for name, declared in found.chains.items()
        }
        return Table(found.name, family, found.line, built, found.end)
