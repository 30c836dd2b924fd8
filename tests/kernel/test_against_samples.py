"""Every sample, with packets to everything that it speaks of: the kernel's path is among the tracer's outcomes."""

from __future__ import annotations

from collections import Counter

import pytest

from kptui.kernel.judge import Judge
from kptui.kernel.messages import Probe
from kptui.loading import load
from kptui.netfilter.address import show
from kptui.netfilter.trace import Tracer
from kptui.syntax.ast import Backend
from tests.kernel.compare import host_of, length_of, packet_of
from tests.kernel.contest import contest
from tests.kernel.scenes import place_for, probes_for
from tests.support import SAMPLE_NAMES, SAMPLES, sample

PACKETS = 60


@pytest.mark.parametrize("backend", ["nft", "legacy"])
@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_the_kernel_agrees(judge: Judge, name: str, backend: Backend) -> None:
    dump = (SAMPLES / f"{name}.txt").read_bytes().decode("utf-8", "surrogateescape")
    place = place_for(name)
    score = contest(judge, dump, place, backend, probes_for(dump, place, PACKETS, seed=7), name)
    assert score.packets == PACKETS
    assert not score.disagreements, "\n\n".join(score.disagreements[:3])
    assert len(score.ends) > 2, f"packets that all end alike show little: {score.ends}"


@pytest.mark.parametrize("backend", ["nft", "legacy"])
def test_the_shares_are_the_kernel_s(judge: Judge, backend: Backend) -> None:
    """Chi-square over the three pods of a Service; a wrong share fails, the right one once in three million runs."""
    ruleset = load(sample("three-pods"))
    place = place_for("three-pods")
    probe = Probe(6, "10.42.0.7", "10.96.140.7", "cni0", 40000, 80)
    trace = Tracer(ruleset, host_of(place), backend).trace(*packet_of(probe, 4, length_of(probe, 4)))
    shares = {show(o.packet.dst, 4): float(o.probability or 0) for o in trace.outcomes if isinstance(o.packet.dst, int)}
    judge.load(place, ruleset, backend)
    found = Counter(seen.header.dst for seen in (judge.send(probe) for _ in range(400)) if seen.header)
    assert set(found) == set(shares)
    assert sum((found[pod] - 400 * share) ** 2 / (400 * share) for pod, share in shares.items()) < 30
