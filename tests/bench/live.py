"""Keys while a running host with very many Services is read again every two seconds: python -m tests.bench.live.

The host is a stand-in for iptables-save that prints one of some prepared dumps in turn; everything else is as it is for
a user: the program in a terminal, keys that come in at any time, and the time until what they do is seen.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.processes import on_terminal

SERVICES = 10_000
DUMPS = 4
SECONDS = 40.0
"""For so long keys are pressed."""
KINDS = {"counters of a third of its rules moving": False, "and another pod each time": True}
"""What is new in each reading, and whether that is rules."""


def measured(changing: bool, services: int = SERVICES) -> tuple[int, list[float]]:
    """(how often the host was read, how many milliseconds each key took)."""
    with tempfile.TemporaryDirectory() as folder:
        return _measured(Path(folder), services, changing)


def _measured(folder: Path, services: int, changing: bool) -> tuple[int, list[float]]:
    _prepare(folder, services, changing)
    for name in ("sh", "cat"):
        (folder / name).symlink_to(Path("/bin") / name)
    program = folder / "iptables-save"
    count = f"n=0; read n < count; n=$((n + 1)); echo $n > count; exec cat dump.$((n % {DUMPS}))"
    program.write_text(f"#!/bin/sh\ncd {folder}\n{count}\n")
    program.chmod(0o755)
    (folder / "count").write_text("0\n")
    told = folder / "told"
    environment = {"PATH": str(folder), "TERM": "xterm-256color", "HOME": str(folder)}
    on_terminal([sys.executable, "-m", "tests.bench.keys", str(SECONDS), str(told), "live:"], environment)
    return _count(folder), json.loads(told.read_text())["taken"]


def _count(folder: Path) -> int:
    return int((folder / "count").read_text() or 0)


def _prepare(folder: Path, services: int, changing: bool) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "tests.bench.dumps", str(services)], capture_output=True, text=True, check=True
    ).stdout
    drawn = random.Random(services)
    counts: dict[int, int] = {}
    lines = made.split("\n")
    rules = [at for at, line in enumerate(lines) if line.startswith("-A ")]
    counts = {at: drawn.randrange(10_000) for at in rules}
    pods = [at for at in rules if "--to-destination" in lines[at]]
    for number in range(DUMPS):
        for at in drawn.sample(rules, len(rules) // 3):
            counts[at] += drawn.randrange(1, 200)
        if changing:
            at = drawn.choice(pods)
            lines[at] = re.sub(r"--to-destination \S+", f"--to-destination 10.255.{number}.{number}:8080", lines[at])
        counted = [
            f"[{counts[at]}:{counts[at] * 60}] {line}" if at in counts else line for at, line in enumerate(lines)
        ]
        (folder / f"dump.{number}").write_text("\n".join(counted))


if __name__ == "__main__":
    from tests.bench import targets

    for each in targets.table(targets.read_again()):
        sys.stdout.write(f"{each}\n")
        sys.stdout.flush()
