"""Keys while a running host with very many Services is read again every two seconds: python -m tests.bench.live.

The host is a stand-in for iptables-save that prints one of some prepared dumps in turn; everything else is as it is for
a user: the program in a terminal, keys written to it, and the time until the screen changes.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

from tests.terminal import Terminal

SERVICES = 10_000
DUMPS = 4
SECONDS = 40.0
"""For so long keys are pressed."""
BETWEEN = 0.1
"""Seconds between an answer and the next key."""
LIMIT = 100
"""Milliseconds that 95 of 100 keys may take at most."""


def table(services: int = SERVICES) -> Iterator[str]:
    """A row for counters that move, one for rules that change with each reading, as Markdown."""
    yield f"| {services:,} Services read every 2 s | readings | keys | median ms | p95 ms | at most {LIMIT} ms | load |"
    yield "| :-- | --: | --: | --: | --: | :-- | :-- |"
    for name, changing in (("counters of a third of the rules move", False), ("and a pod is replaced each time", True)):
        with tempfile.TemporaryDirectory() as folder:
            readings, times = measured(Path(folder), services, changing)
        slow = quantiles(times, n=20)[-1]
        # Whatever else runs takes its share of every wait: the figures hold for a load of one or two, this alone.
        load = f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        row = (readings, len(times), f"{median(times):.0f}", f"{slow:.0f}", "yes" if slow <= LIMIT else "no", load)
        yield f"| {name} | {' | '.join(map(str, row))} |"


def measured(folder: Path, services: int, changing: bool) -> tuple[int, list[float]]:
    """(how often the host was read, how many milliseconds each key took)."""
    _prepare(folder, services, changing)
    script = f"cd {folder}; n=0; read n < count; n=$((n + 1)); echo $n > count; exec cat dump.$((n % {DUMPS}))"
    (folder / "count").write_text("0\n")
    terminal = Terminal(folder, script, (120, 40))
    try:
        terminal.until(b"KUBE-SERVICES")
        _let_settle(terminal, folder)
        before = _count(folder)
        times = list(_pressed(terminal))
        return _count(folder) - before, times
    finally:
        os.write(terminal.mine, b"q")
        terminal.ended()
        terminal.close()


def _let_settle(terminal: Terminal, folder: Path) -> None:
    """Let the first readings, and what is looked up once, be done."""
    until = time.monotonic() + 120
    while _count(folder) < 6 and time.monotonic() < until:
        terminal.take(0.2)


def _pressed(terminal: Terminal) -> Iterator[float]:
    """Walk, page and fold; the milliseconds from each key to the next change of the screen."""
    # Each changes what is to be seen, and all of them together lead back.
    keys = [b"j", b"j", b"k", b"k", b" ", b"j", b"k", b" ", b"\x06", b"\x02"]
    until, number = time.monotonic() + SECONDS, 0
    while time.monotonic() < until:
        while terminal.take(BETWEEN):
            pass
        began = time.perf_counter()
        os.write(terminal.mine, keys[number % len(keys)])
        number += 1
        if terminal.take(5.0):
            yield (time.perf_counter() - began) * 1000


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
    for each in table():
        sys.stdout.write(f"{each}\n")
        sys.stdout.flush()
