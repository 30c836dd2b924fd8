"""Reading a large dump, side by side with the real tools: python -m tests.bench.reading DUMP…

Each row is a process of its own; the real tools only test the file, in a network namespace of their own (root).
"""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_READ = """
import sys
from kptui.netfilter.extensions import Catalogue
from kptui.syntax.reader import read
ruleset = read(open(sys.argv[1], encoding="utf-8", errors="surrogateescape").read(), Catalogue())
"""
WAYS = {
    "kptui index": [sys.executable, "-c", _READ],
    "kptui full AST": [sys.executable, "-c", _READ + "assert not ruleset.diagnostics"],
    "iptables-nft-restore --test": ["unshare", "-n", "iptables-nft-restore", "--test"],
    "iptables-legacy-restore --test": ["unshare", "-n", "iptables-legacy-restore", "--test"],
}


def measure(command: list[str]) -> tuple[float, float] | None:
    """(seconds of processor time, peak megabytes) of a process, None if it can't run."""
    try:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        return None
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return (used.ru_utime + used.ru_stime, used.ru_maxrss / 1024) if process.returncode == 0 else None


def bench(path: Path) -> None:
    """Print a row for each way of reading the file."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    with tempfile.NamedTemporaryFile(suffix=".txt") as plain:
        plain.write(data)
        plain.flush()
        rules = data.count(b"\n-A ")
        best = {
            way: min((found for _ in range(3) if (found := measure([*command, plain.name]))), default=None)
            for way, command in WAYS.items()
        }
    real = best["iptables-nft-restore --test"]
    sys.stdout.write(f"{path.name}: {rules:,} rules, {time.strftime('%Y-%m-%d')}\n")
    for way, found in best.items():
        if found is None:
            sys.stdout.write(f"  {way:32} not run: it needs the program, and root\n")
            continue
        seconds, peak = found
        ratio = f"{seconds / real[0]:6.2f} x {peak / real[1]:6.2f} x" if real else ""
        sys.stdout.write(f"  {way:32} {seconds:7.2f} s {rules / seconds:11,.0f} rules/s {peak:7.0f} MB  {ratio}\n")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        bench(Path(name))
