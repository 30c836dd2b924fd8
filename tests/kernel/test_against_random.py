"""Random rulesets, the same ones in every run; `python -m tests.kernel.many` tries others, and more of them."""

from __future__ import annotations

import pytest

from kptui.kernel.judge import Judge
from kptui.syntax.ast import Backend, Family
from tests.kernel.contest import Score, random_contest

PACKETS = 10
RULESETS = 40


@pytest.mark.parametrize("backend", ["nft", "legacy"])
@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("first", range(0, RULESETS // 2, 5))
def test_the_kernel_agrees(judge: Judge, first: int, family: Family, backend: Backend) -> None:
    score = Score()
    for seed in range(first, first + 5):
        score.add(random_contest(judge, seed, family, backend, PACKETS))
    assert score.packets == 5 * PACKETS
    assert not score.disagreements, "\n\n".join(score.disagreements[:3])


def test_random_rulesets_lead_everywhere(judge: Judge) -> None:
    score = Score()
    for seed in range(8):
        score.add(random_contest(judge, seed, 4, "nft", PACKETS))
    assert set(score.ends) == {"out", "delivered", "dropped", "lost"}
    assert score.unsure > 0
