"""When to read a source again, and what to say of it: interval, pause, failures with growing rests; no threads here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

INTERVAL = 2.0
"""Seconds between two readings, if nobody says otherwise."""
RESTS = (2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
"""Seconds of rest after the first failure in a row, the second, …"""
SELDOM = 30.0
"""Seconds between two readings of what costs much and changes little: ipsets, conntrack's table."""

State = Literal["new", "good", "stale", "failed"]
"""Nothing read yet; all well; the last reading failed, an older one is shown; nothing could be read at all."""
Clock = Callable[[], float]


@dataclass(slots=True)
class Watch:
    """Where the readings of one source stand. `interval` is None for a source that is read by key only.

    Each reading has a number; a result counts only if no later reading was begun or given up since.
    """

    interval: float | None = None
    clock: Clock = time.monotonic
    number: int = 0
    reading: bool = False
    paused: bool = False
    failures: int = 0
    why: str = ""
    read_at: float | None = None
    """The clock's time when the reading began that is shown."""
    _next: float = 0.0
    _began: float = 0.0
    _seldom: float | None = None

    @property
    def state(self) -> State:
        """How it is going."""
        if self.failures:
            return "failed" if self.read_at is None else "stale"
        return "new" if self.read_at is None else "good"

    @property
    def seconds(self) -> float:
        """How long the reading has been going on that is under way."""
        return self.clock() - self._began if self.reading else 0.0

    @property
    def age(self) -> float:
        """Seconds since what is shown was read."""
        return 0.0 if self.read_at is None else self.clock() - self.read_at

    @property
    def wait(self) -> float | None:
        """Seconds until the next reading, None if none is due by itself."""
        if self.interval is None or self.paused or self.reading:
            return None
        return max(0.0, self._next - self.clock())

    @property
    def due(self) -> bool:
        """Whether to read now."""
        return self.wait == 0.0

    def begin(self) -> int:
        """A reading begins; its number. One that is under way counts no more."""
        self.number += 1
        self.reading = True
        self._began = self.clock()
        return self.number

    def wants_all(self) -> bool:
        """Whether the reading that begins is to ask for what is asked for seldom."""
        now = self.clock()
        if self._seldom is None or now - self._seldom >= SELDOM:
            self._seldom = now
            return True
        return False

    def good(self, number: int) -> bool:
        """A reading succeeded; whether it counts.

        The next one begins an interval after it began, and not before as long a rest as half of what it took: on a node
        with very many rules iptables-save is work, too.
        """
        if number != self.number or not self.reading:
            return False
        now = self.clock()
        self.reading, self.failures, self.why, self.read_at = False, 0, "", self._began
        self._next = max(self._began + (self.interval or 0.0), now + (now - self._began) / 2)
        return True

    def bad(self, number: int, why: str) -> bool:
        """A reading failed; whether it counts."""
        if number != self.number or not self.reading:
            return False
        self.reading, self.why = False, why
        now = self.clock()
        # A host that works for a minute in vain is left alone for a while, too.
        self._next = now + max(RESTS[min(self.failures, len(RESTS) - 1)], (now - self._began) / 2)
        self.failures += 1
        return True

    def give_up(self) -> None:
        """Nobody waits any more for what is being read."""
        self.number += 1
        self.reading = False
        self._next = self.clock() + (self.interval or 0.0)

    def pause(self) -> None:
        """Read no more by itself, or go on."""
        self.paused = not self.paused
        self._next = self.clock()
