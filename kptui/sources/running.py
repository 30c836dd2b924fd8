"""The commands of one reading: bounded together, cancelled together, logged one by one."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from threading import Lock, current_thread, main_thread

from kptui.errors import KptuiError, SourceError
from kptui.sources.access import Access
from kptui.sources.aside import aside
from kptui.sources.process import Heard, Ran, execute
from kptui.sources.text import MAX_BYTES
from kptui.text import visible


class Runner:
    """Runs commands here; all of them together get twice the time and no more bytes than one may have."""

    def __init__(self, access: Access, cancelled: Callable[[], bool] | None = None, leaving: bool = False) -> None:
        """`leaving`: the program may be at its end, where no thread can be begun any more."""
        self.access = access
        self._cancelled = cancelled
        self._stopped = False
        self._aside = not leaving and current_thread() is main_thread()
        self._writing = Lock()
        self._deadline = time.monotonic() + 2 * access.timeout
        self._left = MAX_BYTES

    @property
    def patience(self) -> float:
        """The seconds that a command may take which begins now."""
        return min(self.access.timeout, self._deadline - time.monotonic())

    def __call__(self, argv: Sequence[str], heard: Heard | None = None) -> Ran:
        """Run a command, and give `heard` what it says as it comes; raises CancelledError."""
        timeout = self.patience
        if timeout <= 0:
            return Ran(error="not asked: those before took too long", code=None, late=True)
        began, clock = datetime.now(UTC), time.monotonic()
        ran = (self._elsewhere if self._aside else self._execute)(argv, timeout, heard)
        self._left -= len(ran.out)
        if self.access.log:
            self._log(self.access.log, began, time.monotonic() - clock, argv, ran)
        return ran

    def _execute(self, argv: Sequence[str], timeout: float, heard: Heard | None) -> Ran:
        return execute(argv, timeout, self._left, self._unwanted, heard)

    def _elsewhere(self, argv: Sequence[str], timeout: float, heard: Heard | None) -> Ran:
        """Run it in another thread: Ctrl-C reaches the main one only, where it may come before the child is known."""
        result = aside(lambda: self._execute(argv, timeout, heard))
        try:
            return result()
        except KptuiError:
            raise
        except BaseException:
            self.stop()
            with suppress(KptuiError):
                result()
            raise

    def stop(self) -> None:
        """End all commands that run; each of them raises CancelledError."""
        self._stopped = True

    def _unwanted(self) -> bool:
        return self._stopped or (self._cancelled is not None and self._cancelled())

    def _log(self, name: str, began: datetime, seconds: float, argv: Sequence[str], ran: Ran) -> None:
        how = f"exit {ran.code}" if ran.code is not None else ran.error
        line = f"{began.isoformat(timespec='milliseconds')} {seconds:.3f}s {len(ran.out):,}B {how}: {shlex.join(argv)}"
        try:
            with self._writing, open(name, "a", encoding="utf-8") as file:
                file.write(visible(line) + "\n")
        except OSError as error:
            raise SourceError(f"The log {visible(name)} can't be written: {error.strerror or error}.") from None
