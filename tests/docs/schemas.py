"""The JSON Schema files of docs/schemas: validators for them, and what of a schema some output has shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.support import ROOT

FOLDER = ROOT / "docs/schemas"
ENDING = ".schema.json"
SCHEMAS: Mapping[str, dict[str, Any]] = {
    path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob(f"*{ENDING}"))
}
NAMES = tuple(name.removesuffix(ENDING) for name in SCHEMAS)
_REGISTRY: Registry[Any] = Registry().with_resources(
    (name, DRAFT202012.create_resource(schema)) for name, schema in SCHEMAS.items()
)


class Place(NamedTuple):
    """A schema inside one of the files, by its path there."""

    file: str
    path: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        """As a reference is written: trace.schema.json#/$defs/step."""
        return f"{self.file}#" + "".join(f"/{each}" for each in self.path)

    @property
    def schema(self) -> Any:
        """What stands there."""
        found: Any = SCHEMAS[self.file]
        for each in self.path:
            found = found[each]
        return found

    def at(self, *path: str | int) -> Place:
        """A place below."""
        return Place(self.file, (*self.path, *path))

    def referred(self, reference: str) -> Place:
        """Where a reference that stands here leads."""
        file, _, path = reference.partition("#/")
        return Place(file or self.file, tuple(path.split("/")))


@cache
def validator(place: Place) -> Draft202012Validator:
    """What tells whether something is as a schema says."""
    return Draft202012Validator({"$ref": str(place)}, registry=_REGISTRY)


def top(name: str) -> Place:
    """The schema of a whole output."""
    return Place(f"{name}{ENDING}")


def promised(place: Place, known: set[Place] | None = None) -> Iterator[str]:
    """Everything that a schema says may come: properties there and left out, values, types, alternatives."""
    known = set() if known is None else known
    if place in known:
        return
    known.add(place)
    for value in _values(place.schema):
        yield f"{place} is {json.dumps(value)}"
    for kind in _types(place.schema):
        yield f"{place} is of type {kind}"
    for name in place.schema.get("properties", {}):
        yield f"{place} has {name}"
        if name not in place.schema["required"]:
            yield f"{place} is without {name}"
    for number, _ in enumerate(place.schema.get("oneOf", ())):
        yield f"{place} is number {number + 1}"
    for each in _parts(place):
        yield from promised(each, known)


def shown(place: Place, found: Any) -> Iterator[str]:
    """What of all that an output shows; it has to be as the schema says."""
    yield from _shown_here(place, found)
    for part, value in _shown_below(place, found):
        yield from shown(part, value)


def _shown_here(place: Place, found: Any) -> Iterator[str]:
    schema = place.schema
    if any(found == value and isinstance(found, bool) is isinstance(value, bool) for value in _values(schema)):
        yield f"{place} is {json.dumps(found)}"
    for kind in _types(schema):
        if validator(place).is_type(found, kind):
            yield f"{place} is of type {kind}"
    for name in schema.get("properties", {}) if isinstance(found, dict) else ():
        yield f"{place} {'has' if name in found else 'is without'} {name}"
    for number in _alternatives(place, found):
        yield f"{place} is number {number + 1}"


def _shown_below(place: Place, found: Any) -> Iterator[tuple[Place, Any]]:
    schema = place.schema
    if "$ref" in schema:
        yield place.referred(schema["$ref"]), found
    yield from ((place.at("oneOf", number), found) for number in _alternatives(place, found))
    yield from ((place.at("allOf", number), found) for number, _ in enumerate(schema.get("allOf", ())))
    for name in schema.get("properties", {}) if isinstance(found, dict) else ():
        if name in found:
            yield place.at("properties", name), found[name]
    if isinstance(found, list) and isinstance(schema.get("items"), dict):
        yield from ((place.at("items"), each) for each in found)


def _alternatives(place: Place, found: Any) -> list[int]:
    """The numbers of the alternatives that it is, of which only one may be."""
    count = len(place.schema.get("oneOf", ()))
    return [number for number in range(count) if validator(place.at("oneOf", number)).is_valid(found)]


def _parts(place: Place) -> Iterator[Place]:
    """The schemas that one is made of."""
    schema = place.schema
    if "$ref" in schema:
        yield place.referred(schema["$ref"])
    if isinstance(schema.get("items"), dict):
        yield place.at("items")
    for keyword in ("oneOf", "allOf"):
        yield from (place.at(keyword, number) for number, _ in enumerate(schema.get(keyword, ())))
    yield from (place.at("properties", name) for name in schema.get("properties", {}))


def _values(schema: Mapping[str, Any]) -> list[Any]:
    return schema["enum"] if "enum" in schema else [True, False] if "boolean" in _kinds(schema) else []


def _types(schema: Mapping[str, Any]) -> list[str]:
    kinds = _kinds(schema)
    return kinds if len(kinds) > 1 else []


def _kinds(schema: Mapping[str, Any]) -> list[str]:
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds
