#!/usr/bin/env python3
"""Write the Krew manifest of an archive: fill.py ARCHIVE RELEASES > kptui.yaml.

RELEASES is the address below which a release's archives lie, https://HOST/OWNER/kptui/releases/download.
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

from kptui import __version__

TEMPLATE = Path(__file__).with_name("kptui.yaml")


def filled(archive: Path, releases: str) -> str:
    """The manifest; raises ValueError for an address that is none."""
    releases = releases.rstrip("/")
    if not re.fullmatch(r"https://[^\s/]+/\S+", releases):
        raise ValueError(f"{releases!r} is no address of releases: expected https://HOST/OWNER/kptui/releases/download")
    facts = {
        "version": __version__,
        "homepage": releases.partition("/releases")[0],
        "releases": releases,
        "archive": archive.name,
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
    }
    text = TEMPLATE.read_text(encoding="utf-8").partition("apiVersion:")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: facts[found[1]], text[1] + text[2])


if __name__ == "__main__":
    try:
        sys.stdout.write(filled(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""))
    except (ValueError, OSError, IndexError) as error:
        sys.exit(f"fill.py: {error}")
