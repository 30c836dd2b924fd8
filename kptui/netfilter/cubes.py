"""Sets of numbers of which some bits are told: what is known of a mark, or of an address under a mask with holes."""

from __future__ import annotations

from kptui.netfilter.intervals import Intervals

Cube = tuple[int, int]
"""(mask, value): the numbers that have these bits under the mask; no bit of the value is outside of it."""

_ALL = (1 << 128) - 1


def of_ranges(ranges: Intervals) -> list[Cube]:
    """The same set as cubes without common numbers: the prefixes that make up each range."""
    found: list[Cube] = []
    for low, high in ranges:
        start = low
        while start <= high:
            size = start & -start or 1 << 128
            while size > high - start + 1:
                size >>= 1
            found.append((_ALL & ~(size - 1), start))
            start += size
    return found


def meet(left: Cube, right: Cube) -> Cube | None:
    """What is in both, None if nothing is."""
    if (left[1] ^ right[1]) & left[0] & right[0]:
        return None
    return left[0] | right[0], left[1] | right[1]


def without(cubes: list[Cube], taken: Cube) -> list[Cube]:
    """What is left of a set when a cube is taken out of it; cubes without common numbers stay such."""
    left: list[Cube] = []
    for cube in cubes:
        if meet(cube, taken) is None:
            left.append(cube)
            continue
        mask, value = cube
        bits = taken[0] & ~mask
        while bits:
            bit = bits & -bits
            bits ^= bit
            # Those that differ from the taken cube in this bit, and in none of the bits before it.
            left.append((mask | bit, value | (~taken[1] & bit)))
            mask, value = mask | bit, value | (taken[1] & bit)
    return left
