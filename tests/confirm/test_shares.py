"""Counts against shares: what chance does passes, a wrong share does not."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction

import pytest

from kptui.confirm.shares import sigmas, unlikely
from tests.report.test_branches import service
from tests.support import NODE, trace_of

HALF = [Fraction(1, 2)] * 2


@pytest.mark.parametrize("pods", [2, 3, 10, 100, 1000])
def test_what_chance_does_is_likely(pods: int) -> None:
    chance = random.Random(pods)
    for _ in range(20):
        counts = Counter(chance.randrange(pods) for _ in range(max(100, min(10 * pods, 2000))))
        assert sigmas([counts[n] for n in range(pods)], [Fraction(1, pods)] * pods) < 5.5


@pytest.mark.parametrize(
    ("counts", "shares"),
    [
        ([100, 0], HALF),
        ([85, 15], HALF),
        ([50, 50], [Fraction(9, 10), Fraction(1, 10)]),
        ([100] * 9 + [0], [Fraction(1, 10)] * 10),
        ([40, 60, 0], [Fraction(1, 3)] * 3),
    ],
)
def test_a_wrong_share_is_not(counts: list[int], shares: list[Fraction]) -> None:
    assert sigmas(counts, shares) > 5.5


def test_the_worst_is_named_with_what_it_promised() -> None:
    trace = trace_of(service(3), src="10.1.0.1", dst="10.96.0.1", dport="80", local=(NODE,))
    assert unlikely(trace.outcomes, range(len(trace.outcomes)), Counter({0: 35, 1: 30, 2: 35})) is None
    assert (
        unlikely(trace.outcomes, range(len(trace.outcomes)), Counter({0: 150, 1: 150}))
        == "outcome 3 was taken 0 times of 300, its share is 1/3"
    )


def test_shares_that_nobody_promised_are_not_looked_at() -> None:
    text = "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m limit --limit 1/sec -j DROP\nCOMMIT\n"
    trace = trace_of(text, src="192.0.2.1", dst="192.0.2.2", local=(NODE,))
    assert unlikely(trace.outcomes, range(len(trace.outcomes)), Counter({0: 100})) is None
