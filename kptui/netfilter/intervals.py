"""Sets of integers as sorted, disjoint, inclusive ranges: what is known of an address, a port, an interface name."""

from __future__ import annotations

Intervals = tuple[tuple[int, int], ...]


def normal(ranges: list[tuple[int, int]]) -> Intervals:
    """The same set, sorted, with overlapping and adjacent ranges joined; empty ranges (4, 3) vanish."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(found for found in ranges if found[0] <= found[1]):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def intersect(left: Intervals, right: Intervals) -> Intervals:
    """What is in both."""
    found: list[tuple[int, int]] = []
    i = j = 0
    while i < len(left) and j < len(right):
        low, high = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if low <= high:
            found.append((low, high))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def subtract(left: Intervals, right: Intervals) -> Intervals:
    """What is in the left set only."""
    found: list[tuple[int, int]] = []
    for low, high in left:
        start = low
        for cut_low, cut_high in right:
            if cut_high < start or cut_low > high:
                continue
            if cut_low > start:
                found.append((start, cut_low - 1))
            start = cut_high + 1
        if start <= high:
            found.append((start, high))
    return tuple(found)


def contains(ranges: Intervals, value: int) -> bool:
    """Whether the value is in one of the ranges."""
    return any(low <= value <= high for low, high in ranges)
