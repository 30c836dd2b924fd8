"""Whether what was seen fits the shares that a trace promises."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import sqrt

from kptui.confirm.choice import choosable
from kptui.netfilter.facts import Facts
from kptui.netfilter.trace import Outcome

_SIGMAS = 5.5
"""Right shares look as wrong as this once in fifty million times."""


def comparable(outcomes: Sequence[Outcome], numbers: Iterable[int]) -> list[list[int]]:
    """Numbers of outcomes by what they assume of the kernel's own state: their shares are shares of the same packets.

    What they assume of the packet and the host holds for each of them, since it was chosen.
    """
    groups: defaultdict[Facts, list[int]] = defaultdict(list)
    for number in numbers:
        facts = outcomes[number].facts
        groups[facts - choosable(facts)].append(number)
    return list(groups.values())


def unlikely(outcomes: Sequence[Outcome], numbers: Iterable[int], taken: Counter[int]) -> str | None:
    """None if the runs fit the shares of the outcomes of those numbers, else what was seen and what was promised."""
    for group in comparable(outcomes, numbers):
        shares = [outcomes[number].probability for number in group]
        seen = [taken[number] for number in group]
        told = [share for share in shares if share is not None]
        if len(told) == len(shares) > 1 and sum(told) == 1 and sigmas(seen, told) > _SIGMAS:
            off = [abs(count - float(share) * sum(seen)) for count, share in zip(seen, told, strict=True)]
            at = off.index(max(off))
            return f"outcome {group[at] + 1} was taken {seen[at]} times of {sum(seen)}, its share is {told[at]}"
    return None


def sigmas(seen: Sequence[int], shares: Sequence[Fraction]) -> float:
    """How far counts are from shares, by chi-square, in standard deviations (Wilson and Hilferty's approximation)."""
    total = sum(seen)
    pairs = sorted(((float(share) * total, count) for share, count in zip(shares, seen, strict=True)), reverse=True)
    cells = [pair for pair in pairs if pair[0] >= 1]
    rest = [pair for pair in pairs if pair[0] < 1]
    if rest:
        # Cells in which less than one is expected say nothing on their own.
        cells.append((sum(expected for expected, _ in rest), sum(count for _, count in rest)))
    free = len(cells) - 1
    if free < 1 or cells[-1][0] == 0:
        return 0.0
    square = sum((count - expected) ** 2 / expected for expected, count in cells)
    return float(((square / free) ** (1 / 3) - (1 - 2 / (9 * free))) / sqrt(2 / (9 * free)))
