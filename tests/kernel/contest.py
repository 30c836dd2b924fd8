"""One ruleset, many packets: the tracer against the kernel, packet by packet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from kptui.confirm.compare import disagreement
from kptui.kernel.judge import Judge
from kptui.kernel.messages import Place, Probe
from kptui.loading import parse
from kptui.netfilter.trace import Tracer
from kptui.sources import SourceText
from kptui.syntax.ast import Backend, Family
from tests.kernel.compare import host_of, length_of, packet_of, told, told_trace
from tests.kernel.pools import PLACES
from tests.kernel.probes import random_probes
from tests.kernel.rulesets import random_dump


@dataclass
class Score:
    """How many packets were compared, how they ended, and every disagreement as text."""

    packets: int = 0
    unsure: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    disagreements: list[str] = field(default_factory=list)

    def add(self, other: Score) -> None:
        self.packets += other.packets
        self.unsure += other.unsure
        self.ends.update(other.ends)
        self.disagreements += other.disagreements


def contest(judge: Judge, dump: str, place: Place, backend: Backend, probes: Iterable[Probe], name: str) -> Score:
    """Load a dump into a fresh namespace and compare every packet."""
    ruleset = parse(SourceText(name, dump))
    judge.load(place, ruleset, backend)
    # The place has route_localnet off, and a tracer that is told so.
    tracer = Tracer(ruleset, host_of(place, {"route_localnet": "no"}), backend)
    score = Score()
    for probe in probes:
        seen = judge.send(probe)
        trace = tracer.trace(*packet_of(probe, place.family, length_of(probe, place.family)))
        score.packets += 1
        score.unsure += len(trace.outcomes) > 1
        score.ends[seen.end] += 1
        why = disagreement(trace, seen)
        if why is not None:
            heading = f"{name}, IPv{place.family}, {backend}\n{probe}\n{why}"
            score.disagreements.append(f"{heading}\nkernel:\n{told(seen)}\nkptui:\n{told_trace(trace)}")
    return score


def random_contest(judge: Judge, seed: int, family: Family, backend: Backend, packets: int) -> Score:
    """The ruleset and the packets of a seed."""
    probes = random_probes(seed, family, packets)
    return contest(judge, random_dump(seed, family), PLACES[family], backend, probes, f"seed {seed}")
