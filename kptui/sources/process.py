"""A command run here: never through a shell, bounded in time and in what it says, ended when nobody waits for it."""

from __future__ import annotations

import atexit
import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock
from typing import IO, ClassVar

from kptui.errors import CancelledError
from kptui.records import dataclass
from kptui.sources.text import MAX_BYTES
from kptui.text import visible

_COMPLAINT = 1 << 16
_TICK = 0.05
"""Seconds after which it is looked whether anybody still waits."""
_CHUNK = 1 << 18
_NOISE = re.compile(r"[EWI]\d{4} \d\d:|Defaulted container |command terminated with exit code ")
"""What kubectl says beside what is wrong: its own log, and what the exit code tells already."""
_NO_PROGRAM = re.compile(r"executable file not found|^sudo: \S+: command not found", re.MULTILINE)
"""How container runtimes and sudo say that there is no such program; a shell, nsenter and env end with 127."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a command; `missing` if there is no such program, `code` is None if it did not end by itself.

    `error` and `last` are the first and the last line of its complaint, without what is only noise.
    """

    out: bytes = b""
    error: str = ""
    code: int | None = 0
    missing: bool = False
    late: bool = False
    last: str = ""


Heard = Callable[[bytes], None]
"""Is given what a command says, as it comes; nothing, now and then, while nothing comes."""


def execute(
    argv: Sequence[str],
    timeout: float,
    limit: int = MAX_BYTES,
    cancelled: Callable[[], bool] | None = None,
    heard: Heard | None = None,
) -> Ran:
    """Run a command given as a list of words; raises CancelledError as soon as `cancelled` says so.

    After `timeout` seconds, or when it says more than `limit` bytes, the command and its children are killed.
    """
    if cancelled is not None and cancelled():
        raise CancelledError
    try:
        process = _begin(argv)
    except FileNotFoundError:
        return Ran(error="not installed", code=None, missing=True)
    except (OSError, ValueError) as error:
        return Ran(error=getattr(error, "strerror", None) or str(error), code=None)
    listener = _Listener(process, limit, time.monotonic() + timeout, cancelled, heard)
    try:
        ended = listener.listen()
    finally:
        _end(process)
    said = listener.complaint.decode("utf-8", "replace")
    lines = _lines(said)
    if ended == "late":
        return Ran(error=f"no answer within {timeout:.3g} seconds", code=None, late=True)
    if ended == "flood":
        return Ran(error="it says more than a bundle may hold", code=None)
    missing = process.returncode == 127 or (process.returncode != 0 and bool(_NO_PROGRAM.search(said)))
    return Ran(b"".join(listener.out), lines[0], process.returncode, missing, last=lines[-1])


def _begin(argv: Sequence[str]) -> subprocess.Popen[bytes]:
    with _Living.lock:
        if _Living.ended:
            raise CancelledError
        # A group of its own can be killed as a whole, and keeps the terminal that sudo's permission may hang on.
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
            env={**os.environ, "LC_ALL": "C"},  # complaints in words that are known here
        )
        _Living.processes.add(process)
        return process


class _Living:
    """The commands that run; the lock is held while one begins, so that none is missed when the program ends."""

    lock = Lock()
    processes: ClassVar[set[subprocess.Popen[bytes]]] = set()
    ended = False


class _Listener:
    """Takes in what a process says until it ends, is late, or says too much."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        limit: int,
        deadline: float,
        cancelled: Callable[[], bool] | None,
        heard: Heard | None,
    ) -> None:
        self.out: list[bytes] = []
        self.complaint = b""
        self._process = process
        self._left = limit
        self._deadline = deadline
        self._cancelled = cancelled
        self._heard = heard or (lambda said: None)

    def listen(self) -> str:
        """How it ended: `done`, `late` or `flood`."""
        with selectors.DefaultSelector() as selector:
            for pipe in (self._process.stdout, self._process.stderr):
                assert pipe is not None
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ)
            while selector.get_map():
                # Asked before the look at the pipes: what an ended process said is all there.
                ended = self._process.poll() is not None
                if self._waited_enough():
                    return "late"
                ready = selector.select(0 if ended else _TICK)
                for key, _ in ready:
                    if not self._take(key.fileobj):  # type: ignore[arg-type]
                        selector.unregister(key.fileobj)
                if self._left < 0:
                    return "flood"
                self._heard(b"")
                # A child that was left behind (a shared ssh connection) may keep the pipes open.
                if ended and not ready:
                    break
        while self._process.poll() is None:
            if self._waited_enough():
                return "late"
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_TICK)
        return "done"

    def _waited_enough(self) -> bool:
        if self._cancelled is not None and self._cancelled():
            raise CancelledError
        return time.monotonic() >= self._deadline

    def _take(self, pipe: IO[bytes]) -> bool:
        """Take what a pipe holds; whether more may come."""
        try:
            data = os.read(pipe.fileno(), _CHUNK)
        except BlockingIOError:
            return True
        if pipe is self._process.stdout:
            self._left -= len(data)
            self.out.append(data)
            self._heard(data)
        elif len(self.complaint) < _COMPLAINT:
            self.complaint += data
        return bool(data)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what still runs, its children too; what runs as another user (sudo) ends when its pipe is closed."""
    if process.poll() is None:
        _kill(process)
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(1)
    _Living.processes.discard(process)


@atexit.register
def _end_all() -> None:
    """A program that ends takes with it what its threads still wait for."""
    with _Living.lock:
        _Living.ended = True
        for process in _Living.processes:
            _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _lines(said: str) -> list[str]:
    """The lines of a complaint that say what is wrong, safe to show; at least one."""
    lines = [line.strip() for line in said.split("\n") if line.strip()]
    return [visible(line) for line in lines if not _NOISE.match(line)] or [visible("".join(lines[:1]))]
