"""Sets of marks as cubes, VALUE/MASK as iptables writes them: a mask with holes is no range, but it is a cube."""

from __future__ import annotations

Cube = tuple[int, int]
"""(value, mask): the numbers whose bits under the mask are those of the value."""
Cubes = tuple[Cube, ...]

ALL: Cubes = ((0, 0),)


def meet(left: Cubes, right: Cubes) -> Cubes:
    """What is in both."""
    found = []
    for value, mask in left:
        for other, its_mask in right:
            if not (value ^ other) & mask & its_mask:
                found.append((value | other, mask | its_mask))
    return tuple(found)


def minus(left: Cubes, right: Cubes) -> Cubes:
    """What is in the left set only, as cubes that don't overlap where those of the left set don't."""
    for cube in right:
        left = tuple(piece for each in left for piece in _without(each, cube))
    return left


def _without(cube: Cube, other: Cube) -> list[Cube]:
    """A cube without another: one piece for each bit that only the other one fixes, with that bit turned."""
    value, mask = cube
    its_value, its_mask = other
    if (value ^ its_value) & mask & its_mask:
        return [cube]
    pieces = []
    free = its_mask & ~mask
    while free:
        bit = free & -free
        free ^= bit
        pieces.append((value | (~its_value & bit), mask | bit))
        value, mask = value | (its_value & bit), mask | bit
    return pieces
