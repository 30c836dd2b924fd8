"""The process that reads a running host and tells what is new: `python -m kptui.live.child`, frames in and out.

Taking a dump of 300,000 rules apart takes a second of work, for which no key has to wait: it is done here. When nobody
listens any more this process ends, with all that it has started.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from kptui.errors import CancelledError, KptuiError
from kptui.live.examine import Examiner, Look
from kptui.live.frames import Asked, Begin, Stop, read_frame, write_frame
from kptui.sources import gather_source
from kptui.sources.access import choose
from kptui.sources.commands import SELDOM
from kptui.sources.steps import Step
from kptui.sources.text import SourceText

BEHIND = 10
"""How far the thread that takes a text apart stands behind others (nice); commands don't, others may wait for them."""


class Child:
    """Reads one source whenever it is asked to."""

    def __init__(self, begin: Begin, out: IO[bytes]) -> None:
        """Nothing is read yet."""
        self.cancelled = threading.Event()
        choose(begin.access)
        self._begin = begin
        self._out = out
        self._examiner = Examiner(begin.names)
        self._number = 0
        self._seldom: Mapping[str, str] = {}
        self._writing = threading.Lock()
        self._looking = ThreadPoolExecutor(1, initializer=stand_behind)

    def answer(self, asked: Asked) -> None:
        """Read, and tell what is new; or why that can't be told."""
        try:
            write_frame(self._out, self._look(asked))
        except CancelledError:
            write_frame(self._out, Stop())
        except KptuiError as error:
            write_frame(self._out, str(error))

    def _look(self, asked: Asked) -> Look:
        if asked.since != self._number:
            # What was told last has not been taken note of, so everything has to be told again.
            self._examiner = Examiner(self._begin.names)
        at, when = time.monotonic(), time.time()
        source = self._source(asked.everything)
        if self.cancelled.is_set():
            raise CancelledError
        self._told(Step("looking for what changed"))
        self._number = max(self._number, asked.since) + 1
        return self._looking.submit(self._examiner.look, source, at, when, self._number).result()

    def _source(self, everything: bool) -> SourceText:
        found = gather_source(self._begin.source, self.cancelled.is_set, self._told, everything)
        if everything:
            self._seldom = {name: text for name, text in found.texts.items() if name in SELDOM}
        else:
            found.texts.update(self._seldom)
        return found.source()

    def _told(self, step: Step) -> None:
        # Commands that run at once are told of by the threads that wait for them.
        with self._writing:
            write_frame(self._out, step)


def stand_behind() -> None:
    """Let the explorer, and whatever else the machine is for, go first."""
    if sys.platform == "linux":
        # Only there a priority is a thread's, by the number that it has as one.
        own = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), max(own, BEHIND))


def _listen(file: IO[bytes], child: Child, waiting: queue.SimpleQueue[Asked | None]) -> None:
    """Take requests in while the process is at work; the end of them is the end of it."""
    while True:
        try:
            request: Any = read_frame(file)
        except (EOFError, OSError):
            child.cancelled.set()
            waiting.put(None)
            return
        if isinstance(request, Stop):
            child.cancelled.set()
        else:
            child.cancelled.clear()
            waiting.put(request)


def main() -> None:
    """Serve until standard input ends."""
    # ctrl+c in the terminal is for the explorer, which then closes this.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    out = os.fdopen(os.dup(1), "wb", buffering=1 << 20)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    file = os.fdopen(0, "rb")
    try:
        child = Child(read_frame(file), out)
        waiting: queue.SimpleQueue[Asked | None] = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(file, child, waiting), daemon=True).start()
        while (asked := waiting.get()) is not None:
            child.answer(asked)
    except (BrokenPipeError, EOFError):
        os._exit(0)


if __name__ == "__main__":
    main()
