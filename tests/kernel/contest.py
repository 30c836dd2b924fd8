"""One ruleset, many packets: the tracer against the kernel, packet by packet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from kptui.confirm.compare import disagreement
from kptui.kernel.judge import Judge
from kptui.kernel.messages import Place, Probe
from kptui.loading import parse
from kptui.netfilter.trace import Tracer
from kptui.sources import SourceText
from kptui.syntax.ast import Backend, Family, Ruleset
from tests.kernel.compare import host_of, length_of, packet_of, told, told_of_the_place, told_trace
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


def contest(
    judge: Judge,
    dump: str,
    place: Place,
    backend: Backend,
    probes: Iterable[Probe],
    name: str,
    facts: dict[str, str] | None = None,
) -> Score:
    """Load a dump into a fresh namespace and compare every packet; `facts` are what --set tells, else all there is."""
    ruleset = _parsed(name, dump)
    judge.load(place, ruleset, backend)
    tracer = Tracer(ruleset, host_of(place, told_of_the_place() if facts is None else facts), backend)
    score = Score()
    asked = list(probes)
    for probe, seen in zip(asked, judge.send_all(asked), strict=True):
        trace = tracer.trace(*packet_of(probe, place.family, length_of(probe, place.family)))
        score.packets += 1
        score.unsure += len(trace.outcomes) > 1
        score.ends[seen.end] += 1
        why = disagreement(trace, seen)
        if why is not None:
            heading = f"{name}, IPv{place.family}, {backend}\n{probe}\n{why}"
            score.disagreements.append(f"{heading}\nkernel:\n{told(seen)}\nkptui:\n{told_trace(trace)}")
    return score


@lru_cache(1)
def _parsed(name: str, dump: str) -> Ruleset:
    """Each dump is loaded by both backends, and read once."""
    return parse(SourceText(name, dump))


def random_contest(judge: Judge, seed: int, family: Family, backend: Backend, packets: int) -> Score:
    """The ruleset and the packets of a seed."""
    probes = random_probes(seed, family, packets)
    # One in six is told next to nothing of the host: then what the kernel does still has to be among what may be.
    facts = {"route_localnet": "no"} if seed % 6 == 0 else None
    return contest(judge, random_dump(seed, family), PLACES[family], backend, probes, f"seed {seed}", facts)
