"""Rules by shape: Lark parses the first rule of each shape, the others only bind their values.

Two lines have the same shape when they differ only in values. A kube-proxy dump of 160,000 rules has about forty
shapes, so this is what makes the grammar fast enough; `Parser.dump` gives the same AST a thousand times slower.
Most rules are of a shape that came after that of the rule before already, so its pattern is tried first; else the
line is taken apart to look its shape up. A line whose values don't stand where the shape's do, or that iptables would
refuse, goes through Lark by itself.
"""

from __future__ import annotations

import re
from collections.abc import Container, Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from kptui.patterns import pattern
from kptui.syntax.ast import Family, Rule
from kptui.syntax.quoting import unquoted
from kptui.syntax.templates import COUNTERS, VERDICTS, Pick, Template, UnfitError, beginning
from kptui.syntax.text import Lines
from kptui.syntax.vocabulary import Vocabulary

if TYPE_CHECKING:
    from kptui.syntax.plainly import PlainReader

BLANKS = " \t\r"
"""What may stand around a line; any other white space is text of the dump."""

# What may differ between rules of one shape. Not so: what -m and -p name, and what -j names unless the line ends
# there, since those decide how the rest is read; and nothing that begins like an option or a negation.
VALUE = pattern(
    r"""((?<=[ ])(?<!-[mp][ ])(?:
        (?<!-[jg][ ])(?:"[^"\\]*(?:\\.[^"\\]*)*"|[^\ \t"!-][^\ \t"]*)(?=[ ]|\Z)
        |[^\ \t"!-][^\ \t"]*\Z
    ))""",
    re.VERBOSE,
)
_COUNTERS = pattern(r"\[(\d+):(\d+)\][ \t]+")
# What pasting puts before a line: quoting, grep's line numbers, and the program's name in scripts.
LEAD = pattern(
    r"(?:>[ \t]*)*(?:(?:[\w./-]+:)?\d+[:-](?=[-:*#\[]))?"
    r"(?:(?:sudo[ \t]+)?(?:/[\w/.-]*/)?(ip6?tables)(?:-nft|-legacy)?[ \t]+(?=-))?"
)
_FOLLOWERS = 8
OFTEN = 12
"""From so many rules of a shape on its pattern is worth what it takes to compile."""
_KEPT = 65_536


class Alike(NamedTuple):
    """A rule by its shape, and by values that were taken out of it."""

    shape: Hashable
    values: Sequence[str | None]


