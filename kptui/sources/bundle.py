"""A bundle: one directory or archive with what the commands of the table said (docs/bundles.md); text and facts only.

Nothing is ever unpacked to a disk. What comes in is untrusted: where a member lies, what kind it is and how much it
holds are looked at before it is read.
"""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, cast

from kptui.errors import SourceError
from kptui.sources.commands import MEMBERS, RULES, backend_of
from kptui.sources.text import SourceText
from kptui.text import visible

MANIFEST = "manifest.json"
SCHEMA = "kptui.bundle/1"
MAX_BYTES = 1 << 30
"""What a bundle may hold when unpacked; the largest dumps reported have about 100 MB."""
MAX_MEMBERS = 10_000
_KNOWN = {*MEMBERS, MANIFEST}
_SUFFIXES = (".txt", ".log", ".out", ".json")
_DAMAGED = (tarfile.TarError, EOFError, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class _Member:
    """A file of a bundle: its path inside, whether it is a plain one, its size, how to get its bytes."""

    path: str
    plain: bool
    size: int
    read: Callable[[], bytes]


def read_directory(name: str) -> SourceText:
    """The bundle that a directory holds; raises SourceError."""
    root = Path(name)

    def members() -> Iterator[_Member]:
        for entry in sorted(os.scandir(root), key=lambda each: each.name):
            if entry.is_dir(follow_symlinks=False):
                continue
            found = entry.stat(follow_symlinks=False)
            plain = stat.S_ISREG(found.st_mode)
            yield _Member(entry.name, plain, found.st_size, Path(entry.path).read_bytes)

    return source_of(name, _texts(members(), name))


def read_archive(name: str, unpacked: IO[bytes]) -> SourceText:
    """The bundle in a tar archive, which is read from its beginning to its end; raises SourceError."""

    def members() -> Iterator[_Member]:
        with tarfile.open(fileobj=cast("IO[bytes]", _Bounded(unpacked, name)), mode="r|") as archive:
            for each in archive:
                if each.isdir():
                    _inside(each.name, name)
                    continue
                yield _Member(each.name, each.isreg(), each.size, partial(_bytes_of, archive, each))

    try:
        return source_of(name, _texts(members(), name))
    except _DAMAGED as error:
        raise SourceError(f"{visible(name)} is a damaged archive: {visible(str(error))}.") from None


class _Bounded(io.RawIOBase):
    """What comes out of an archive's packing, and not more of it than a bundle can hold."""

    def __init__(self, inner: IO[bytes], name: str) -> None:
        self._inner = inner
        self._left = MAX_BYTES
        self._name = name

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._inner.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise _too_large(self._name)
        return data


def _bytes_of(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return file.read() if file is not None else b""


def _texts(members: Iterable[_Member], name: str) -> dict[str, str]:
    """The texts of the members that a bundle has a name for."""
    shown = visible(name)
    found: dict[str, str] = {}
    for count, member in enumerate(members, 1):
        if count > MAX_MEMBERS:
            raise SourceError(f"{shown} holds more than {MAX_MEMBERS:,} files, so it is no bundle.")
        path = _inside(member.path, name)
        known = _known(path)
        if known is None:
            continue
        if not member.plain:
            raise SourceError(f"{shown}: {visible(member.path)} is a link or no plain file, which no bundle holds.")
        if known in found:
            raise SourceError(f"{shown} holds {known} twice: which one counts can't be told.")
        if member.size > MAX_BYTES:
            raise _too_large(name)
        found[known] = _text(member, name)
    return found


def _text(member: _Member, name: str) -> str:
    data = member.read()
    if b"\0" in data:
        raise SourceError(f"{visible(name)}: {visible(member.path)} is binary, where a command's output was expected.")
    return data.decode("utf-8", "surrogateescape")


def _inside(path: str, name: str) -> PurePosixPath:
    """A member's path, which may not lead out of the bundle."""
    found = PurePosixPath(path)
    if found.is_absolute() or ".." in found.parts:
        raise SourceError(f"{visible(name)} holds a path that leads out of it ({visible(path)}), so it is no bundle.")
    return found


def _known(path: PurePosixPath) -> str | None:
    """The member that a file is: by its name, in the bundle's root or the one folder that all is in."""
    if len([part for part in path.parts if part != "."]) > 2:
        return None
    bare = next((path.name.removesuffix(end) for end in _SUFFIXES if path.name.endswith(end)), path.name)
    return next((each for each in (path.name, bare, f"{bare}.json") if each in _KNOWN), None)


def _too_large(name: str) -> SourceError:
    return SourceError(f"{visible(name)} holds more than {MAX_BYTES >> 20:,} MiB when unpacked, so it is no bundle.")


def source_of(name: str, texts: Mapping[str, str]) -> SourceText:
    """The rules of a bundle's members as one text, the others as facts; raises SourceError if there are no rules.

    Lines are counted over that text: IPv4 before IPv6, the plain command's rules before those of the other back end.
    """
    rules: list[str] = []
    for family in (4, 6):
        seen: set[str | None] = set()
        for command in (each for each in RULES if each.family == family):
            text = texts.get(command.member, "")
            backend = command.backend or backend_of(text)
            if text.strip() and backend not in seen:
                seen.add(backend)
                rules.append(text if text.endswith("\n") else text + "\n")
    if not rules:
        wanted = ", ".join(command.member for command in RULES[:2])
        kind = "is a directory that holds" if os.path.isdir(name) else "holds"
        raise SourceError(f"{visible(name)} {kind} no rules: expected a file {wanted} or such (docs/bundles.md).")
    facts = {member: text for member, text in texts.items() if member in MEMBERS and MEMBERS[member] not in RULES}
    return SourceText(name, "".join(rules), facts)
