"""Reading large dumps, side by side with the real tools and with Lark alone.

The real tools only test the file, in a network namespace of their own, which takes root.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.processes import Cost, costs

PEER = "iptables-nft-restore --test"
_READ = """
import sys
from kptui.netfilter.extensions import Catalogue
from kptui.syntax.reader import read
ruleset = read(open(sys.argv[1], encoding="utf-8", errors="surrogateescape").read(), Catalogue())
"""
_ALL = "assert not ruleset.diagnostics"
_LARK = """
import sys
from kptui.netfilter.extensions import Catalogue
from kptui.syntax.grammar import parser_for
parser_for(Catalogue()).dump(open(sys.argv[1]).read())
"""
LARK_RULES = 50_000
"""Larger dumps are left to the others: Lark alone takes minutes for them."""


def ways(path: Path, rules: int) -> dict[str, list[str]]:
    """What is timed for a dump."""
    found = {
        "kptui, index": [sys.executable, "-c", _READ, str(path)],
        "kptui, every rule's AST": [sys.executable, "-c", _READ + _ALL, str(path)],
        "kptui services": [sys.executable, "-m", "kptui", "services", str(path)],
        PEER: ["unshare", "-n", "iptables-nft-restore", "--test", str(path)],
        "iptables-legacy-restore --test": ["unshare", "-n", "iptables-legacy-restore", "--test", str(path)],
    }
    if rules <= LARK_RULES:
        found["Lark alone, the tree of the dump"] = [sys.executable, "-c", _LARK, str(path)]
    return found


def table(name: str, path: Path, runs: int) -> Iterator[str]:
    """A row for each way of reading a dump, as Markdown."""
    with path.open("rb") as lines:
        rules = sum(line.startswith(b"-A ") for line in lines)
    found = costs(ways(path, rules), runs)
    yield f"| {name}: {rules:,} rules | seconds | rules/s | peak MB | time | memory |"
    yield "| :-- | --: | --: | --: | --: | --: |"
    for way, cost in found.items():
        yield row(way, cost, found[PEER], rules)


def row(way: str, cost: Cost | None, peer: Cost | None, rules: int) -> str:
    """One row; the ratios are to the peer."""
    if cost is None:
        return f"| {way} | not run: it needs the program, and root | | | | |"
    ratios = f"{cost.seconds / peer.seconds:.2f} x | {cost.peak / peer.peak:.2f} x" if peer else "| "
    return f"| {way} | {cost.seconds:.2f} | {rules / cost.seconds:,.0f} | {cost.peak:.0f} | {ratios} |"
