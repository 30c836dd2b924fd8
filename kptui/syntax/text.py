"""A dump's text, its lines cut out as they are asked for: all of them at once would weigh more than the text."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import overload

_END = re.compile("\n")
BLOCK = 1 << 15
"""Characters in which line ends are looked for at once, about: a trace asks for lines of a few such blocks."""

_MANY = 8
"""Where lines of one block in so many have been asked for, the beginnings of all are kept."""


class Lines(Sequence[str]):
    """The lines of a text, without their ends; a last line without one counts as well."""

    def __init__(self, text: str) -> None:
        """Nothing is cut yet."""
        self.text = text
        self._known: list[tuple[int, int]] = []
        self._ends: dict[int, array[int]] = {}
        self._starts: array[int] | None = None

    def mark(self, position: int, index: int) -> None:
        """Tell where a line begins, each behind the one told before, so that lines need not be counted again."""
        self._known.append((position, index))

    @cached_property
    def _blocks(self) -> tuple[list[int], list[int]]:
        """Where blocks of lines begin, and the index of the first line of each."""
        text, positions, indexes = self.text, [0], [0]
        for position, index in [*self._known, (len(text), -1)]:
            while position - positions[-1] > 2 * BLOCK:
                end = text.find("\n", positions[-1] + BLOCK, position - 1)
                if end < 0:
                    break
                indexes.append(indexes[-1] + text.count("\n", positions[-1], end + 1))
                positions.append(end + 1)
            if index >= 0:
                positions.append(position)
                indexes.append(index)
        return positions, indexes

    def start(self, index: int) -> int:
        """Where a line begins in the text; the index after the last is the text's end."""
        if self._starts is not None:
            return self._starts[index]
        positions, indexes = self._blocks
        block = bisect_right(indexes, index) - 1
        behind = index - indexes[block]
        if not behind:
            return positions[block]
        ends = self._ends.get(block)
        if ends is None:
            to = positions[block + 1] if block + 1 < len(positions) else len(self.text)
            found = _END.finditer(self.text, positions[block], to)
            ends = self._ends[block] = array("Q", [each.end() for each in found])
            if len(self._ends) * _MANY > len(positions):
                self._all()
        return ends[behind - 1] if behind <= len(ends) else len(self.text)

    def _all(self) -> None:
        """From now on, know where every line begins."""
        # Four bytes a line where they do, and no list of half a million numbers first.
        kind = "I" if len(self.text) >> 32 == 0 else "Q"
        ends = array(kind, chain((0,), (found.end() for found in _END.finditer(self.text))))
        if self.text[-1:] not in ("", "\n"):
            ends.append(len(self.text))
        self._starts = ends
        self._ends.clear()

    def holding(self, position: int) -> int:
        """The index of the line that a place in the text belongs to."""
        positions, indexes = self._blocks
        block = bisect_right(positions, position) - 1
        return indexes[block] + self.text.count("\n", positions[block], position)

    def piece(self, first: int, last: int) -> str:
        """The lines from one index up to another (which is not among them), in one piece."""
        return self.text[self.start(first) : self.start(last)].removesuffix("\n")

    def __len__(self) -> int:
        """How many lines there are."""
        return self._count

    @cached_property
    def _count(self) -> int:
        positions, indexes = self._blocks
        return indexes[-1] + self.text.count("\n", positions[-1]) + (self.text[-1:] not in ("", "\n"))

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        """The line at that index (from 0), or a list of lines."""
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        start = self.start(index)
        if index < 0 or start >= len(self.text):
            raise IndexError(index)
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else None]

    def __iter__(self) -> Iterator[str]:
        """The lines in order."""
        lines = self.text.split("\n")
        if lines[-1] == "":
            lines.pop()
        return iter(lines)

    def beginning(self, start: str) -> Iterator[tuple[int, str]]:
        """The lines that begin so, each behind its index."""
        if self.text.startswith(start):
            yield 0, self[0]
        at = -1
        while (at := self.text.find(f"\n{start}", at + 1)) >= 0:
            index = self.holding(at + 1)
            yield index, self[index]


def beginning(lines: Sequence[str], start: str) -> Iterator[tuple[int, str]]:
    """The lines that begin so, each behind its index; of a dump's text the others are not cut out."""
    if isinstance(lines, Lines):
        return lines.beginning(start)
    return ((index, line) for index, line in enumerate(lines) if line.startswith(start))
