"""Long loops in slices: whoever waits for the end is told that it goes on, and may end it or have it wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Told = Callable[[], object]
"""Called again and again by what takes long; what it raises ends that."""
SLICE = 100
"""So many items are gone through at a time: a millisecond or so, if each is a rule."""
_Item = TypeVar("_Item")


def nobody() -> None:
    """Nobody waits."""


def slices(items: Iterable[_Item], told: Told) -> Iterator[_Item]:
    """The items; before each slice of them `told` is called."""
    return iter(items) if told is nobody else _told(items, told)


def _told(items: Iterable[_Item], told: Told) -> Iterator[_Item]:
    for number, item in enumerate(items):
        if not number % SLICE:
            told()
        yield item
