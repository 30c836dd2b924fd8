"""Boxes: a set of packets as the values that each of its fields may have; fields left out may have any.

A field is a name ("src", "dport", "mark") or, for a question that has no numbers behind it (is the destination an
address of this host?), a tuple with that question, and the values 1 for yes and 0 for no.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from kptui.netfilter.intervals import Intervals, intersect, subtract
from kptui.netfilter.sets import cubes
from kptui.netfilter.sets.cubes import Cubes

Field = Hashable
Values = Intervals | Cubes
Box = Mapping[Field, Values]

EVERYTHING: Box = {}
YES: Intervals = ((1, 1),)
NO: Intervals = ((0, 0),)
MARKS = frozenset({"mark", "ctmark"})
"""Fields whose values are cubes; those of all others are intervals."""
_BITS = {"proto": 8, "sport": 16, "dport": 16, "length": 16, "in": 120, "out": 120, "flags": 6}
STATES = 20
"""Values of the field "state": each of conntrack's five states, translated or not, each way (see conditions.py)."""


def every(field: Field, family: int) -> Values:
    """All values of a field."""
    if field in MARKS:
        return cubes.ALL
    if isinstance(field, tuple):
        return ((0, 1),)
    if field == "state":
        return ((0, STATES - 1),)
    bits = _BITS.get(str(field)) or (32 if family == 4 else 128)
    return ((0, (1 << bits) - 1),)


def meet_values(field: Field, left: Values, right: Values) -> Values:
    """The values in both."""
    return cubes.meet(left, right) if field in MARKS else intersect(left, right)


def minus_values(field: Field, left: Values, right: Values) -> Values:
    """The values in the left set only."""
    return cubes.minus(left, right) if field in MARKS else subtract(left, right)


def meet(left: Box, right: Box) -> dict[Field, Values] | None:
    """The packets in both, None if there are none."""
    found = dict(left)
    for field, values in right.items():
        mine = found.get(field)
        both = values if mine is None else meet_values(field, mine, values)
        if not both:
            return None
        found[field] = both
    return found


def holds(outer: Box, inner: Box) -> bool:
    """Whether every packet of the inner box is in the outer one."""
    for field, values in outer.items():
        mine = inner.get(field)
        if mine is None or (mine != values and minus_values(field, mine, values)):
            return False
    return True


def minus(box: Box, other: Box, family: int) -> list[Box]:
    """The packets of a box that are not in another, as boxes that don't overlap."""
    if meet(box, other) is None:
        return [box]
    pieces: list[Box] = []
    left = dict(box)
    for field, values in other.items():
        mine = left.get(field) or every(field, family)
        outside = minus_values(field, mine, values)
        if outside:
            pieces.append({**left, field: outside})
        left[field] = meet_values(field, mine, values)
    return pieces
