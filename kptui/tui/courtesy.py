"""Threads that compute let the one that paints go first: Python lets one run at a time, and would share alike.

A frame that takes 40 ms to paint takes 80 beside a thread that computes, however often the two take turns. So such a
thread asks now and then whether it may go on, and waits while the loop has something to do.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from selectors import DefaultSelector, SelectorKey

PATIENCE = 0.05
"""Seconds that a thread waits for the loop at most; held keys may keep that at work all the time."""
TURN = 0.01
"""Seconds that it then has."""


class Courtesy:
    """Knows whether the loop waits for something to happen; without a loop, everybody may go on."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, patience: float = PATIENCE) -> None:
        """The loop is not there yet."""
        self._clock = clock
        self.patience = patience
        self._idle = threading.Event()
        self._idle.set()
        self._turn = 0.0

    def new_loop(self) -> asyncio.AbstractEventLoop:
        """A loop that threads can give way to."""
        return asyncio.SelectorEventLoop(_Watched(self._idle))

    def give_way(self) -> None:
        """Wait while the loop is at work; called every millisecond or so by a thread that computes."""
        if self._idle.is_set() or self._clock() < self._turn:
            return
        if not self._idle.wait(self.patience):
            self._turn = self._clock() + TURN


class _Watched(DefaultSelector):
    """Tells that the loop waits: when it asks for what has happened already, it has more to do."""

    def __init__(self, idle: threading.Event) -> None:
        super().__init__()
        self._idle = idle

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        """What has happened; threads may go on while that is waited for."""
        if timeout is None or timeout > 0:
            self._idle.set()
        try:
            return super().select(timeout)
        finally:
            self._idle.clear()

    def close(self) -> None:
        """Nobody has to wait any more."""
        self._idle.set()
        super().close()


COURTESY = Courtesy()
"""That of the process: there is one thread that paints."""
