"""Every sample, with packets to everything that it speaks of: the kernel's path is among the tracer's outcomes."""

from __future__ import annotations

import pytest

from kptui.kernel.judge import Judge
from kptui.syntax.ast import Backend
from tests.kernel.contest import contest
from tests.kernel.scenes import place_for, probes_for
from tests.support import SAMPLE_NAMES, SAMPLES

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
