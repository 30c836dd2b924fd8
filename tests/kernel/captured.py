"""Hosts in namespaces with names, set up by `ip`, captured as a user would, and asked the same as the kernel."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kptui.confirm.compare import disagreement
from kptui.kernel.judge import Judge
from kptui.kernel.messages import Place, Probe
from kptui.loading import parse
from kptui.netfilter.gathered import host_of
from kptui.netfilter.trace import Trace, Tracer
from kptui.sources import SourceText, gather_source
from kptui.sources.capture import write_bundle
from kptui.sources.file import read_file
from kptui.syntax.ast import Backend, Ruleset
from tests.kernel.compare import length_of, packet_of, told, told_trace


@contextmanager
def named(judge: Judge, name: str) -> Iterator[str]:
    """Give the judge's namespace a name, as `ip netns add` would have done."""
    subprocess.run(["ip", "netns", "attach", name, str(judge.pid)], check=True)
    try:
        yield f"netns:{name}"
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def inside(judge: Judge, commands: Sequence[str]) -> None:
    """Run commands in the judge's namespace, one a line."""
    for line in commands:
        argv = ["nsenter", f"--net=/proc/{judge.pid}/ns/net", "--", *line.split()]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}: {done.stderr}"


@dataclass
class Captured:
    """A bundle taken of the judge's namespace, and the tracer that knows nothing but it."""

    judge: Judge
    path: Path
    ruleset: Ruleset
    tracer: Tracer
    family: int

    def trace(self, probe: Probe) -> Trace:
        return self.tracer.trace(*packet_of(probe, self.family, length_of(probe, self.family)))

    def compare(self, probe: Probe) -> Trace:
        """The trace of a packet, which must have what the kernel does among its outcomes."""
        seen, trace = self.judge.send(probe), self.trace(probe)
        why = disagreement(trace, seen)
        assert why is None, f"{probe}\n{why}\nkernel:\n{told(seen)}\nkptui:\n{told_trace(trace)}"
        return trace


def capture(judge: Judge, place: Place, dump: str, backend: Backend, setup: Sequence[str], to: Path) -> Captured:
    """Build a host, capture it into a bundle, and read that."""
    judge.load(place, parse(SourceText("test", dump)), backend)
    inside(judge, setup)
    with named(judge, f"kptui-test-{os.getpid()}") as source:
        write_bundle(str(to), gather_source(source), "test")
    found = read_file(str(to))
    ruleset = parse(found)
    return Captured(judge, to, ruleset, Tracer(ruleset, host_of(found.facts, place.family)), place.family)
