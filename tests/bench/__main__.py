"""Everything that is measured, as ratios to peers of the same run: python -m tests.bench [--runs N] [DUMP…]."""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from tests.bench import reading, targets

SIZES = (100, 1_000, 5_000, 10_000)


def main() -> None:
    """Make the dumps, print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Time kptui beside its peers.")
    parser.add_argument("--runs", type=int, default=3, help="runs of each command; their median counts (default 3)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the tables there as well")
    parser.add_argument("dumps", nargs="*", type=Path, help="dumps to read, in place of those that are made")
    given = parser.parse_args()
    said = []
    with tempfile.TemporaryDirectory() as folder:
        for line in _given(given.dumps, given.runs) if given.dumps else _all(Path(folder), given.runs):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
            said.append(f"{line}\n")
    if given.write is not None:
        given.write.write_text("".join(said))


def _head() -> Iterator[str]:
    yield "# Benchmarks"
    yield ""
    packages = ", ".join(f"{name} {version(name)}" for name in ("lark", "click", "textual"))
    yield f"By `make bench`: {_iptables()}, Python {platform.python_version()}, {packages}, Linux {platform.release()}."
    yield "Medians of several runs in turn. Seconds are of processor time, of whole processes unless told otherwise."
    yield "Ratios are of one run on one machine, to iptables-nft-restore --test of the same file if no other is named."
    yield ""


def _all(folder: Path, runs: int) -> Iterator[str]:
    yield from _head()
    paths = {count: _made(folder, count) for count in (*SIZES, targets.LARGEST)}
    found = {count: reading.measured(paths[count], runs) for count in SIZES}

    def rows() -> Iterator[targets.Row]:
        yield from targets.against_restore(found[5_000][1])
        yield from targets.starting(runs)
        yield from targets.many_traces(paths[100], paths[10_000], runs)
        yield from targets.first_frame(paths[10_000], runs)
        yield from targets.keys(paths[10_000])
        yield from targets.largest(paths[targets.LARGEST])
        # At last: what this process then weighs would be taken for the weight of those it starts.
        yield from targets.read_again()

    yield from targets.table(rows())
    yield targets.NOTES.rstrip()
    for count in SIZES:
        yield ""
        yield from reading.table(f"{count:,} Services", *found[count])
    yield reading.OTHERS.rstrip()


def _given(paths: list[Path], runs: int) -> Iterator[str]:
    yield from _head()
    for path in paths:
        yield from reading.table(path.name, *reading.measured(path, runs))
        yield ""


def _made(folder: Path, count: int) -> Path:
    path = folder / f"{count}.txt"
    # Not in this process: what it weighs is taken for the weight of those it starts.
    with path.open("wb") as file:
        subprocess.run([sys.executable, "-m", "tests.bench.dumps", str(count)], stdout=file, check=True)
    return path


def _iptables() -> str:
    try:
        done = subprocess.run(["iptables-nft", "--version"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "no iptables"
    return done.stdout.strip() or "no iptables"


if __name__ == "__main__":
    main()
