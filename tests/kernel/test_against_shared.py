"""Real dumps, packets aimed at their rules: the kernel's path is among the tracer's outcomes."""

from __future__ import annotations

import pytest

from kptui.kernel.judge import Judge
from tests.kernel.real_dumps import compared, dumps
from tests.support import shared

PACKETS = 8
EVERY = 5
"""Of how many dumps one is tried here; `python -m tests.kernel.real_dumps` tries all."""
_BIG = 5_000_000
_CHOSEN = [path for path in dumps() if path.stat().st_size < _BIG][::EVERY]


@pytest.mark.parametrize("path", _CHOSEN, ids=lambda path: path.name)
def test_the_kernel_agrees(judge: Judge, path: object) -> None:
    score = compared(judge, next(each for each in _CHOSEN if each == path), PACKETS)
    assert score.packets >= 2 * PACKETS
    assert not score.disagreements, "\n\n".join(score.disagreements[:2])


def test_there_are_such_dumps() -> None:
    shared("corpus")
    assert len(_CHOSEN) > 30
