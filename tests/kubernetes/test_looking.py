"""A search for problems that is ended in the middle: what it has found holds, and it says that it is not all."""

from __future__ import annotations

from pathlib import Path

import pytest

from kptui.kubernetes.checks import Finding, Looking, problems
from kptui.loading import load

SAMPLES = sorted((Path(__file__).parent / "checks").glob("*/fires.txt"))


class Ends(Looking):
    """Wants to end once a share has been looked at."""

    def __init__(self, at: float) -> None:
        """Where it ends."""
        super().__init__()
        self._at = at

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "share" and "_at" in vars(self) and self.share >= self._at:
            self.ended = True


def _known(found: list[Finding]) -> set[tuple[str, int]]:
    return {(each.id, each.line) for each in found}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.parent.name)
def test_what_is_found_before_the_end_is_among_what_is_found_in_all(sample: Path) -> None:
    rules = load(str(sample))
    everything = Looking()
    whole = problems(rules, looking=everything)
    assert not everything.incomplete
    assert whole == problems(rules)
    for at in (0.001, 0.2, 0.4, 0.6, 0.79, 0.85, 0.95):
        ended = Ends(at)
        assert _known(problems(rules, looking=ended)) <= _known(whole), at
        assert ended.incomplete == ended.ended, at


def test_how_far_it_is_only_grows_and_ends_near_all() -> None:
    seen: list[float] = []

    class Watched(Looking):
        def __setattr__(self, name: str, value: object) -> None:
            super().__setattr__(name, value)
            if name == "share":
                seen.append(self.share)

    problems(load(str(SAMPLES[0])), looking=Watched())
    assert seen == sorted(seen)
    assert seen[0] == 0.0
    assert 0.95 < seen[-1] <= 1
    assert len({round(share, 1) for share in seen}) > 4
