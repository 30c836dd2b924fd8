"""The fields of a schema as a page of tables in Markdown: an object each, linked where one holds another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.docs.schemas import ENDING, Place, top

NULL = {"type": "null"}


def page(name: str) -> str:
    """Every object of a schema, the whole output first."""
    schema = top(name).schema
    head = f"# {schema['title']}\n\n{schema['description']} Made of [{name}{ENDING}]({name}{ENDING}) by `make docs`."
    return "\n\n".join([head, *(_table(place) for place in _objects(top(name)))]) + "\n"


def _objects(place: Place) -> Iterator[Place]:
    """The objects of a file, in its order."""
    for part in place.schema["$defs"]:
        found = place.at("$defs", part)
        if "properties" in found.schema:
            yield found


def _table(place: Place) -> str:
    schema = place.schema
    rows = []
    for name in schema["properties"]:
        field, marked = place.at("properties", name), "" if name in schema["required"] else " (not always)"
        rows.append(f"| `{name}`{marked} | {_kind(field, place.file)} | {_says(field)} |")
    head = f"## {_title(place)}\n\n{schema['description']}\n\n| field | type | what it is |\n| --- | --- | --- |\n"
    return head + "\n".join(rows)


def _says(place: Place) -> str:
    """What a field is, and what its values mean where that stands at a part that many share."""
    told: str = place.schema["description"]
    referred = place.referred(place.schema["$ref"]).schema if "$ref" in place.schema else {}
    shared = f" {referred['description']}" if "enum" in referred and "description" in referred else ""
    return f"{told}{shared}".replace("|", "\\|")


def _title(place: Place) -> str:
    return str(place.path[-1]).replace("_", " ")


def _link(place: Place, page: str) -> str:
    title = _title(place)
    file = "" if place.file == page else f"{place.file.removesuffix(ENDING)}.md"
    return f"[{title}]({file}#{title.replace(' ', '-')})"


def _kind(place: Place, page: str) -> str:
    """What a value is, in few words."""
    *others, last = list(dict.fromkeys(_kinds(place, page))) or ["anything"]
    return f"{', '.join(others)} or {last}" if others else last


def _kinds(place: Place, page: str) -> Iterator[str]:
    schema = place.schema
    if "properties" in schema:
        yield _link(place, page)
    elif "$ref" in schema:
        yield from _kinds(place.referred(schema["$ref"]), page)
    elif "const" in schema or "enum" in schema:
        yield from map(_value, schema.get("enum", [schema.get("const")]))
    elif "oneOf" in schema:
        parts = [place.at("oneOf", number) for number, _ in enumerate(schema["oneOf"])]
        yield from (each for part in sorted(parts, key=lambda part: part.schema == NULL) for each in _kinds(part, page))
    elif "allOf" in schema:
        yield from _kinds(place.at("allOf", 0), page)
    else:
        yield from (_list(place, page) if kind == "array" else kind for kind in _types(schema))


def _types(schema: dict[str, Any]) -> list[str]:
    kinds = schema.get("type", [])
    return sorted([kinds] if isinstance(kinds, str) else kinds, key=lambda kind: kind == "null")


def _list(place: Place, page: str) -> str:
    items = place.schema.get("items")
    if not isinstance(items, dict):
        return "empty list" if place.schema.get("maxItems") == 0 else "pair"
    kind = _kind(place.at("items"), page)
    return f"list of {kind}s" if kind in ("string", "integer", "pair") else f"list of {kind}"


def _value(value: Any) -> str:
    return "null" if value is None else f"`{json.dumps(value)}`"
