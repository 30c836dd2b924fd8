"""Data classes that are quickly defined: a trace needs seventy, and the library's took a third of a small one's time.

The library compiles six functions for each; here it is one, the others are shared. The type checker takes them for the
library's own, and sees that nobody assigns to a frozen one. At run time nothing tests that, which makes objects of them
in half of the time. `dataclasses.replace`, `fields` and `asdict` know them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["dataclass", "field", "replace"]

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass, field, replace
else:
    from operator import attrgetter

    _NONE = object()

    def dataclass(
        cls: type | None = None, /, *, frozen: bool = False, slots: bool = False, eq: bool = True
    ) -> type | Callable[[type], type]:
        """As `dataclasses.dataclass`, but for classes without a data class among their bases."""
        if cls is None:
            return lambda cls: _made(cls, frozen, slots, eq)
        return _made(cls, frozen, slots, eq)

    class field:  # noqa: N801 - as the library calls it
        """As `dataclasses.field`."""

        __slots__ = ("compare", "default", "factory", "init", "repr")

        def __init__(
            self,
            *,
            default: Any = _NONE,
            default_factory: Callable[[], Any] | None = None,
            init: bool = True,
            repr: bool = True,
            compare: bool = True,
        ) -> None:
            """What there is without a value, and what the field is left out of."""
            self.default = default
            self.factory = default_factory
            self.init = init
            self.repr = repr
            self.compare = compare

    def replace(record: Any, /, **changes: Any) -> Any:
        """The same record with other values in those fields."""
        for name in record.__match_args__:
            if name not in changes:
                changes[name] = getattr(record, name)
        return type(record)(**changes)

    def _made(cls: type, frozen: bool, slots: bool, eq: bool) -> type:
        given = {name: cls.__dict__.get(name, _NONE) for name in cls.__annotations__}
        fields = {name: each if isinstance(each, field) else field(default=each) for name, each in given.items()}
        own = {name: value for name, value in cls.__dict__.items() if name not in ("__dict__", "__weakref__")}
        for name, each in fields.items():
            own.pop(name, None)
            if each.default is not _NONE and not slots:
                own[name] = each.default
        own["__init__"] = _init(cls, fields)
        own.setdefault("__repr__", _repr)
        own["__match_args__"] = tuple(name for name, each in fields.items() if each.init)
        own["__dataclass_fields__"] = _Library()
        own["_fields_"] = fields
        if eq:
            compared = [name for name, each in fields.items() if each.compare]
            values = attrgetter(*compared) if compared else _nothing
            own.setdefault("__eq__", _eq(values))
            own.setdefault("__hash__", _hash(values) if frozen else None)
        if slots:
            own["__slots__"] = tuple(fields)
        found = type(cls)(cls.__name__, cls.__bases__, own)
        found.__qualname__ = cls.__qualname__
        return found

    def _init(cls: type, fields: dict[str, field]) -> Callable[..., None]:
        """The one function that is written for each class: it takes names of its fields, nothing else."""
        names: dict[str, Any] = {"_NONE": _NONE}
        taken, done = ["self"], []
        for name, each in fields.items():
            if each.factory is not None:
                names[f"_make_{name}"] = each.factory
                taken.append(f"{name}=_NONE")
                done.append(f" self.{name} = _make_{name}() if {name} is _NONE else {name}")
            elif each.init:
                names[f"_default_{name}"] = each.default
                taken.append(name if each.default is _NONE else f"{name}=_default_{name}")
                done.append(f" self.{name} = {name}")
        exec("\n".join([f"def __init__({', '.join(taken)}):", *done, " pass"]), names)  # noqa: S102
        made: Callable[..., None] = names["__init__"]
        made.__qualname__ = f"{cls.__qualname__}.__init__"
        return made

    def _nothing(_: Any) -> tuple[()]:
        return ()

    def _eq(values: Callable[[Any], Any]) -> Callable[[Any, object], bool]:
        def __eq__(self: Any, other: object) -> bool:  # noqa: N807
            return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

        return __eq__

    def _hash(values: Callable[[Any], Any]) -> Callable[[Any], int]:
        def __hash__(self: Any) -> int:  # noqa: N807
            return hash(values(self))

        return __hash__

    def _repr(self: Any) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name, each in self._fields_.items() if each.repr)
        return f"{self.__class__.__qualname__}({', '.join(shown)})"

    class _Library:
        """The fields as the library's functions want them, made once one of those asks."""

        def __get__(self, _: Any, cls: type) -> dict[str, Any]:
            import dataclasses

            made = []
            for name, each in cls._fields_.items():
                options = {"init": each.init, "repr": each.repr, "compare": each.compare}
                if each.factory is not None:
                    options["default_factory"] = each.factory
                elif each.default is not _NONE:
                    options["default"] = each.default
                made.append((name, Any, dataclasses.field(**options)))
            found = dataclasses.make_dataclass(cls.__name__, made).__dataclass_fields__
            cls.__dataclass_fields__ = found
            return found
