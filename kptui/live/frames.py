"""What two processes of kptui's own say to each other: pickled objects, each behind its length."""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from typing import IO, Any

from kptui.kubernetes.known_names import KnownNames
from kptui.sources.access import Access


@dataclass(frozen=True, slots=True)
class Asked:
    """A reading that is asked for: the last one that was taken note of, whether to ask the host for everything."""

    since: int
    everything: bool


@dataclass(frozen=True, slots=True)
class Begin:
    """What the process is to read."""

    source: str
    names: KnownNames | None
    access: Access


class Stop:
    """Nobody waits any more for what is being read."""


_LENGTH = struct.Struct("!Q")


def write_frame(file: IO[bytes], what: object) -> None:
    """Write one object and flush."""
    data = pickle.dumps(what, pickle.HIGHEST_PROTOCOL)
    for part in (_LENGTH.pack(len(data)), data):
        rest = memoryview(part)
        while rest:
            rest = rest[file.write(rest) :]
    file.flush()


def read_frame(file: IO[bytes]) -> Any:
    """The next object; raises EOFError where there is none any more."""
    (length,) = _LENGTH.unpack(_exactly(file, _LENGTH.size))
    return pickle.loads(_exactly(file, length))  # noqa: S301 - from a process of our own


def _exactly(file: IO[bytes], length: int) -> bytearray:
    """So many bytes, from a file with a buffer or without."""
    data = bytearray(length)
    rest = memoryview(data)
    while rest:
        count = file.readinto(rest)  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        rest = rest[count:]
    return data
