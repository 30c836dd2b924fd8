"""Readings of a source, one after the other: by a process of its own for what runs, else here."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Protocol

from kptui.errors import CancelledError, SourceError
from kptui.kubernetes.known_names import KnownNames
from kptui.live.examine import Examiner, Look
from kptui.live.frames import Asked, Begin, Stop, read_frame, write_frame
from kptui.sources import is_live, read_source
from kptui.sources.access import chosen
from kptui.sources.steps import Progress, Step
from kptui.sources.text import SourceText

Cancelled = Callable[[], bool]
_ROOT = Path(__file__).parents[2]
_TICK = 0.05
_PATIENCE = 2.0
"""Seconds that a process gets to end what it was told to end."""


class Reader(Protocol):
    """Reads a source whenever it is asked to."""

    def read(self, since: int, everything: bool, progress: Progress, cancelled: Cancelled) -> Look:
        """What is new since the reading of that number (0: everything is).

        `everything` asks a host for what costs much, too. Raises SourceError, and CancelledError soon after
        `cancelled` says that nobody waits any more.
        """

    def close(self) -> None:
        """Let go of whatever is open."""


def reader_of(source: str, names: KnownNames | None = None) -> Reader:
    """The way to read a source."""
    return Apart(source, names) if is_live(source) else Here(source, names)


class Here:
    """Reads a file in this process; its counters are of a time that nobody knows, so they give no rates."""

    def __init__(
        self, source: str, names: KnownNames | None = None, read: Callable[..., SourceText] = read_source
    ) -> None:
        """`read` gets the text."""
        self._source = source
        self._names = names
        self._read = read
        self._last: SourceText | None = None
        self._number = 0

    def read(self, since: int, everything: bool, progress: Progress, cancelled: Cancelled) -> Look:
        """What is new in the file."""
        at, when = time.monotonic(), time.time()
        found = self._read(self._source, cancelled=cancelled, progress=progress)
        if cancelled():
            raise CancelledError
        last = self._last if since == self._number else None
        look = Look(at, when, self._number + 1, found)
        if last is not None and last.text == found.text:
            look = replace(look, source=None, facts=found.facts if found.facts != last.facts else None)
        elif last is not None:
            progress(Step("looking for what changed"))
            examiner = Examiner(self._names)
            examiner.look(last, at, when)
            seen = examiner.look(found, at, when)
            look = replace(look, alignment=seen.alignment, news=seen.news, changes=seen.changes, lines=seen.lines)
        self._last = found
        self._number += 1
        return look

    def close(self) -> None:
        """Nothing is open."""


class Apart:
    """Has a running host read by a process of its own (`kptui.live.child`)."""

    def __init__(self, source: str, names: KnownNames | None = None) -> None:
        """The process is started with the first reading."""
        self._begin = Begin(source, names, chosen())
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, since: int, everything: bool, progress: Progress, cancelled: Cancelled) -> Look:
        """What is new on the host."""
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            write_frame(process.stdin, Asked(since, everything))
            while True:
                self._wait(process.stdout, cancelled)
                said: Any = read_frame(process.stdout)
                if isinstance(said, Look):
                    return said
                if isinstance(said, Stop):
                    raise CancelledError
                if isinstance(said, str):
                    raise SourceError(said)
                progress(said)
        except CancelledError:
            self._stop(process)
            raise
        except (EOFError, OSError):
            self.close()
            raise SourceError("What reads the source ended unexpectedly.") from None

    def close(self) -> None:
        """End the process and all that it has started."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        try:
            # -P: what lies in the current folder is never a module. A group of its own gets no ctrl+c, but keeps the
            # terminal that sudo's permission may hang on.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "kptui.live.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": path},
                process_group=0,
                bufsize=0,
            )
        except OSError as error:
            raise SourceError(f"No process can be started: {error.strerror}.") from None
        assert self._process.stdin is not None
        write_frame(self._process.stdin, self._begin)
        return self._process

    def _wait(self, pipe: IO[bytes], cancelled: Cancelled) -> None:
        while not _readable(pipe, _TICK):
            if cancelled():
                raise CancelledError

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        """Have a reading ended, and its answer thrown away; a process that doesn't hear is ended with it."""
        assert process.stdin is not None
        assert process.stdout is not None
        until = time.monotonic() + _PATIENCE
        with suppress(EOFError, OSError):
            write_frame(process.stdin, Stop())
            while time.monotonic() < until:
                if _readable(process.stdout, _TICK) and isinstance(read_frame(process.stdout), Look | str | Stop):
                    return
        self.close()


def _readable(pipe: IO[bytes], seconds: float) -> bool:
    """Whether something came, or the end; the pipe is not buffered here, so the kernel knows."""
    return bool(select.select([pipe], [], [], seconds)[0])
