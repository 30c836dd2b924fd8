"""The files in a directory or an archive, archives in it included; untrusted: bounded, no link followed."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from kptui.errors import SourceError
from kptui.records import dataclass
from kptui.sources.text import MAX_BYTES
from kptui.text import visible

MAX_MEMBERS = 100_000
"""A sosreport has some 20,000 files."""
_DEPTH = 3
"""Archives in archives in archives."""
_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".zip")
_PACKED = (".gz", ".xz")


@dataclass(frozen=True, slots=True)
class Member:
    """A file: its path inside, whether it is a plain one, its size, how to open it."""

    path: str
    plain: bool
    size: int
    open: Callable[[], IO[bytes]]


@dataclass(slots=True)
class Budget:
    """What may still be read, over all the archives that lie in each other."""

    name: str
    bytes: int
    members: int

    def take(self, size: int) -> None:
        """Note bytes that were unpacked; raises SourceError when there are too many."""
        self.bytes -= size
        if self.bytes < 0:
            raise too_large(self.name)

    def count(self, path: str) -> None:
        """Note a member; raises SourceError if there are too many, or if it leads out of the bundle."""
        self.members -= 1
        if self.members < 0:
            raise SourceError(f"{visible(self.name)} holds more than {MAX_MEMBERS:,} files, so it is no bundle.")
        found = PurePosixPath(path)
        if found.is_absolute() or ".." in found.parts:
            raise SourceError(
                f"{visible(self.name)} holds a path that leads out of it ({visible(path)}), so it is no bundle."
            )


def budget(name: str) -> Budget:
    """What a bundle may hold."""
    return Budget(name, MAX_BYTES, MAX_MEMBERS)


def too_large(name: str) -> SourceError:
    """What is said of a bundle that holds too much."""
    return SourceError(f"{visible(name)} holds more than {MAX_BYTES >> 20:,} MiB when unpacked, so it is no bundle.")


def in_directory(root: Path, left: Budget, deep: bool, below: str = "") -> Iterator[Member]:
    """The files of a directory in the order of their names, those of its folders too if `deep`.

    Links are not followed, and no other file system (/proc of a copied root, say) is looked at.
    """
    for entry in sorted(os.scandir(root / below), key=lambda each: each.name):
        path = f"{below}/{entry.name}" if below else entry.name
        if entry.is_dir(follow_symlinks=False):
            if deep and entry.stat(follow_symlinks=False).st_dev == os.stat(root).st_dev:
                yield from in_directory(root, left, deep, path)
            continue
        found = entry.stat(follow_symlinks=False)
        left.count(path)
        member = Member(path, stat.S_ISREG(found.st_mode), found.st_size, partial(_plain, entry.path))
        yield from _inside(member, left, 0) if deep else [member]


def in_tar(unpacked: IO[bytes], left: Budget, depth: int = 0, before: str = "") -> Iterator[Member]:
    """The files of a tar archive, which is read from its beginning to its end."""
    with tarfile.open(fileobj=cast("IO[bytes]", _Counted(unpacked, left)), mode="r|") as archive:
        for each in archive:
            left.count(each.name)
            if not each.isdir():
                member = Member(before + each.name, each.isreg(), each.size, partial(_opened, archive, each))
                yield from _inside(member, left, depth)


def in_zip(file: IO[bytes], left: Budget, depth: int = 0, before: str = "") -> Iterator[Member]:
    """The files of a zip archive; `file` can be sought in."""
    with zipfile.ZipFile(file) as archive:
        for each in archive.infolist():
            left.count(each.filename)
            if not each.is_dir():
                kind = stat.S_IFMT(each.external_attr >> 16)
                member = Member(
                    before + each.filename,
                    kind in (0, stat.S_IFREG),
                    each.file_size,
                    partial(_unzipped, archive, each, left),
                )
                yield from _inside(member, left, depth)


def _inside(member: Member, left: Budget, depth: int) -> Iterator[Member]:
    """The member, or what is in it if it is an archive."""
    if member.plain and member.path.endswith(_PACKED) and not member.path.endswith(_ARCHIVES):
        yield Member(member.path[:-3], True, member.size, partial(_unpacked, member, left))
        return
    if not member.plain or depth >= _DEPTH or not member.path.endswith(_ARCHIVES):
        yield member
        return
    if member.size > left.bytes:
        raise too_large(left.name)
    with member.open() as file:
        data = file.read()
    before = f"{member.path}/"
    if zipfile.is_zipfile(whole := io.BytesIO(data)):
        yield from in_zip(whole, left, depth + 1, before)
        return
    yield from in_tar(_stream(io.BytesIO(data)), left, depth + 1, before)


def _stream(file: IO[bytes]) -> IO[bytes]:
    from kptui.sources.file import Rejoined, unpacked

    # A member of a tar archive that is read from its beginning to its end can't be sought in.
    return unpacked(io.BufferedReader(Rejoined(b"", file)))


def _unpacked(member: Member, left: Budget) -> IO[bytes]:
    return io.BufferedReader(_Unpacked(member.open(), left))


def _plain(path: str) -> IO[bytes]:
    return open(path, "rb")


def _opened(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    return archive.extractfile(member) or io.BytesIO()


def _unzipped(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: Budget) -> IO[bytes]:
    return io.BufferedReader(_Counted(archive.open(member), left))


class _Counted(io.RawIOBase):
    """What comes out of an archive's packing, and not more of it than a bundle can hold."""

    def __init__(self, inner: IO[bytes], left: Budget) -> None:
        self._inner = inner
        self._budget = left

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._inner.read(size)
        self._budget.take(len(data))
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Unpacked(_Counted):
    """What gzip or xz packed into one file; what can't be unpacked is no text that anybody looks for."""

    def __init__(self, packed: IO[bytes], left: Budget) -> None:
        self._packed = packed
        super().__init__(packed, left)
        self._begun = False

    def read(self, size: int = -1) -> bytes:
        try:
            if not self._begun:
                self._begun = True
                self._inner = _stream(self._packed)
            return super().read(size)
        except (OSError, EOFError, ValueError, zlib.error):
            return b""

    def close(self) -> None:
        self._packed.close()
        super().close()
