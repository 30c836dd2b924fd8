"""Random branches of random rulesets: over many packets, the kernel's shares fit the tracer's (chi-square)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from kptui.confirm.compare import disagreement
from kptui.kernel.judge import Judge
from kptui.kernel.messages import Probe
from kptui.loading import parse
from kptui.netfilter.trace import Trace, Tracer
from kptui.sources import SourceText
from kptui.syntax.ast import Backend, Family, Ruleset
from tests.kernel.compare import host_of, length_of, packet_of, told_of_the_place
from tests.kernel.pools import PLACES
from tests.kernel.probes import random_probes
from tests.kernel.rulesets import random_dump

RUNS = 200
SEEDS = 60
# Of a million right shares one is refused.
LIMIT = {2: 23.9, 3: 27.6, 4: 30.7}


def _by_chance(family: Family, backend: Backend) -> list[tuple[Ruleset, Probe, Trace]]:
    """Packets that end in two to four ways by chance alone, one a ruleset."""
    found = []
    for seed in range(family % 4 // 2, SEEDS, 2):
        if seed % 3 == 0:
            continue
        ruleset = parse(SourceText("random", random_dump(seed, family)))
        tracer = Tracer(ruleset, host_of(PLACES[family], told_of_the_place()), backend)
        for probe in random_probes(seed, family, 20):
            trace = tracer.trace(*packet_of(probe, family, length_of(probe, family)))
            if trace.certain and 1 < len(trace.outcomes) <= max(LIMIT):
                found.append((ruleset, probe, trace))
                break
    return found


@pytest.mark.parametrize("backend", ["nft", "legacy"])
@pytest.mark.parametrize("family", [4, 6])
def test_the_shares_are_the_kernel_s(judge: Judge, family: Family, backend: Backend) -> None:
    cases = _by_chance(family, backend)
    assert len(cases) >= 3
    for ruleset, probe, trace in cases[:5]:
        judge.load(PLACES[family], ruleset, backend)
        counted: Counter[int] = Counter()
        for seen in judge.send_all([probe] * RUNS):
            fitting = [
                index
                for index, outcome in enumerate(trace.outcomes)
                if disagreement(replace(trace, outcomes=(outcome,)), seen) is None
            ]
            assert fitting, "the kernel's path is none of the outcomes"
            if len(fitting) > 1:
                pytest.skip("outcomes that look alike from outside")
            counted[fitting[0]] += 1
        assert _chi_square(counted, trace) < LIMIT[len(trace.outcomes)], (counted, trace.outcomes)


def _chi_square(counted: Counter[int], trace: Trace) -> float:
    expected = [float(outcome.probability or 0) * RUNS for outcome in trace.outcomes]
    return sum((counted[index] - share) ** 2 / share for index, share in enumerate(expected))
