"""A dump's text, its lines cut out as they are asked for: all of them at once would weigh more than the text."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import overload

_END = re.compile("\n")
_BLOCK = 1 << 15
"""Characters in which line ends are looked for at once: a trace asks for lines of a few such blocks."""

_MANY = 8
"""Where lines of one block in so many have been asked for, the beginnings of all are kept."""


class Lines(Sequence[str]):
    """The lines of a text, without their ends; a last line without one counts as well."""

    def __init__(self, text: str) -> None:
        """Nothing is cut yet."""
        self.text = text
        self._ends: dict[int, array[int]] = {}
        self._starts: array[int] | None = None

    @cached_property
    def _before(self) -> list[int]:
        """How many lines end before each block."""
        text = self.text
        return [*accumulate((text.count("\n", at, at + _BLOCK) for at in range(0, len(text), _BLOCK)), initial=0)]

    def start(self, index: int) -> int:
        """Where a line begins in the text; the index after the last is the text's end."""
        if self._starts is not None:
            return self._starts[index]
        if index == 0:
            return 0
        block = bisect_left(self._before, index) - 1
        if index > self._before[-1]:
            return len(self.text)
        ends = self._ends.get(block)
        if ends is None:
            from_, to = block * _BLOCK, (block + 1) * _BLOCK
            ends = self._ends[block] = array("Q", [found.end() for found in _END.finditer(self.text, from_, to)])
            if len(self._ends) * _MANY > len(self._before):
                self._all()
        return ends[index - self._before[block] - 1]

    def _all(self) -> None:
        """From now on, know where every line begins."""
        ends = array("Q", [0, *(found.end() for found in _END.finditer(self.text))])
        if self.text[-1:] not in ("", "\n"):
            ends.append(len(self.text))
        self._starts = ends
        self._ends.clear()

    def holding(self, position: int) -> int:
        """The index of the line that a place in the text belongs to."""
        block = position // _BLOCK
        return self._before[block] + self.text.count("\n", block * _BLOCK, position)

    def piece(self, first: int, last: int) -> str:
        """The lines from one index up to another (which is not among them), in one piece."""
        return self.text[self.start(first) : self.start(last)].removesuffix("\n")

    def __len__(self) -> int:
        """How many lines there are."""
        return self._before[-1] + (self.text[-1:] not in ("", "\n"))

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
