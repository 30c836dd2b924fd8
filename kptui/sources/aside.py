"""Work in a thread of its own, which keeps no program from ending; its answer is waited for where it is needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


def aside(work: Callable[[], T]) -> Callable[[], T]:
    """Begin some work; what comes back waits for its result, once, and returns or raises it."""
    answers: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            answers.put((work(), None))
        except BaseException as error:
            answers.put((None, error))

    threading.Thread(target=run, daemon=True).start()

    def result() -> T:
        found, error = answers.get()
        if error is not None:
            raise error
        return found  # type: ignore[return-value]

    return result
