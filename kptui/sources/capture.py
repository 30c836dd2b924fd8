"""Writing a bundle: what the commands said, and a manifest of what was run, when, and how it ended."""

from __future__ import annotations

import gzip
import io
import json
import os
import platform
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from kptui.errors import SourceError
from kptui.sources.bundle import MANIFEST, SCHEMA
from kptui.sources.gather import Gathered, Record
from kptui.text import visible

_FOLDER = "kptui-bundle"
"""All of an archive lies in this folder, so that unpacking it by hand makes no mess."""


def write_bundle(path: str, found: Gathered, version: str) -> None:
    """Write a bundle (.tar.gz, .tgz or .tar.xz), whole or not at all; `version` is the writer's. Raises SourceError."""
    target = Path(path)
    if not target.name.endswith((".tar.gz", ".tgz", ".tar.xz")):
        raise SourceError(f"{visible(path)}: a bundle's name ends in .tar.gz, .tgz or .tar.xz.")
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
            try:
                file.write(_packed(target.name, found, version))
            except BaseException:
                os.unlink(file.name)
                raise
        # The rules of a host are not for everyone's eyes: the mode stays that of a temporary file, 0600.
        os.replace(file.name, target)
    except OSError as error:
        raise SourceError(f"{visible(path)} can't be written: {error.strerror or error}.") from None


def manifest(found: Gathered, version: str) -> dict[str, object]:
    """What was run, for people and programs that ask where a bundle comes from."""
    return {
        "schema": SCHEMA,
        "kptui": version,
        "source": found.name,
        "host": platform.node(),
        "created": _when(found.records[0].began) if found.records else None,
        "commands": [_entry(record, record.command.member in found.texts) for record in found.records],
    }


def _entry(record: Record, kept: bool) -> dict[str, object]:
    entry: dict[str, object] = {
        "member": record.command.member if kept else None,
        "command": list(record.argv),
        "began": _when(record.began),
        "seconds": round(record.seconds, 3),
        "exit": record.ran.code,
    }
    if record.ran.error:
        entry["error"] = record.ran.error
    return entry


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _files(found: Gathered, version: str) -> Iterator[tuple[str, bytes]]:
    yield MANIFEST, json.dumps(manifest(found, version), indent=1).encode() + b"\n"
    for member, text in found.texts.items():
        yield member, text.encode("utf-8", "surrogateescape")


def _packed(name: str, found: Gathered, version: str) -> bytes:
    plain = io.BytesIO()
    began = int(found.records[0].began) if found.records else 0
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member, data in _files(found, version):
            entry = tarfile.TarInfo(f"{_FOLDER}/{member}")
            entry.size, entry.mtime, entry.mode = len(data), began, 0o600
            archive.addfile(entry, io.BytesIO(data))
    if name.endswith(".xz"):
        import lzma

        return lzma.compress(plain.getvalue())
    return gzip.compress(plain.getvalue(), mtime=began)
