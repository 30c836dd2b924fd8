"""Random rulesets, the same ones in every run; `python -m tests.kernel.many` tries others, and more of them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from kptui.kernel.judge import Judge
from kptui.netfilter.extensions import match_names, target_names
from kptui.syntax.ast import Backend, Family
from tests.kernel.contest import Score, random_contest
from tests.kernel.ingredients import MISSING
from tests.kernel.rulesets import random_dump

_BACKENDS: tuple[Backend, ...] = ("nft", "legacy")
_FAMILIES: tuple[Family, ...] = (4, 6)
PACKETS = 20
RULESETS = 200
"""Half of them IPv4, half IPv6; each is loaded by both backends."""


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("first", range(0, RULESETS // 2, 5))
def test_the_kernel_agrees(judge: Judge, first: int, family: Family) -> None:
    score = Score()
    for seed in range(first, first + 5):
        for backend in _BACKENDS:
            score.add(random_contest(judge, seed, family, backend, PACKETS))
    assert score.packets == 5 * 2 * PACKETS
    assert not score.disagreements, "\n\n".join(score.disagreements[:3])


def test_every_match_and_target_is_among_them() -> None:
    """What no random ruleset holds has a reason in MISSING; a new extension has to be put in one place or the other."""
    text = "\n".join(random_dump(seed, family) for seed in range(150) for family in _FAMILIES)
    words = text.split()
    matches = {word for before, word in pairwise(words) if before == "-m"}
    targets = {word for before, word in pairwise(words) if before == "-j"}
    # Names of one match; a match that -p loads goes by that protocol's name.
    others = {"icmpv6", "ipv6-icmp", "mobility-header"}
    assert set(match_names()) - matches - others == set(MISSING["match"])
    assert set(target_names()) - targets == set(MISSING["target"])
    assert {"-g", "!", "-f"} <= set(words)
    assert {f"*{table}" for table in ("raw", "mangle", "nat", "filter", "security")} <= set(words)


def test_random_rulesets_lead_everywhere(judge: Judge) -> None:
    score = Score()
    for seed in range(8):
        score.add(random_contest(judge, seed, 4, "nft", PACKETS))
    assert set(score.ends) == {"out", "delivered", "dropped", "lost"}
    assert score.unsure > 0
