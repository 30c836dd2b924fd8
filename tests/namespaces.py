"""A network namespace with a name, for tests that read it as a user would."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def namespace(what: str) -> Iterator[str]:
    """Its name, of this process alone; skips where none can be made, and says why."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces are made by root")
    name = f"kptui-{what}-{os.getpid()}"
    try:
        made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("iproute2 is not installed")
    if made.returncode:
        pytest.skip(f"no network namespace can be made: {made.stderr.decode()}")
    try:
        yield name
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)
