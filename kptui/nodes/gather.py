"""Reading many sources at once: so many at a time, one that can't be read keeps no other from being read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import Generic, TypeVar

from kptui.errors import KptuiError
from kptui.records import dataclass

Found = TypeVar("Found")
Cancelled = Callable[[], bool]
"""Asked again and again by whoever reads; once it says so, nobody waits for the answer any more."""
LIMIT = 8
"""So many sources are read at a time."""


@dataclass(frozen=True, slots=True)
class Read(Generic[Found]):
    """What came of a source: what was found, or why nothing was."""

    name: str
    found: Found | None = None
    error: str = ""


class Gathering(Generic[Found]):
    """Reads sources in threads; results come in the order of the names, or as they are ready.

    No more than `limit` are being read or waiting to be taken, so that not all texts are in memory. What `read` raises
    is told as an error, if it is a KptuiError; anything else is raised where the results are taken.
    """

    def __init__(self, names: Sequence[str], read: Callable[[str, Cancelled], Found], limit: int = LIMIT) -> None:
        """Nothing is read before results are asked for."""
        self._names = tuple(names)
        self._read = read
        self._limit = max(1, limit)
        self._room = threading.Semaphore(self._limit)
        self._lock = threading.Lock()
        self._next = 0
        self._given_up = False
        self._ready: SimpleQueue[tuple[int, Read[Found] | Exception] | None] = SimpleQueue()

    def cancel(self) -> None:
        """Give up: nothing further is read or told, and what reads is told so."""
        self._given_up = True
        self._room.release(self._limit)
        self._ready.put(None)

    def as_ready(self, begun: Callable[[str], None] = lambda name: None) -> Iterator[Read[Found]]:
        """Results as they come; `begun` is told, in a thread, when a source begins to be read."""
        for _, result in self._results(begun):
            yield result
            self._room.release()

    def in_order(self, begun: Callable[[str], None] = lambda name: None) -> Iterator[Read[Found]]:
        """Results in the order of the names."""
        waiting: dict[int, Read[Found]] = {}
        turn = 0
        for index, result in self._results(begun):
            waiting[index] = result
            while turn in waiting:
                yield waiting.pop(turn)
                turn += 1
                self._room.release()

    def _results(self, begun: Callable[[str], None]) -> Iterator[tuple[int, Read[Found]]]:
        for _ in range(min(self._limit, len(self._names))):
            # A source that hangs must not keep the program from ending.
            threading.Thread(target=self._work, args=(begun,), daemon=True).start()
        try:
            for _ in self._names:
                came = self._ready.get()
                if came is None or self._given_up:
                    return
                index, result = came
                if isinstance(result, Exception):
                    raise result
                yield index, result
        finally:
            self.cancel()

    def _work(self, begun: Callable[[str], None]) -> None:
        while True:
            self._room.acquire()
            with self._lock:
                index = self._next
                self._next += 1
            if self._given_up or index >= len(self._names):
                return
            begun(self._names[index])
            self._ready.put((index, self._result(self._names[index])))

    def _result(self, name: str) -> Read[Found] | Exception:
        try:
            return Read(name, self._read(name, lambda: self._given_up))
        except KptuiError as error:
            return Read(name, error=str(error))
        except Exception as fault:
            return fault
