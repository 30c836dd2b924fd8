"""A bundle: one directory or archive with what the commands of the table said (docs/bundles.md); text and facts only.

Nothing is ever unpacked to a disk. What comes in is untrusted: where a member lies, what kind it is and how much it
holds are looked at before it is read.
"""

from __future__ import annotations

import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from kptui.errors import CancelledError, SourceError
from kptui.sources.commands import MEMBERS, RULES, backend_of
from kptui.sources.members import Member, budget, in_directory, in_tar, in_zip
from kptui.sources.text import SourceText
from kptui.text import visible

MANIFEST = "manifest.json"
SCHEMA = "kptui.bundle/1"
RULE_MEMBERS = {command.member for command in RULES}
_KNOWN = {*MEMBERS, MANIFEST}
_SUFFIXES = (".txt", ".log", ".out", ".json")
_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)


def read_directory(name: str, pick: str = "", cancelled: Callable[[], bool] | None = None) -> SourceText:
    """The bundle that a directory holds, or the rules that are found below it; raises SourceError.

    `pick` names the place of one of several hosts in it; CancelledError comes soon after `cancelled` says so.
    """
    from kptui.sources.findings import Findings

    root = Path(name)
    top = Findings(name, _while_wanted(in_directory(root, budget(name), deep=False), cancelled))
    if top.candidates and not pick:
        return top.source()
    with _whole(name):
        return Findings(name, _while_wanted(in_directory(root, budget(name), deep=True), cancelled)).source(pick)


def _while_wanted(members: Iterable[Member], cancelled: Callable[[], bool] | None) -> Iterator[Member]:
    for member in members:
        if cancelled is not None and cancelled():
            raise CancelledError
        yield member


def read_archive(name: str, unpacked: IO[bytes], pick: str = "") -> SourceText:
    """The same of a tar archive, which is read from its beginning to its end; raises SourceError."""
    from kptui.sources.findings import Findings

    with _whole(name):
        return Findings(name, in_tar(unpacked, budget(name))).source(pick)


def read_zip(name: str, file: IO[bytes], pick: str = "") -> SourceText:
    """The same of a zip archive; raises SourceError."""
    from kptui.sources.findings import Findings

    with _whole(name):
        return Findings(name, in_zip(file, budget(name))).source(pick)


@contextmanager
def _whole(name: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise SourceError(f"{visible(name)} is a damaged archive: {visible(str(error))}.") from None


def known_as(path: PurePosixPath) -> str | None:
    """The member of a bundle that a file is, by its name."""
    bare = next((path.name.removesuffix(end) for end in _SUFFIXES if path.name.endswith(end)), path.name)
    return next((each for each in (path.name, bare, f"{bare}.json") if each in _KNOWN), None)


def no_rules(name: str) -> SourceError:
    """What is said of a bundle that is none."""
    wanted = ", ".join(command.member for command in RULES[:2])
    kind = "is a directory that holds" if os.path.isdir(name) else "holds"
    return SourceError(f"{visible(name)} {kind} no rules: expected a file {wanted} or such (docs/bundles.md).")


def source_of(name: str, texts: Mapping[str, str], remarks: tuple[str, ...] = ()) -> SourceText:
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
        raise no_rules(name)
    facts = {member: text for member, text in texts.items() if member in MEMBERS and MEMBERS[member] not in RULES}
    return SourceText(name, "".join(rules), facts, remarks)
