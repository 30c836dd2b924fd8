"""What kptui is to take at the most, beside what it takes: the rows of the first table."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from tests.bench import live, reading
from tests.bench.dumps import services
from tests.bench.processes import Cost, cost, costs, on_terminal, output

SAMPLE = Path(__file__).parents[2] / "samples" / "three-pods.txt"
LARGEST = 15_950
"""Services of the largest dump, which then has 700,000 lines."""

KEYS_FOR = 30
"""Seconds for which keys are pressed."""


@dataclass(frozen=True)
class Row:
    """What was measured against what, in words; `met` is None for a row without a target."""

    what: str
    measured: str
    target: str
    met: bool | None

    def text(self) -> str:
        """The row as Markdown."""
        return f"| {self.what} | {self.measured} | {self.target} | {_SAID[self.met]} |"


NOTES = """
Where a row misses its target, or swings around it between runs:

- Every ratio swings by a fifth or more with what else the machine does.
- kptui trace of a small sample: half of it is starting Python, and importing click and Lark. Its target is in seconds,
  no ratio: where `python -c pass` takes half as long again, so does this (0.16 s more in one run, 0.27 s in the next).
- The first trace after load files the long chains, once.
- Every Service followed is what a check needs of each; the check then looks at every rule, compares it with those
  above, and looks at marks. Endpoints' chains, two thirds of all rules, are met without a rule being made; what is
  left is an even spread over Services' chains and checks. What makes rules faster makes the plain walk faster, too.
  Two runs in turn gave 91 and 80 times.
  A trace with all its paths is a dozen times as fast as the plain walk, not a hundred: most of it is behind DNAT,
  once for each endpoint.
- Keys: what a search finds changes every pane, and the focus the frames of two: these are the slow ones.
"""

_SAID = {True: "✓", False: "✗", None: ""}


def table(rows: Iterator[Row]) -> Iterator[str]:
    """All rows as Markdown."""
    yield "| what | measured | target | |"
    yield "| :-- | :-- | :-- | :-- |"
    yield from (row.text() for row in rows)


def against_restore(found: Mapping[str, Cost | None]) -> Iterator[Row]:
    """The rows for 5,000 Services against iptables-nft-restore --test of the same file."""
    peer = found[reading.PEER]
    limits = {reading.TRACE: 0.35, reading.AST: 0.8, reading.INDEX: 0.15}
    for way, most in limits.items():
        own = found[way]
        if own is not None and peer is not None:
            yield _ratio(
                f"{way}, 5,000 Services", f"{own.seconds:.2f} s", own.seconds, peer.seconds, most, reading.PEER
            )
    own = found[reading.TRACE]
    if own is not None and peer is not None:
        what = f"{reading.TRACE}, 5,000 Services: peak memory"
        yield _ratio(what, f"{own.peak:.0f} MB", own.peak, peer.peak, 0.5, reading.PEER)


def _ratio(what: str, shown: str, own: float, peer: float, most: float, name: str) -> Row:
    return Row(what, f"{shown}: {own / peer:.2f} x", f"at most {most} x {name}", own <= most * peer)


def starting(runs: int) -> Iterator[Row]:
    """The rows for a start."""
    python = sys.executable
    found = costs(
        {
            "pass": [python, "-c", "pass"],
            "kptui --version": [python, "-m", "kptui", "--version"],
            "kptui trace of a small sample": [python, "-m", "kptui", "trace", str(SAMPLE), "10.96.140.7:80"],
        },
        max(runs, 7),
    )
    least = found.pop("pass")
    for (what, own), most in zip(found.items(), (0.1, 0.25), strict=True):
        if own is not None and least is not None:
            more = own.seconds - least.seconds
            said = f"{more:.2f} s more ({own.seconds / least.seconds:.0f} x)"
            yield Row(what, said, f"at most {most} s more than `python -c pass`", more <= most)


def many_traces(few: Path, many: Path, runs: int) -> Iterator[Row]:
    """The rows for traces of a ruleset that is read already."""
    small, large = (_inside(path, runs) for path in (few, many))
    yield _ratio(
        "trace after load, 10,000 Services", _ms(large["trace"]), large["trace"], small["trace"], 2.0, "100 Services"
    )
    yield _ratio(
        "the first one after load, 10,000 Services", _ms(large["first trace"]), large["first trace"],
        small["first trace"], 2.0, "100 Services",
    )  # fmt: skip
    plain, count = large["plain walk"], large["services"]
    times = plain / large["trace again"]
    said = f"{_ms(large['trace again'])} each, the plain walk {_ms(plain)}: {times:.0f} times as fast"
    yield Row("a trace again, 10,000 Services", said, "", None)
    for what, name in (("followed to its endpoints", "followed"), ("checked", "check")):
        each = large[name] / count
        said = f"{large[name]:.1f} s, {_ms(each)} each: {plain / each:.0f} times as fast as {_ms(plain)}"
        yield Row(
            f"every Service of 10,000 {what}", said, "at least 100 times as fast as the plain walk, one by one",
            plain >= 100 * each,
        )  # fmt: skip


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def _inside(path: Path, runs: int) -> dict[str, float]:
    found = [json.loads(output([sys.executable, "-m", "tests.bench.inside", str(path)])) for _ in range(min(runs, 3))]
    return {name: median(each[name] for each in found) for name in found[0]}


def first_frame(many: Path, runs: int) -> Iterator[Row]:
    """The row for the explorer's first frame."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "seconds"
        taken: dict[Path, list[float]] = {SAMPLE: [], many: []}
        for _ in range(max(runs, 3)):
            for path, each in taken.items():
                on_terminal([sys.executable, "-m", "tests.bench.frame", str(path), str(told)])
                each.append(float(told.read_text()))
    small, large = (median(each) for each in taken.values())
    said = f"{large:.2f} s: {large / small:.1f} x"
    target = f"at most 1.5 x a small sample's ({small:.2f} s) plus 0.3 s"
    yield Row("first frame of the explorer, 10,000 Services", said, target, large <= 1.5 * small + 0.3)


