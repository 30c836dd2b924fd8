"""When garbage in cycles is looked for: while nobody presses a key, since all else has to wait for it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

REST = 1.0
"""Seconds without a key after which there is time."""
AT_LAST = 30.0
"""Seconds after which it is done although keys are pressed."""
AFTER_READING = 4.0
"""The same after a reading with other rules: the ruleset before lies in cycles, and may weigh a hundred megabytes."""
_NEVER = 1_000_000


class Garbage:
    """Looks through everything where it disturbs nobody; what lives short is looked through by Python itself."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, collect: Callable[[], object] = gc.collect) -> None:
        """Nothing is done before `take_over`."""
        self._clock = clock
        self._collect = collect
        self._pressed = clock()
        self._due: float | None = None
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

    def read(self) -> None:
        """There are other rules now."""
        self._wanted(AFTER_READING)

    def look(self) -> None:
        """Called again and again: look through everything, if there may be something and this is the time."""
        now = self._clock()
        if self._due is not None and (now - self._pressed >= REST or now >= self._due):
            self._collect()
            self._due = None

    def _wanted(self, within: float) -> None:
        at = self._clock() + within
        self._due = at if self._due is None else min(self._due, at)
