"""Everything that is measured, as ratios to peers of the same run: python -m tests.bench [--runs N] [DUMP…]."""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench import reading

SIZES = (1_000, 5_000, 10_000)


def main() -> None:
    """Make the dumps, print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Time kptui beside its peers.")
    parser.add_argument("--runs", type=int, default=3, help="runs of each command; their median counts (default 3)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the tables there as well")
    parser.add_argument("dumps", nargs="*", type=Path, help="dumps to read (default: made, 1,000 to 10,000 Services)")
    given = parser.parse_args()
    said = []
    with tempfile.TemporaryDirectory() as folder:
        paths = {path.name: path for path in given.dumps} or _made(Path(folder))
        for line in _tables(paths, given.runs):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
            said.append(f"{line}\n")
    if given.write is not None:
        given.write.write_text("".join(said))


def _tables(paths: dict[str, Path], runs: int) -> Iterator[str]:
    yield "# Benchmarks"
    yield ""
    yield f"By `make bench`: {_iptables()}, Python {platform.python_version()}, Linux {platform.release()}."
    yield "Whole processes, the median of several runs in turn. Seconds are of processor time, ratios are to"
    yield f"{reading.PEER} of the same file."
    for name, path in paths.items():
        yield ""
        yield from reading.table(name, path, runs)


def _made(folder: Path) -> dict[str, Path]:
    found = {}
    for count in SIZES:
        path = folder / f"{count}.txt"
        # Not in this process: what it weighs is taken for the weight of those it starts.
        with path.open("wb") as file:
            subprocess.run([sys.executable, "-m", "tests.bench.dumps", str(count)], stdout=file, check=True)
        found[f"{count:,} Services"] = path
    return found


def _iptables() -> str:
    try:
        done = subprocess.run(["iptables-nft", "--version"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "no iptables"
    return done.stdout.strip() or "no iptables"


if __name__ == "__main__":
    main()
