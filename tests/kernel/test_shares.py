"""Random branches of random rulesets: over many packets, the kernel's shares fit the tracer's (chi-square)."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from kptui.confirm.compare import disagreement
from kptui.kernel.judge import Judge
from kptui.kernel.messages import Probe, Seen
from kptui.loading import parse
from kptui.netfilter.trace import Trace, Tracer
from kptui.sources import SourceText
from kptui.syntax.ast import Backend, Family
from tests.kernel.compare import host_of, length_of, packet_of, told_of_the_place
from tests.kernel.finds import NODE, NODE6, dump

RUNS = 150
# Of a million right shares one is refused.
LIMIT = {2: 23.9, 3: 27.6, 4: 30.7, 5: 33.4, 6: 35.9}
_SHARES = ("0.5", "0.33333333349", "0.25", "0.2", "0.75")
_PROBES: dict[Family, Probe] = {
    4: Probe(6, "192.168.50.2", "192.168.50.10", "eth0", 40000, 80),
    6: Probe(6, "2001:db8:50::2", "2001:db8:50::10", "eth0", 40000, 80),
}


def _balanced(seed: int, family: Family) -> str:
    """A Service of two to five endpoints at random, and a share of the packets dropped or logged on their way."""
    chance = random.Random(f"shares {seed}")
    pods = [f"10.42.0.{n}" if family == 4 else f"fd00:42::{n}" for n in range(2, 2 + chance.randint(2, 5))]
    rules = [":S"]
    for index, pod in enumerate(pods):
        last = index == len(pods) - 1
        sign, share = chance.choice(["", "! "]), chance.choice(_SHARES)
        match = "" if last else f"-m statistic --mode random {sign}--probability {share}"
        rules += [f":E{index}", f"S {match} -j E{index}", f"E{index} -j DNAT --to-destination {pod}"]
    share, target = chance.choice(_SHARES), chance.choice(["DROP", "LOG"])
    filtered = f"FORWARD -m statistic --mode random --probability {share} -j {target}"
    return dump(family, nat="\n".join([*rules, "PREROUTING -j S"]), filter=filtered)


@pytest.mark.parametrize("backend", ["nft", "legacy"])
@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("seed", range(3))
def test_the_shares_are_the_kernel_s(judge: Judge, seed: int, family: Family, backend: Backend) -> None:
    place, probe = NODE if family == 4 else NODE6, _PROBES[family]
    ruleset = parse(SourceText("shares", _balanced(seed, family)))
    trace = Tracer(ruleset, host_of(place, told_of_the_place()), backend).trace(
        *packet_of(probe, family, length_of(probe, family))
    )
    assert trace.certain
    judge.load(place, ruleset, backend)
    counted: Counter[int] = Counter(_which(trace, seen) for seen in judge.send_all([probe] * RUNS))
    assert _chi_square(counted, trace) < LIMIT[min(len(trace.outcomes), max(LIMIT))], (counted, trace.outcomes)


def _which(trace: Trace, seen: Seen) -> int:
    """The number of the one outcome that the kernel's path is."""
    alike = [
        index
        for index, outcome in enumerate(trace.outcomes)
        if disagreement(replace(trace, outcomes=(outcome,)), seen) is None
    ]
    assert alike, "the kernel's path is none of the outcomes"
    # Dropped ones differ in nothing that the kernel shows but their path, which a merged outcome has several of.
    return alike[0]


def _chi_square(counted: Counter[int], trace: Trace) -> float:
    expected = [float(outcome.probability or 0) * RUNS for outcome in trace.outcomes]
    return sum((counted[index] - share) ** 2 / share for index, share in enumerate(expected))
