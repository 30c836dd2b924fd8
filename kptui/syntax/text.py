"""A dump's text, its lines cut out as they are asked for: all of them at once would weigh more than the text."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import overload

_END = re.compile("\n")


class Lines(Sequence[str]):
    """The lines of a text, without their ends; a last line without one counts as well."""

    def __init__(self, text: str) -> None:
        """Nothing is cut yet."""
        self.text = text

    @cached_property
    def starts(self) -> array[int]:
        """Where each line begins in the text, and at last where the next one would."""
        after = [found.end() for found in _END.finditer(self.text)]
        if self.text and not self.text.endswith("\n"):
            after.append(len(self.text) + 1)
        return array("Q", [0, *after])

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self.starts) - 1

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
        return self.text[self.starts[index] : self.starts[index + 1] - 1]

    def __iter__(self) -> Iterator[str]:
        """The lines in order."""
        lines = self.text.split("\n")
        if lines[-1] == "":
            lines.pop()
        return iter(lines)
