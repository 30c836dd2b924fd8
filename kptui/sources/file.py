"""Files, packed ones too, and standard input."""

from __future__ import annotations

import gzip
import io
import os
import sys
import zlib
from pathlib import Path
from typing import IO, BinaryIO

from kptui.errors import SourceError
from kptui.sources.text import SourceText, decode
from kptui.text import visible

_GZIP, _XZ = b"\x1f\x8b", b"\xfd7zXZ\x00"
MAX_BYTES = 2 << 30
"""More than any dump (the largest reported has 700,000 lines, about 100 MB), less than what brings a host down."""


def read_file(name: str) -> SourceText:
    """The text of a file; raises SourceError."""
    path = Path(name)
    shown = visible(name)
    try:
        if path.is_dir():
            raise SourceError(f"{shown} is a directory: expected a file with the output of iptables-save.")
        with path.open("rb") as file:
            data = _read(file, shown)
    except FileNotFoundError:
        raise SourceError(f"There is no file {shown}.") from None
    except (OSError, ValueError) as error:
        raise _unreadable(shown, error) from None
    return SourceText(name, decode(data, name))


def read_stdin() -> SourceText:
    """The text on standard input, which then becomes the terminal again so that the explorer can read keys."""
    if sys.stdin is None or sys.stdin.isatty():
        raise SourceError("Nothing comes in on standard input: pipe the output of iptables-save into it.")
    data = _read(sys.stdin.buffer, "standard input")
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        pass
    else:
        os.dup2(terminal, 0)
        os.close(terminal)
    return SourceText("standard input", decode(data, "standard input"))


def _read(file: BinaryIO, shown: str) -> bytes:
    """All bytes of a file, unpacked where gzip or xz packed them; no more is unpacked than a dump can hold."""
    start = file.read(len(_XZ))
    try:
        if start.startswith((_GZIP, _XZ)):
            packed = io.BytesIO(start + file.read(MAX_BYTES))
            with gzip.open(packed) if start.startswith(_GZIP) else _xz(packed) as unpacked:
                data = unpacked.read(MAX_BYTES + 1)
        else:
            data = start + file.read(MAX_BYTES)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise _unreadable(shown, error) from None
    if len(data) > MAX_BYTES:
        raise SourceError(f"{shown} is larger than {MAX_BYTES >> 30} GiB, so it is no dump.")
    return data


def _xz(packed: BinaryIO) -> IO[bytes]:
    """The file that xz packed; a damaged one raises ValueError."""
    import lzma  # only where there is something for it to do

    try:
        return io.BytesIO(lzma.open(packed).read(MAX_BYTES + 1))
    except lzma.LZMAError as error:
        raise ValueError(str(error)) from None


def _unreadable(shown: str, error: Exception) -> SourceError:
    return SourceError(f"{shown} can't be read: {getattr(error, 'strerror', None) or error}.")
