"""An example of each command's JSON, as it is printed of a sample, cut short."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kptui.sources.capture import manifest
from kptui.sources.commands import COMMANDS
from kptui.sources.gather import Gathered, Record
from kptui.sources.process import Ran
from tests.docs.inputs import TEXTS, write
from tests.docs.outputs import printed

WIDTH = 118
_SHOWN = 90
"""So much of a text is shown."""

_NGINX = "nginx-nodeport.txt"
LINES: Mapping[str, tuple[str, Mapping[str, int]]] = {
    "trace": (f'trace {_NGINX} "10.42.0.7 -> default/nginx" --local 192.168.50.10 --json', {"path": 2}),
    "batch": (f"trace {_NGINX} --batch packets.jsonl", {}),
    "services": (f"services {_NGINX} nginx --json", {"endpoints": 2, "rules": 2}),
    "several": (
        f"services {_NGINX} fewer-endpoints.txt no-such.txt --json",
        {"services": 0, "sources": 3, "groups": 2},
    ),
    "check": ("check no-endpoints.txt --json", {}),
    "ast": ("parse one-rule.txt", {}),
    "explain": (f"explain {_NGINX} nat/KUBE-SVC-OVTWZ4GROBJZO4C5:2 --json", {}),
    "diff": (f"diff {_NGINX} changed.txt --json", {}),
    "test": ("test nginx-nodeport.yaml fewer-endpoints.txt --json", {}),
}
"""Command lines, and how much is shown of which list."""

_FILES = {
    "one-rule.txt": "-A KUBE-SERVICES -d 10.110.199.45/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-OVTWZ4GROBJZO4C5\n",
    "changed.txt": TEXTS["another-port"].replace("--ctstate INVALID", "--ctstate INVALID,UNTRACKED"),
    "packets.jsonl": '{"id": 7, "src": "10.42.0.300"}\n',
}


def example(name: str) -> str:
    """The command line and what it prints, as Markdown."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        write(Path(folder))
        for file, text in _FILES.items():
            Path(file).write_text(text, encoding="utf-8")
        line, kept = LINES[name]
        told = json.loads(printed(line))
    return f"```sh\nkptui {line}\n```\n\n{_block(told, kept)}"


def bundle() -> str:
    """A manifest, made of what two commands may say."""
    records = [
        Record(COMMANDS[0], COMMANDS[0].argv, 1_796_000_000.25, 0.012, Ran()),
        Record(COMMANDS[1], COMMANDS[1].argv, 1_796_000_000.5, 0.001, Ran(error="not found", code=127, missing=True)),
    ]
    told = manifest(Gathered("live:", {COMMANDS[0].member: ""}, records), "1.0.0")
    return _block({**told, "host": "node1"}, {"commands": 2})


def _block(told: Any, kept: Mapping[str, int]) -> str:
    return "```json\n" + "\n".join(_lines(_cut(told, kept), WIDTH)) + "\n```"


def _cut(value: Any, kept: Mapping[str, int], key: str = "") -> Any:
    """Lists with their first items only, one or as many as `kept` says of their keys; texts with their beginning."""
    if isinstance(value, dict):
        return {name: _cut(part, kept, name) for name, part in value.items()}
    if isinstance(value, list):
        short = key not in kept and len(json.dumps(value)) < _SHOWN and not any(isinstance(e, dict) for e in value)
        count = len(value) if short else kept.get(key, 1)
        return [*(_cut(each, kept) for each in value[:count]), *([_MORE] if len(value) > count else [])]
    return f"{value[:_SHOWN]}…" if isinstance(value, str) and len(value) > _SHOWN else value


class _More:
    """Stands for what was cut off a list."""


_MORE = _More()


def _flat(value: Any) -> str:
    if value is _MORE:
        return "…"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {_flat(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flat, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _lines(value: Any, width: int, used: int = 0) -> list[str]:
    """A value in lines of some width, of the first of which some is used; what fits stands in one."""
    flat = _flat(value)
    if len(flat) + used <= width or not isinstance(value, (dict, list)):
        return [flat]
    if isinstance(value, dict):
        return _enclosed("{}", [(f"{json.dumps(key)}: ", part) for key, part in value.items()], width, used)
    return _enclosed("[]", [("", part) for part in value], width, used)


def _enclosed(brackets: str, parts: list[tuple[str, Any]], width: int, used: int) -> list[str]:
    """Parts between brackets; short ones share a line."""
    found: list[str] = []
    joins = False
    for number, (label, part) in enumerate(parts):
        begun = used if not found else 0
        told = _lines(part, width - 1, begun + len(label) + 1)
        told = [label + told[0], *told[1:]]
        told[-1] += "," if number < len(parts) - 1 else brackets[1]
        before = len(found[-1]) + (used if len(found) == 1 else 0) if found else 0
        if joins and len(told) == 1 and before + len(told[0]) + 1 <= width:
            found[-1] += f" {told[0]}"
        else:
            found += [f" {each}" for each in told]
        joins = len(told) == 1
    found[0] = brackets[0] + found[0][1:]
    return found
