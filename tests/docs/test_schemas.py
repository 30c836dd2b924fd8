"""The schemas of docs/schemas are those of what the commands print: all of it is as they say, all they say comes."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

import kptui
from kptui.cli import cli
from kptui.sources.capture import manifest
from kptui.sources.commands import COMMANDS
from kptui.sources.gather import Gathered, Record
from kptui.sources.process import Ran
from tests.docs.outputs import lines, outputs, printed
from tests.docs.schemas import ENDING, NAMES, SCHEMAS, Place, promised, shown, top, validator
from tests.support import ROOT, sample, shared

PRINTED = tuple(lines())
KERNEL = top("trace").at("$defs", "kernel")
"""What only --confirm tells: tests/kernel/test_confirm_schema.py holds it against the kernel."""


def wrong(name: str, told: Any) -> str | None:
    """Where something is not as its schema says, and why; None if it is."""
    found = best_match(validator(top(name)).iter_errors(told))
    return f"{found.json_path}: {found.message}" if found is not None else None


@pytest.mark.parametrize("name", PRINTED)
def test_what_is_printed_is_as_its_schema_says(name: str) -> None:
    assert [(each.line, said) for each in outputs(name) if (said := wrong(name, each.told))] == []


@pytest.mark.parametrize("name", PRINTED)
def test_nothing_is_promised_that_never_comes(name: str) -> None:
    """Every property, there or left out, every value of an enumeration, every type, every alternative."""
    seen = {place for each in outputs(name) for place in shown(top(name), each.told)}
    known = {KERNEL}
    own = [each for each in promised(top(name), known) if each.startswith(f"{name}{ENDING}")]
    assert [each for each in own if each not in seen and not each.endswith("has kernel")] == []


@pytest.mark.parametrize("name", PRINTED)
def test_a_surplus_or_missing_field_is_noticed(name: str) -> None:
    told = max(outputs(name), key=lambda each: len(str(each.told))).told
    spoilt = list(_spoilt(told))
    assert len(spoilt) >= 4
    assert [each for each in spoilt if wrong(name, each) is None] == []


def _spoilt(told: dict[str, Any]) -> Iterator[Any]:
    """Copies with a field too many or too few, in the whole and in the first object of each list."""
    paths: list[tuple[Any, ...]] = [(), *((key, 0) for key, value in told.items() if isinstance(value, list) and value)]
    for path in paths:
        for field in (None, "schema" if not path else "kind"):
            copied = copy.deepcopy(told)
            at = copied
            for step in path:
                at = at[step]
            if field is None or field not in at:
                at["surplus"] = None
            else:
                del at[field]
            yield copied


def test_what_capture_writes_is_as_its_schema_says() -> None:
    ends = (Ran(), Ran(error="not found", code=127, missing=True), Ran(error="took too long", code=None, late=True))
    records = [Record(command, command.argv, 0.5, 1.25, ran) for command, ran in zip(COMMANDS[:3], ends, strict=True)]
    told = manifest(Gathered("live:", {COMMANDS[0].member: "*filter\n"}, records), "1.0.0")
    assert wrong("bundle", told) is None
    assert set(promised(top("bundle"))) - set(shown(top("bundle"), told)) == set()


def test_the_python_api_gives_the_same() -> None:
    rules = kptui.load(sample("nginx-nodeport"), local="192.168.50.10")
    assert wrong("trace", rules.trace("10.42.0.7 -> default/nginx").json()) is None


REAL = {
    "services": "services {} --json",
    "check": "check {} --json",
    "diff": "diff kubeproxy-v1.20-0100.txt.gz {} --json",
}


@pytest.mark.parametrize("name", REAL)
def test_what_is_printed_of_real_dumps_is_as_its_schema_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dumps = shared("dumps")
    monkeypatch.chdir(dumps)
    found = sorted(path.name for path in dumps.glob("kubeproxy-*-0100.txt.gz"))
    assert found
    told = ((each, json.loads(printed(REAL[name].format(each)))) for each in found)
    assert [(each, said) for each, answer in told if (said := wrong(name, answer))] == []


def test_so_is_what_is_printed_of_several_real_dumps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shared("dumps"))
    line = "services kubeproxy-v1.20-0100.txt.gz kubeproxy-0100-ipv6.txt.gz kubeproxy-0100-masqall.txt.gz --json"
    assert wrong("services", json.loads(printed(line))) is None


def test_every_schema_that_the_code_names_is_there() -> None:
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "kptui").rglob("*.py"))
    named = {name for text in texts for name in re.findall(r"\bkptui\.[a-z]+/[0-9]+", text)}
    assert named == {schema["title"] for schema in SCHEMAS.values()}
    assert [f"kptui.{name}/1" for name in NAMES] == [schema["title"] for schema in SCHEMAS.values()]


def test_every_command_that_prints_json_is_run() -> None:
    context = click.Context(cli)
    commands = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    with_json = {name for name, found in commands.items() if found and _prints_json(found)}
    assert with_json == {line.split()[0] for some in lines().values() for line in some}


def _prints_json(command: click.Command) -> bool:
    kinds = [each.type for each in command.params]
    return any(each.name == "as_json" for each in command.params) or any(
        isinstance(kind, click.Choice) and "json" in kind.choices for kind in kinds
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one_and_tells_all(name: str) -> None:
    """It is JSON Schema; objects are closed, required properties are there, and each has a description."""
    Draft202012Validator.check_schema(SCHEMAS[f"{name}{ENDING}"])
    for place in _objects(top(name)):
        schema = place.schema
        assert schema["additionalProperties"] is False, place
        assert set(schema["required"]) <= schema["properties"].keys(), place
        assert schema["description"], place
        assert [each for each, part in schema["properties"].items() if not part.get("description")] == [], place


@cache
def _objects(place: Place) -> list[Place]:
    return [
        each
        for each in (place.at("$defs", part) for part in place.schema["$defs"])
        if isinstance(each.schema, dict) and "properties" in each.schema
    ]


def test_every_part_of_a_schema_is_used() -> None:
    texts = "".join(Path(ROOT / "docs/schemas" / name).read_text(encoding="utf-8") for name in SCHEMAS)
    parts = {f"#/$defs/{part}" for schema in SCHEMAS.values() for part in schema["$defs"]}
    assert [part for part in sorted(parts) if f'{part}"' not in texts] == []
