"""Records do what the library's data classes do; that a frozen one is not changed, only the type checker sees to."""

from __future__ import annotations

import dataclasses
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import pytest

from kptui import records
from tests.support import ROOT

Found = TypeVar("Found")
LIBRARY = dataclasses.dataclass
OPTIONS = [
    {"frozen": True, "slots": True},
    {"frozen": True},
    {"slots": True},
    {"slots": True, "eq": False},
    {},
]


def classes(options: dict[str, bool]) -> list[tuple[Any, Any]]:
    """The same class, as the library makes it and as a record."""
    return [(_classes(LIBRARY, dataclasses.field, options)), (_classes(records.dataclass, records.field, options))]


def _classes(dataclass: Any, field: Any, options: dict[str, bool]) -> Any:
    @dataclass(**options)
    class Point(Generic[Found]):
        """A point."""

        x: int
        y: int = 2
        names: Sequence[str] = field(default_factory=tuple)
        seen: dict[str, int] = field(default_factory=dict, repr=False, compare=False)
        label: str = field(default="here")
        later: Callable[[], int] = field(init=False, repr=False, compare=False)

        @property
        def both(self) -> int:
            """Their sum."""
            return self.x + self.y

    @dataclass(**options)
    class Nothing:
        """No field at all."""

    return Point, Nothing


GIVEN: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((1,), {}),
    ((1, 2), {}),
    ((1, 3), {}),
    ((1,), {"y": 2, "seen": {"a": 1}}),
    ((1,), {"names": ("a",), "label": "there"}),
    ((), {"x": 1}),
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_records_are_made_told_and_compared_as_the_librarys_are(options: dict[str, bool]) -> None:
    (theirs, _), (own, _) = classes(options)
    made = [(theirs(*args, **named), own(*args, **named)) for args, named in GIVEN]
    for their, ours in made:
        assert repr(ours) == repr(their)
        assert ours.both == their.both
        assert [ours == other for _, other in made] == [their == other for other, _ in made]
    assert own(1).seen is not own(1).seen
    assert own(1) != (1, 2, (), "here")
    assert own.__match_args__ == theirs.__match_args__
    assert own.__doc__ == theirs.__doc__
    assert own.__qualname__ == theirs.__qualname__
    assert hasattr(own(1), "__dict__") == hasattr(theirs(1), "__dict__")


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_records_have_a_hash_where_the_librarys_have_one(options: dict[str, bool]) -> None:
    (theirs, their_empty), (own, empty) = classes(options)
    for kinds in ((theirs, own), (their_empty, empty)):
        assert len({kind.__hash__ is None for kind in kinds}) == 1
    if options.get("frozen"):
        assert hash(own(1)) == hash(own(1, 2, seen={"a": 1})) == hash(theirs(1))
        assert empty() == empty()
        assert hash(empty()) == hash(empty())


@pytest.mark.parametrize(
    "wrong", [((), {}), ((1, 2, (), {}, "", 3, 4), {}), ((1,), {"z": 1}), ((1,), {"later": 1})], ids=str
)
def test_arguments_that_are_none_are_refused(wrong: tuple[tuple[Any, ...], dict[str, Any]]) -> None:
    for point, _ in classes({"slots": True}):
        with pytest.raises(TypeError):
            point(*wrong[0], **wrong[1])


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_librarys_functions_know_records(options: dict[str, bool]) -> None:
    (theirs, _), (own, _) = classes(options)
    assert [each.name for each in dataclasses.fields(own)] == [each.name for each in dataclasses.fields(theirs)]
    replaced = dataclasses.replace(own(1, names=("a",)), y=5)
    assert (replaced.x, replaced.y, replaced.names) == (1, 5, ("a",))
    assert repr(records.replace(own(1, names=("a",)), y=5)) == repr(replaced)
    assert repr(records.replace(theirs(1), y=5)) == repr(dataclasses.replace(theirs(1), y=5))
    with pytest.raises(TypeError):
        records.replace(own(1), z=5)


@records.dataclass(frozen=True, slots=True)
class Sent:
    """One that goes to another process."""

    one: int
    more: tuple[Sent, ...] = ()


def test_records_go_through_pickle() -> None:
    sent = Sent(1, (Sent(2), Sent(3)))
    assert pickle.loads(pickle.dumps(sent)) == sent


def test_a_class_may_keep_functions_of_its_own() -> None:
    @records.dataclass(frozen=True)
    class Own:
        """Told and hashed in its own way."""

        one: int

        def __hash__(self) -> int:
            return 7

        def __repr__(self) -> str:
            return "own"

    assert (hash(Own(1)), repr(Own(1)), Own(1) == Own(1)) == (7, "own", True)


def test_the_type_checker_keeps_frozen_ones_from_change(tmp_path: Any) -> None:
    pytest.importorskip("mypy")
    source = tmp_path / "changes.py"
    source.write_text("from kptui.syntax.ast import Gap\nGap(1, '').line = 2\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), str(source)],
        capture_output=True, text=True, cwd=ROOT, timeout=300, check=False,
    )  # fmt: skip
    assert 'Property "line" defined in "Gap" is read-only' in done.stdout