class RuleReader:
    """Turns rule lines of one table into AST rules, remembering a template per shape."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        family: Family = 4,
        table: str = "",
        chains: Container[str] | None = None,
        often: int = OFTEN,
    ) -> None:
        """The grammar is loaded when the first line of a new shape comes.

        `chains` are the table's user-defined chains where they are all known, so that a jump elsewhere is noticed.
        """
        self._often = often
        self._vocabulary = vocabulary
        self._family = family
        self._table = table
        self._chains = chains
        self._own_rules = frozenset(vocabulary.target_names()) - VERDICTS
        self._led_to = _Chains(vocabulary) if chains is None else chains
        self._templates: dict[tuple[str, ...], Template | None] = {}
        self._kept: dict[int, Rule] = {}
        self._last = beginning()

    def rules(self, lines: Lines, chains: Iterable[tuple[str, Sequence[int]]], first: int = 1) -> Iterator[Rule]:
        """The rules of chains: of each the name, and the numbers of the lines that its rules from `first` on stand on.

        A rule that iptables would refuse has its error, one that the grammar refuses is opaque.
        """
        text, targets, before, end = lines.text, self._led_to, -1, 0
        last = self._last
        for chain, numbers in chains:
            for number, line in enumerate(numbers, first):
                start = end + 1 if line == before + 1 else lines.start(line - 1)
                before = line
                for known in last.followers:
                    found = known.match(text, start)
                    if found is None:
                        continue
                    try:
                        rule = known.read(found, line, number, chain, targets)
                    except UnfitError:
                        continue
                    if rule is not None:
                        if known is not last.followers[0]:
                            last.prefer(known)
                        self._last = last = known
                        end = found.end()
                        yield rule
                        break
                else:
                    end = text.find("\n", start)
                    self._last = last
                    rule = self._look_up(text[start : end if end >= 0 else None].strip(BLANKS), line, number, chain)
                    last = self._last
                    yield rule

    def rule(self, lines: Lines, line: int, number: int, chain: str) -> Rule:
        """The rule of one line."""
        return next(self.rules(lines, ((chain, (line,)),), number))

    def columns(self, lines: Lines, chain: str, numbers: Sequence[int], pick: Pick) -> Iterator[Sequence[str | None]]:
        """What `pick` takes out of each rule of a chain; most rules are not made for that."""
        text, targets, before, end = lines.text, self._led_to, -1, 0
        last = self._last
        for number, line in enumerate(numbers, 1):
            start = end + 1 if line == before + 1 else lines.start(line - 1)
            for known in last.followers:
                found = known.match(text, start)
                if found is None:
                    continue
                given = found.groups("")
                if known.wrong(given, chain, targets):
                    continue
                picked = known.columns(pick, chain, given)
                if picked is not None:
                    if known is not last.followers[0]:
                        last.prefer(known)
                    before, end = line, found.end()
                    self._last = last = known
                    yield picked
                    break
            else:
                yield pick(self.rule(lines, line, number, chain))
                last = self._last

    def alike(self, lines: Lines, chain: str, numbers: Sequence[int], pick: Pick) -> list[Alike] | None:
        """Of each rule of a chain its shape, and what `pick` takes out of it; None if one is not a usual one.

        Rules of one shape differ in their values only, and iptables minds nothing in them.
        """
        text, last, before, end = lines.text, self._last, -1, 0
        rules: list[Alike] = []
        for line in numbers:
            start = end + 1 if line == before + 1 else lines.start(line - 1)
            for known in last.followers:
                found = known.match(text, start)
                if found is not None:
                    given = found.groups("")
                    picked = None if known.wrong(given, chain, self._led_to) else known.columns(pick, chain, given)
                    if picked is not None:
                        break
            else:
                return None
            rules.append(Alike(known, picked))
            last, before, end = known, line, found.end()
        self._last = last
        return rules

    def read_plainly(self, text: str, line: int, number: int, chain: str) -> Rule:
        """The same rule without any shape: what Lark's tree of the line says."""
        start, packets, count = begin(text)
        return self._plain.rule(text, start, (packets, count), line, number, chain)

    @property
    def shapes(self) -> int:
        """How many shapes have been met."""
        return len(self._templates)

    @cached_property
    def _plain(self) -> PlainReader:
        # Lark is loaded only where a rule is looked at.
        from kptui.syntax.plainly import PlainReader

        return PlainReader(self._vocabulary, self._family, self._table, self._chains)

    def _look_up(self, text: str, line: int, number: int, chain: str) -> Rule:
        """The rule of a line that is taken apart to find its shape."""
        kept = self._kept.get(line)
        if kept is not None and (kept.text, kept.number, kept.chain) == (text, number, chain):
            return kept
        start, packets, count = begin(text)
        body = text[start:] if start else text
        words = VALUE.split(body)
        found = self._of_shape(words, body)
        if found is not None:
            given = [packets, count, *(unquoted(value) if value[0] == '"' else value for value in words[1::2])]
            if found.fits(given, chain, self._family):
                try:
                    rule = found.make(given, line, number, chain, text)
                except UnfitError:
                    pass
                else:
                    self._met(found)
                    return rule
        rule = self.read_plainly(text, line, number, chain)
        if len(self._kept) < _KEPT:
            self._kept[line] = rule
        return rule

    def _of_shape(self, words: list[str], body: str) -> Template | None:
        """The template of a line's shape; None where there is none, or something is wrong with its target."""
        found = self._template(tuple(words[::2]), words, body)
        if found is None or found.target_slot is None:
            return found
        name = words[1::2][found.target_slot - COUNTERS]
        if name in self._own_rules:
            return self._template((*words[::2], name), words, body, name)
        if name in VERDICTS:
            return None if found.goto else found
        return found if self._chains is None or name in self._chains else None

    def _template(self, shape: tuple[str, ...], words: list[str], body: str, target: str = "") -> Template | None:
        try:
            return self._templates[shape]
        except KeyError:
            learnt = self._templates[shape] = self._plain.learn(body, words, target)
            return learnt

    def _met(self, found: Template) -> None:
        """Once there were enough rules of a shape, its pattern is tried first after the shape of the rule before."""
        last, self._last = self._last, found
        found.met += 1
        if found.pattern and found.met >= self._often and found not in last.followers:
            found.ready()
            last.followers = (found, *last.followers[: _FOLLOWERS - 1])


class _Chains(Container[str]):
    """All names that -j takes for a chain's, where it isn't known which chains there are."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._targets = vocabulary.target_names()

    def __contains__(self, name: object) -> bool:
        return name not in self._targets


def begin(text: str) -> tuple[int, str, str]:
    """Where the rule proper begins, after what pasting put before it and its counters; packets and bytes."""
    if text.startswith("-"):
        return 0, "", ""
    lead = LEAD.match(text)
    start = lead.end() if lead else 0
    counters = _COUNTERS.match(text, start)
    return (counters.end(), counters[1], counters[2]) if counters else (start, "", "")
