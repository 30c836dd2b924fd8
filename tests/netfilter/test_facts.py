"""What one assumption says of another: ranges, single bits, bytes that rules changed, against all values there are."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from kptui.netfilter.cubes import of_ranges, without
from kptui.netfilter.facts import Answer, Facts, Unknown, Unsure, known, masked_out, through, under_mask, within
from kptui.netfilter.intervals import normal

BYTE = Unknown("number", 9, possible=((0, 255),))
"""Asked for single bits as a mark is, having more than eight."""
Question = tuple[Answer, Callable[[int], bool]]
ranges = st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), max_size=3).map(normal)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """A question about the number, and its answer for every value."""
    if draw(st.booleans()):
        region = draw(ranges)
        return within(BYTE, region, "it"), lambda value: any(low <= value <= high for low, high in region)
    mask, wanted = draw(st.integers(0, 255)), draw(st.integers(0, 255))
    return under_mask(BYTE, mask, wanted, "it"), lambda value: value & mask == wanted


@given(questions())
def test_an_answer_at_once_is_that_of_every_value(asked: Question) -> None:
    answer, truth = asked
    results = {truth(value) for value in range(256)}
    assert isinstance(answer, Unsure) == (len(results) == 2)
    assert isinstance(answer, Unsure) or results == {answer}


@given(st.lists(st.tuples(questions(), st.booleans()), max_size=4), questions())
def test_what_was_assumed_decides_what_it_can(assumed: list[tuple[Question, bool]], asked: Question) -> None:
    left = set(range(256))
    facts: Facts = frozenset()
    for (answer, truth), holds in assumed:
        if isinstance(answer, Unsure):
            facts |= {(answer.fact, holds)}
            left = {value for value in left if truth(value) == holds}
    answer, truth = asked
    if not isinstance(answer, Unsure) or not left:
        return
    results = {truth(value) for value in left}
    assert known(answer.fact, facts) == (results.pop() if len(results) == 1 else None)


@given(ranges, st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), max_size=3))
def test_cubes_are_the_sets_they_stand_for(region: tuple[tuple[int, int], ...], taken: list[tuple[int, int]]) -> None:
    cubes, expected = of_ranges(region), {v for low, high in region for v in range(low, high + 1)}
    for mask, value in taken:
        cubes = without(cubes, (mask, value & mask))
        expected -= {v for v in expected if v & mask == value & mask}
    assert {v for v in range(256) if any(v & mask == value for mask, value in cubes)} == expected
    assert all(sum(v & mask == value for mask, value in cubes) <= 1 for v in range(256))


@given(st.lists(st.tuples(st.sampled_from(["add", "set", "and"]), st.integers(0, 255)), max_size=4), ranges)
def test_a_byte_that_rules_changed_is_asked_of_what_it_was(changes: list[tuple[str, int]], region: object) -> None:
    does: dict[str, Callable[[int, int], int]] = {
        "add": lambda old, by: min(255, old + by),
        "set": lambda old, by: by,
        "and": lambda old, by: old & by,
    }
    value: int | Unknown = Unknown("TTL", 8)
    for how, by in changes:
        value = through(value, lambda old, how=how, by=by: does[how](old, by))  # type: ignore[misc]
    for start in range(0, 256, 7):
        now = start
        for how, by in changes:
            now = does[how](now, by)
        assert value.may_be(now) if isinstance(value, Unknown) else value == now
        answer = within(value, region, "it")  # type: ignore[arg-type]
        true = any(low <= now <= high for low, high in region)  # type: ignore[attr-defined]
        if isinstance(answer, Unsure):
            inside = any(low <= start <= high for low, high in answer.fact.region or ())
            assert inside == true
        else:
            assert answer == true


@given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), max_size=4), st.integers(0, 15), st.integers(0, 15))
def test_a_mark_that_rules_changed_is_asked_of_what_it_was(
    changes: list[tuple[int, int]], mask: int, wanted: int
) -> None:
    mark: int | Unknown = Unknown("mark", 32)
    for cleared, flipped in changes:
        mark = masked_out(mark, cleared, flipped)
    for start in range(16):
        now = start
        for cleared, flipped in changes:
            now = now & ~cleared ^ flipped
        answer = under_mask(mark, mask, wanted, "it")
        if isinstance(answer, Unsure):
            assert answer.fact.cube is not None
            assert (start & answer.fact.cube[0] == answer.fact.cube[1]) == (now & mask == wanted)
        else:
            assert answer == (now & mask == wanted)
