"""The command line as another user runs it, who is not root; skips where there is no such user or no Python for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from functools import cache

import pytest

from tests.support import ROOT, Done

_VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


def unprivileged(*args: str) -> Done:
    """Run Python with these arguments as nobody."""
    done = subprocess.run(
        [*_dropped(), _python(), *args],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=_environment(),
        timeout=300,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def _environment() -> dict[str, str]:
    packages = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])
    return {"PATH": os.environ["PATH"], "PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}


def _dropped() -> list[str]:
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv (util-linux) is not installed, which runs a command as another user")
    # setpriv itself still may look into every folder; what it runs may not.
    shell = ["sh", "-c", 'exec "$0" "$@"']
    return ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *shell]


@cache
def _python() -> str:
    """A Python of this version that nobody may run, with the packages of this one."""
    look = f"import sys, click, kptui; sys.exit(sys.version_info[:2] != {sys.version_info[:2]!r})"
    for path in (sys.executable, f"/usr/bin/python{_VERSION}", "/usr/local/bin/python3", "/usr/bin/python3"):
        command = [*_dropped(), path, "-c", look]
        try:
            if subprocess.run(command, capture_output=True, check=False, env=_environment()).returncode == 0:
                return path
        except OSError:
            continue
    pytest.skip(f"there is no Python {_VERSION} that a user without rights may run")
