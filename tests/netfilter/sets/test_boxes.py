"""The arithmetic of boxes and cubes, against going through every value."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from kptui.netfilter.intervals import normal
from kptui.netfilter.sets import cubes
from kptui.netfilter.sets.boxes import Box, holds, meet, minus

CUBE = st.tuples(st.integers(0, 15), st.integers(0, 15)).map(lambda cube: (cube[0] & cube[1], cube[1]))
CUBES = st.lists(CUBE, max_size=3).map(tuple)
SPANS = st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), min_size=1, max_size=3).map(normal).filter(bool)
BOX = st.fixed_dictionaries(
    {}, optional={"flags": SPANS, "sport": SPANS, "mark": CUBES.filter(bool), ("x",): st.just(((1, 1),))}
)


def of_cubes(found: cubes.Cubes) -> set[int]:
    return {number for number in range(16) for value, mask in found if number & mask == value}


@settings(deadline=None)
@given(CUBES, CUBES)
def test_cubes_meet_and_part_as_the_numbers_in_them_do(left: cubes.Cubes, right: cubes.Cubes) -> None:
    assert of_cubes(cubes.meet(left, right)) == of_cubes(left) & of_cubes(right)
    assert of_cubes(cubes.minus(left, right)) == of_cubes(left) - of_cubes(right)


def inside(box: Box, point: tuple[int, int, int, int]) -> bool:
    values = dict(zip(("flags", "sport", "mark", ("x",)), point, strict=True))
    for field, allowed in box.items():
        value = values[field]  # type: ignore[index]
        if field == "mark":
            if not any(value & mask == wanted for wanted, mask in allowed):
                return False
        elif not any(low <= value <= high for low, high in allowed):
            return False
    return True


POINTS = list(product(range(0, 16, 3), range(0, 16, 2), range(0, 16, 3), (0, 1)))


@settings(deadline=None)
@given(BOX, BOX)
def test_boxes_meet_and_part_as_the_packets_in_them_do(left: Box, right: Box) -> None:
    both, pieces = meet(left, right), minus(left, right, 4)
    for point in POINTS:
        here, there = inside(left, point), inside(right, point)
        assert (both is not None and inside(both, point)) == (here and there)
        assert sum(inside(piece, point) for piece in pieces) == (here and not there)
        if holds(right, left):
            assert there or not here