def keys(many: Path) -> Iterator[Row]:
    """The rows for keys in the explorer, and for its memory."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "told"
        for path in (SAMPLE, many):
            on_terminal([sys.executable, "-m", "tests.bench.keys", str(KEYS_FOR), str(file), str(path)])
            found[path] = json.loads(file.read_text())
    small, large = (found[path] for path in (SAMPLE, many))
    slow, usual = (quantiles(each["taken"], n=20)[-1] for each in (large, small))
    told = f"median {median(large['taken']):.0f} ms, p95 {slow:.0f} ms; a small sample's p95 {usual:.0f} ms"
    each = {name: median(taken) for name, taken in large["of"].items()}
    slowest = max(each, key=each.__getitem__)
    told += f"; the slowest, {slowest}, {each[slowest]:.0f} ms"
    what = "key to frame, 10,000 Services: walking, folding, paging, searching"
    yield Row(what, told, "p95 at most 50 ms of the clock's", slow <= 50)
    size, bare = many.stat().st_size / (1 << 20), small["peak"]
    yield Row(
        "peak memory of the explorer, 10,000 Services", f"{large['peak']:.0f} MB",
        f"at most 4 x the file ({size:.0f} MB) plus a small sample's ({bare:.0f} MB)",
        large["peak"] <= 4 * size + bare,
    )  # fmt: skip


def read_again() -> Iterator[Row]:
    """The rows for keys while a running host is read every two seconds."""
    for what, changing in live.KINDS.items():
        readings, taken = live.measured(changing)
        slow = quantiles(taken, n=20)[-1]
        # Whatever else runs takes its share of every wait: the figures hold for a load of one or two, this alone.
        load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        told = f"median {median(taken):.0f} ms, p95 {slow:.0f} ms; {len(taken)} keys, {readings} readings, {load}"
        name = f"key to frame, a running host of {live.SERVICES:,} Services read every 2 s, {what}"
        yield Row(name, told, "p95 at most 100 ms of the clock's", slow <= 100)


def largest(path: Path) -> Iterator[Row]:
    """The rows for the largest dump reported."""
    with path.open("rb") as lines:
        count = sum(1 for _ in lines)
    python = [sys.executable, "-m", "kptui"]
    address = f"{services(1)[0].cluster_ip}:80"
    for what, command in {
        "traced": [*python, "trace", str(path), address],
        "checked": [*python, "check", str(path)],
    }.items():
        own = cost(command)
        said = f"{own.seconds:.1f} s, {own.peak:.0f} MB" if own is not None else "failed"
        yield Row(f"{count:,} lines {what}", said, "it does", own is not None)
