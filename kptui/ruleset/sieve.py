"""Which lines a search need not look at one by one: what has to stand in a line may stand in none of many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from kptui.ruleset.query import Term
from kptui.syntax.text import Lines

MANY = 250
"""So many lines are looked at together."""


class Sieve:
    """Gives the lines of chains that may fit, chain by chain in the order of the dump."""

    def __init__(self, lines: Sequence[str], terms: Sequence[Term], stopped: Callable[[], bool]) -> None:
        """All of these terms have to hold; `stopped` is asked on the way whether anybody still waits."""
        self._stopped = stopped
        self._lines = lines
        self._terms = terms
        self._none = self._some = range(0)

    def may(self, numbers: Sequence[int]) -> Iterator[tuple[int, str]]:
        """Indexes (from 0) and texts of a chain's rules, which stand on these lines (from 1), that may fit."""
        lines = self._lines
        if not isinstance(numbers, range) or numbers.step != 1 or not isinstance(lines, Lines):
            for index, line in enumerate(numbers):
                if index % MANY == MANY - 1 and self._stopped():
                    return
                if (written := lines[line - 1]) and self._fits(written):
                    yield index, written
            return
        for first in range(numbers.start, numbers.stop, MANY):
            last = min(first + MANY, numbers.stop)
            if first > numbers.start and self._stopped():
                return
            if self._worth(first - 1, last - 1):
                for index, written in enumerate(lines.piece(first - 1, last - 1).split("\n"), first - numbers.start):
                    if self._fits(written):
                        yield index, written

    def _fits(self, written: str) -> bool:
        return all(term.line(written) for term in self._terms)

    def _worth(self, first: int, last: int) -> bool:
        """Whether to look at these lines; those that follow, mostly of the next chains, are looked at with them."""
        if self._none.start <= first and last <= self._none.stop:
            return False
        if not (self._some.start <= first and last <= self._some.stop):
            stretch = range(first, max(last, min(first + MANY, len(self._lines))))
            if not self._hold(stretch.start, stretch.stop):
                self._none = stretch
                return False
            self._some = stretch
        return self._hold(first, last)

    def _hold(self, first: int, last: int) -> bool:
        piece = self._lines.piece(first, last)  # type: ignore[attr-defined]
        low = piece.lower()
        return all(term.piece(piece, low) for term in self._terms)
