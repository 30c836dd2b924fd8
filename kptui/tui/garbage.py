"""When garbage in cycles is looked for: while nobody presses a key, since all else has to wait for it."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Callable

REST = 1.0
"""Seconds without a key after which there is time."""
AT_LAST = 30.0
"""Seconds after which it is done although keys are pressed."""
AFTER_READING = 4.0
"""The same after a reading with other rules, for those before may weigh a hundred megabytes."""
MUCH = 20
"""It is worth while after so many times that Python has looked through what is young: 400,000 objects or more."""
_NEVER = 1_000_000


class Garbage:
    """Looks through everything where it disturbs nobody; what lives short is looked through by Python itself."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        collect: Callable[[], object] = gc.collect,
        young: Callable[[], int] = lambda: gc.get_count()[2],
    ) -> None:
        """Nothing is done before `take_over`; `young` says how often Python has looked since everything was."""
        self._clock = clock
        self._collect = collect
        self._young = young
        self._pressed = clock()
        self._due: float | None = None
        self._surely = False
        self._replaced: list[weakref.ref[object]] = []
        self._before = gc.get_threshold()

    def take_over(self) -> None:
        """From now on Python looks through what is young only: all of a large ruleset takes a tenth of a second."""
        gc.set_threshold(2_000, 10, _NEVER)

    def give_back(self) -> None:
        """As it was."""
        gc.set_threshold(*self._before)

    def pressed(self) -> None:
        """Somebody presses a key, or moves the mouse."""
        self._pressed = self._clock()
        self._wanted(AT_LAST)

    def read(self, replaced: object = None) -> None:
        """There are other rules now; what they have replaced may be gone by itself. If it isn't known, it is not."""
        if replaced is None:
            self._surely = True
        else:
            self._replaced.append(weakref.ref(replaced))
        self._wanted(AFTER_READING)

    def look(self) -> None:
        """Called again and again: look through everything, if there may be much and this is the time."""
        now = self._clock()
        if self._due is None or (now - self._pressed < REST and now < self._due):
            return
        if self._surely or self._young() >= MUCH or any(each() is not None for each in self._replaced):
            self._collect()
        self._due, self._surely = None, False
        self._replaced.clear()

    def _wanted(self, within: float) -> None:
        at = self._clock() + within
        self._due = at if self._due is None else min(self._due, at)
