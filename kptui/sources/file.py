"""Files, packed ones too, bundles, and standard input."""

from __future__ import annotations

import io
import os
import sys
import zlib
from collections.abc import Callable
from stat import S_ISBLK, S_ISSOCK
from typing import IO, TYPE_CHECKING, Any, cast

from kptui.errors import SourceError
from kptui.sources.text import MAX_BYTES, SourceText, decode
from kptui.text import visible

if TYPE_CHECKING:
    from kptui.sources.steps import Progress

_GZIP, _XZ = b"\x1f\x8b", b"\xfd7zXZ\x00"
_ZIP = b"PK\x03\x04"
_LOOK = 65536


def read_file(name: str, cancelled: Callable[[], bool] | None = None, progress: Progress | None = None) -> SourceText:
    """The text of a file, or of a bundle's members; raises SourceError.

    `BUNDLE//PLACE` is one of several hosts in a bundle. `cancelled` and `progress` are as of `read_source`.
    """
    path, pick = _picked(name)
    try:
        if os.path.isdir(path):
            from pathlib import Path

            from kptui.sources.bundle import read_directory

            return read_directory(str(Path(path)), pick, cancelled)
        kind = os.stat(path).st_mode
        if S_ISSOCK(kind) or S_ISBLK(kind):
            raise SourceError(f"{visible(name)} is no file: expected one with the output of iptables-save.")
        with open(path, "rb") as whole, _watched(whole, name, cancelled, progress) as file:
            if file.peek(4)[:4] == _ZIP:
                from kptui.sources.bundle import read_zip

                return read_zip(path, file, pick)
            return _read(file, path, pick)
    except FileNotFoundError:
        raise SourceError(f"There is no file {visible(name)}.") from None
    except (OSError, ValueError) as error:
        raise _unreadable(visible(name), error) from None


def _watched(
    file: IO[bytes], name: str, cancelled: Callable[[], bool] | None, progress: Progress | None
) -> io.BufferedReader:
    """A file that tells how far it is read, if anybody asks."""
    if cancelled is None and progress is None:
        return cast("io.BufferedReader", file)
    from kptui.sources.watched import Watched

    return io.BufferedReader(Watched(file, name, cancelled, progress))


def _picked(name: str) -> tuple[str, str]:
    """A bundle and the place in it, where two slashes part them and the whole is no file."""
    before, slashes, after = name.rpartition("//")
    before = before.rstrip("/") or before
    if slashes and before and after and not os.path.isfile(name) and os.path.exists(before):
        return before, after.strip("/")
    return name, ""


def read_stdin() -> SourceText:
    """The text on standard input, which then becomes the terminal again so that the explorer can read keys."""
    return piped()()


def piped() -> Callable[..., SourceText]:
    """Make standard input the terminal again; what was on it is read by calling what this returns, once.

    Raises SourceError if nothing comes in there, and when it is read a second time.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise SourceError("Nothing comes in on standard input: pipe the output of iptables-save into it.")
    file = _apart(sys.stdin.buffer)
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        pass
    else:
        os.dup2(terminal, 0)
        os.close(terminal)

    def read(_: str = "", cancelled: Callable[[], bool] | None = None, progress: Progress | None = None) -> SourceText:
        if file.closed:
            raise SourceError("Standard input can be read once only.")
        with file, _watched(file, "standard input", cancelled, progress) as watched:
            return _read(watched, "standard input")

    return read


def _apart(stream: IO[bytes]) -> IO[bytes]:
    """The same stream with a descriptor of its own, if it has any."""
    try:
        return os.fdopen(os.dup(stream.fileno()), "rb")
    except (OSError, ValueError):
        return stream


class Rejoined(io.RawIOBase):
    """A stream of which the beginning has been looked at already."""

    def __init__(self, start: bytes, rest: IO[bytes]) -> None:
        self._start = start
        self._rest = rest

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with what comes next; how many bytes came."""
        data = self._start[: len(buffer)] or self._rest.read(len(buffer))
        self._start = self._start[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


def _read(file: IO[bytes], name: str, pick: str = "") -> SourceText:
    """What a file holds, unpacked where gzip or xz packed it; no more is unpacked than a dump can hold."""
    shown = visible(name)
    try:
        begun = file.tell() if file.seekable() else None
        stream = unpacked(file)
        data = stream.read(_LOOK)
        if _is_archive(data):
            from kptui.sources.bundle import read_archive

            return read_archive(name, io.BufferedReader(Rejoined(data, stream)), pick)
        if b"\0" not in data:
            if stream is file and begun is not None:
                # One read of it all, in place of a copy of tens of megabytes.
                file.seek(begun)
                data = b""
            data += stream.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise _unreadable(shown, error) from None
    if len(data) > MAX_BYTES:
        raise SourceError(f"{shown} is larger than {MAX_BYTES >> 30} GiB, so it is no dump.")
    return SourceText(name, decode(data, name))


def _is_archive(start: bytes) -> bool:
    """Whether unpacked bytes begin as a tar archive does (POSIX or GNU)."""
    return len(start) >= 512 and start[257:262] == b"ustar"


def unpacked(file: IO[bytes]) -> IO[bytes]:
    """What gzip or xz packed, or the file itself."""
    place = file.tell() if file.seekable() else None
    start = file.read(len(_XZ))
    whole = file
    if place is not None:
        file.seek(place)
    else:
        whole = io.BufferedReader(Rejoined(start, file))
    if start.startswith(_GZIP):
        import gzip

        return cast("IO[bytes]", gzip.GzipFile(fileobj=whole))
    return _Xz(whole) if start.startswith(_XZ) else whole


class _Xz(io.BufferedReader):
    """What xz packed; a damaged one raises ValueError."""

    def __init__(self, packed: IO[bytes]) -> None:
        import lzma  # only where there is something for it to do

        self._error = lzma.LZMAError
        super().__init__(cast("io.RawIOBase", lzma.LZMAFile(packed)))  # noqa: SIM115

    def read(self, size: int | None = -1, /) -> bytes:
        try:
            return super().read(size)
        except self._error as error:
            raise ValueError(str(error)) from None


def _unreadable(shown: str, error: Exception) -> SourceError:
    return SourceError(f"{shown} can't be read: {getattr(error, 'strerror', None) or error}.")
