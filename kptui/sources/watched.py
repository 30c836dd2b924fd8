"""A file that tells how much of it has been read, and lets whoever reads it give up."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import IO, Any

from kptui.errors import CancelledError
from kptui.sources.steps import Progress, Step

_AT_ONCE = 1 << 20


class Watched(io.RawIOBase):
    """The bytes of a file as they are on the disk, packed or not."""

    def __init__(
        self, file: IO[bytes], name: str, cancelled: Callable[[], bool] | None = None, progress: Progress | None = None
    ) -> None:
        """Tells `progress` with each MiB, out of the file's size where it has one."""
        self._file = file
        self._cancelled = cancelled
        self._progress = progress
        self._step = Step("reading the file", name, total=_size(file))

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """As the file itself."""
        return self._file.seekable()

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place in it."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The place in it."""
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, or the beginning of a large one; raises CancelledError."""
        if self._cancelled is not None and self._cancelled():
            raise CancelledError
        # Of a pipe, what has come by now: whoever gives up shall not wait for the rest.
        read = getattr(self._file, "read1", self._file.read)
        data = read(min(len(buffer), _AT_ONCE))
        buffer[: len(data)] = data
        self._step = self._step._replace(size=self._step.size + len(data))
        if self._progress is not None:
            self._progress(self._step)
        return len(data)


def _size(file: IO[bytes]) -> int:
    """What a plain file holds, 0 where nobody knows."""
    try:
        return os.fstat(file.fileno()).st_size
    except (OSError, ValueError):
        return 0
