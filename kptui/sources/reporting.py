"""Telling what a reading of a host is at: the commands that run, how long each may take, what has come of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from threading import Lock

from kptui.sources.commands import Command
from kptui.sources.process import Heard
from kptui.sources.steps import Progress, Step

_OFTEN = 0.1
"""Seconds between two words about the same command."""


class Report:
    """Tells of the commands that run the one that began first, and how many others run beside it."""

    def __init__(self, progress: Progress | None, where: str, commands: Sequence[Command]) -> None:
        """All the `commands` there may be, so that each has its number."""
        self._progress = progress
        self._where = where
        self._commands = list(commands)
        self._running: dict[Command, Step] = {}
        self._lock = Lock()
        self._told = 0.0
        self._news = False

    @contextmanager
    def of(self, command: Command, limit: float) -> Iterator[Heard | None]:
        """While a command runs, which may take so many seconds; gives what wants to hear what it says."""
        if self._progress is None:
            yield None
            return
        number = self._commands.index(command) + 1
        step = Step(" ".join(command.argv), self._where, number, len(self._commands), limit=limit)
        with self._lock:
            self._running[command] = step
            self._tell()
        try:
            yield partial(self._heard, command)
        finally:
            with self._lock:
                del self._running[command]
                if self._running:
                    self._tell()

    def _heard(self, command: Command, said: bytes) -> None:
        with self._lock:
            step = self._running[command]
            lines = step.lines + said.count(b"\n")
            self._running[command] = step._replace(size=step.size + len(said), lines=lines)
            self._news = self._news or bool(said)
            if self._news and time.monotonic() - self._told >= _OFTEN:
                self._tell()

    def _tell(self) -> None:
        assert self._progress is not None
        self._told, self._news = time.monotonic(), False
        first = next(iter(self._running.values()))
        self._progress(first._replace(beside=len(self._running) - 1))
