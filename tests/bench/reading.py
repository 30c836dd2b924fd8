"""Reading large dumps and tracing a packet through them, beside the real tools, Lark alone and other parsers.

The real tools only test the file, in a network namespace of their own, which takes root.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.bench.dumps import services
from tests.bench.processes import Cost, costs

PEER = "iptables-nft-restore --test"
INDEX, AST, TRACE = "kptui, index", "kptui, every rule's AST", "kptui trace, one packet"
_READ = """
import sys
from kptui.netfilter.extensions import Catalogue
from kptui.syntax.reader import read
from kptui.sources.file import read_file
ruleset = read(read_file(sys.argv[1]).text, Catalogue())
"""
_ALL = "assert not ruleset.diagnostics"
_LARK = """
import sys
from kptui.netfilter.extensions import Catalogue
from kptui.syntax.grammar import parser_for
parser_for(Catalogue()).dump(open(sys.argv[1]).read())
"""
_GRAPH = """
import sys
from iptables_graph.__main__ import parse_iptables
parse_iptables(open(sys.argv[1]).read())
"""
_NETFILTER = """
import sys
from netfilter.parser import parse_rule
for line in open(sys.argv[1]):
    if line.startswith("-A "):
        parse_rule(line.rstrip("\\n").split(" ", 2)[2])
"""
LARK_RULES = 50_000
"""Larger dumps are left to the others: Lark alone takes minutes for them."""

OTHERS = """
Parsers of the Python package index, timed where they are installed (`pip install iptables-graph netfilter`):

- iptables-graph 1.0.0 reads dumps: it cuts lines at blanks and keeps chains and what rules end with; options,
  quotes and values stay text.
- netfilter 0.6.4 wants rules with counters, and reads a dump once for each chain; its function for one rule is timed,
  called for each line: options stay words, nothing is checked.
- python-iptables 1.2.0, pyiptables 2.0.7 and linuxnet-iptables 7.6.5 ask the kernel or run iptables; they read no file.
- jc 1.26.1 reads the output of `iptables -L`, which leaves out most matches' options, not dumps.
"""


def ways(path: Path, rules: int) -> dict[str, list[str]]:
    """What is timed for a dump."""
    python, named = [sys.executable], str(path)
    found = {
        INDEX: [*python, "-c", _READ, named],
        AST: [*python, "-c", _READ + _ALL, named],
        TRACE: [*python, "-m", "kptui", "trace", named, f"{services(1)[0].cluster_ip}:80"],
        "kptui services": [*python, "-m", "kptui", "services", named],
        PEER: ["unshare", "-n", "iptables-nft-restore", "--test", named],
        "iptables-legacy-restore --test": ["unshare", "-n", "iptables-legacy-restore", "--test", named],
    }
    if rules <= LARK_RULES:
        found["Lark alone, the tree of the dump"] = [*python, "-c", _LARK, named]
    if importlib.util.find_spec("iptables_graph"):
        found["iptables-graph 1.0.0, chains and targets"] = [*python, "-c", _GRAPH, named]
    if importlib.util.find_spec("netfilter"):
        found["netfilter 0.6.4, rules alone"] = [*python, "-c", _NETFILTER, named]
    return found


def measured(path: Path, runs: int) -> tuple[int, dict[str, Cost | None]]:
    """How many rules a dump has, and what each way of reading it costs."""
    with path.open("rb") as lines:
        rules = sum(line.startswith(b"-A ") for line in lines)
    return rules, costs(ways(path, rules), runs)


def table(name: str, rules: int, found: Mapping[str, Cost | None]) -> Iterator[str]:
    """A row for each way of reading a dump, as Markdown."""
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
