"""What the tests of the core share: small dumps as text, traces of them, and where the samples are."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from kptui.ask.request import Request
from kptui.loading import parse
from kptui.netfilter.conntrack_table import Connections
from kptui.netfilter.ipsets import read_ipsets
from kptui.netfilter.trace import Outcome, Trace
from kptui.sources import SourceText
from kptui.syntax.ast import Backend, Ruleset
from kptui.tracing import Session

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "samples"
NODE = "192.168.50.10"

SAMPLE_NAMES = sorted(path.stem for path in SAMPLES.glob("*.txt"))


def sample(name: str) -> str:
    """The path of a sample."""
    return str(SAMPLES / f"{name}.txt")


def shared(kind: str) -> Path:
    """A folder of material that lies beside a checkout; skips the test where it does not."""
    found = ROOT.parent / "shared" / kind
    if not found.is_dir():
        pytest.skip(f"{found} is not there: the material of real kube-proxies lies beside the checkout only")
    return found


def ruleset_of(text: str) -> Ruleset:
    """The ruleset of an indented dump."""
    return parse(SourceText("test", dedent(text)))


def session_of(text: str, ipset: str | None = None, backend: Backend | None = None) -> Session:
    """A session over an indented dump."""
    return Session(ruleset_of(text), "test", backend, read_ipsets(dedent(ipset)) if ipset is not None else None)


def trace_of(
    text: str,
    ipset: str | None = None,
    backend: Backend | None = None,
    misses: bool = False,
    reply: bool = False,
    connections: str | None = None,
    **request: Any,
) -> Trace:
    """The trace of one packet through an indented dump; the request's fields are those of the command line."""
    session = session_of(text, ipset, backend)
    session.connections = Connections(dedent(connections)) if connections is not None else None
    return session.trace(Request(**request), misses, reply)


def only(trace: Trace) -> Outcome:
    """The outcome of a trace that has just one."""
    assert len(trace.outcomes) == 1, [(o.verdict, o.end, o.assumptions) for o in trace.outcomes]
    return trace.outcomes[0]


def walked(outcome: Outcome) -> list[tuple[str, str, str, int | None]]:
    """(hook, table, chain, rule) of each step; None for a chain's end."""
    return [(step.hook, step.table, step.chain, step.rule) for step in outcome.steps]


def rules_met(outcome: Outcome) -> list[str]:
    """`table CHAIN number` of each rule that matched, in order."""
    return [f"{step.table} {step.chain} {step.rule}" for step in outcome.steps if step.rule is not None]


def shares(trace: Trace) -> dict[str | None, Fraction]:
    """DNAT target -> share, of a trace in which nothing is assumed."""
    assert trace.certain
    found: dict[str | None, Fraction] = {}
    for outcome in trace.outcomes:
        assert outcome.probability is not None
        found[outcome.packet.dnat] = found.get(outcome.packet.dnat, Fraction(0)) + outcome.probability
    return found


def assumed(outcome: Outcome) -> dict[str, bool]:
    """Match text -> answer of what an outcome takes for granted."""
    return {each.match: each.assumed for each in outcome.assumptions}


@dataclass(frozen=True)
class Done:
    """A command that ran."""

    code: int
    out: str
    err: str


def kptui(*args: str, text: str | None = None, env: dict[str, str] | None = None) -> Done:
    """Run `python -m kptui` as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "kptui", *args],
        input=(text or "").encode("utf-8", "surrogateescape"),
        capture_output=True,
        check=False,
        env=env,
        cwd=ROOT,
        timeout=60,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())
