"""Keys by the id of what they do: which keys a settings file may name, and whether two of them clash."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from unicodedata import lookup

from kptui.tui.keys import ALL_KEYS, TOGETHER, Key
from kptui.tui.settings.fields import Settings, near, shown

NAMED = (
    "enter", "escape", "tab", "shift+tab", "space", "comma", "backspace", "delete", "insert", "up", "down", "left",
    "right", "home", "end", "pageup", "pagedown",
)  # fmt: skip
TAKEN = {
    **dict.fromkeys(("ctrl+i", "ctrl+m", "ctrl+h", "ctrl+j"), "terminals take it for tab, enter or backspace"),
    **dict.fromkeys(("ctrl+c", "ctrl+q", "ctrl+z"), "it ends or stops programs"),
}
ALLOWED = "a character, ctrl and a letter, f1 to f12, " + ", ".join(NAMED)
_SIGNS = {"up": "↑", "down": "↓", "left": "←", "right": "→", "enter": "↵", "escape": "esc", "comma": ",",
          "pageup": "PgUp", "pagedown": "PgDn"}  # fmt: skip
_NAMES = {"↵": "enter", "↑": "up", "↓": "down", "←": "left", "→": "right"}
_OTHERWISE = {"slash": "/", "backslash": "\\", "minus": "-", "plus": "+", "at": "@", "underscore": "_"}
"""Characters that Textual calls otherwise than Unicode does."""
_NAME = re.compile(r"ctrl\+[a-z]|f(?:[1-9]|1[0-2])")
_IDS = tuple(dict.fromkeys(key.id for key in ALL_KEYS))

Wrong = tuple[str, str, str]


def read_keys(value: Any) -> tuple[dict[str, tuple[str, ...]], list[Wrong]]:
    """The keys by id that hold, and what is wrong with the others, as (section, field, why)."""
    if not isinstance(value, dict):
        return {}, [("", "keys", f"{shown(value)} is no table; write [keys] and below it lines like trace = 'x'")]
    found: dict[str, tuple[str, ...]] = {}
    wrong: list[Wrong] = []
    for id, keys in value.items():
        named = [each.strip() for each in keys.split(",")] if isinstance(keys, str) and keys != "," else keys
        names = ["comma"] if named == "," else named
        why = _refused(id, names)
        if why:
            wrong.append(("keys", id, why))
        else:
            found[id] = tuple(names)
    for id, why in _clashes(found):
        found.pop(id, None)
        wrong.append(("keys", id, why))
    return found, wrong


def _refused(id: str, names: Any) -> str:
    if id not in _IDS:
        return f"there is no such id{near(id, _IDS)} docs/keys.md has them all"
    if not isinstance(names, list) or not names or not all(isinstance(each, str) for each in names):
        return "it has to be a key or a list of keys"
    for name in names:
        if name in TAKEN:
            return f"{shown(name)} is not for a program to have: {TAKEN[name]}"
        if not (len(name) == 1 and name.isprintable()) and name not in NAMED and not _NAME.fullmatch(name):
            return f"there is no key {shown(name)}{near(name, NAMED)} it may be {ALLOWED}"
    return ""


def _clashes(found: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """The ids to give up, so that no key means two things at one place; what depends on one given up is asked again."""
    kept = dict(found)
    while clash := _clash(kept):
        mine, other, name = clash
        del kept[mine.id]
        yield mine.id, f"{shown(name)} is {other.id} already ({other.sentence}); give that another key, too"


def _clash(found: Mapping[str, tuple[str, ...]]) -> tuple[Key, Key, str] | None:
    """A key of the settings, what has that key as well, and the key's name."""
    for together in TOGETHER:
        taken: dict[str, Key] = {}
        # What is remapped comes last, so that it is what clashes.
        for key in sorted(together, key=lambda key: key.id in found):
            for name in found.get(key.id) or _standard(key):
                if name in taken and taken[name].id != key.id:
                    return key, taken[name], name
                taken[name] = key
    return None


def _standard(key: Key) -> Iterator[str]:
    """A key's own keys as a settings file would name them."""
    for name in key.keys.split(","):
        yield _character(name)


def _character(name: str) -> str:
    """The character that Textual calls by a name (`question_mark`), else the name as it is."""
    if name in _OTHERWISE or len(name) == 1 or name in NAMED:
        return _OTHERWISE.get(name, name)
    try:
        return lookup(name.replace("_", " "))
    except KeyError:
        return name


def textual_keymap(found: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The keys as Textual's keymap wants them."""
    return {id: ",".join(names) for id, names in found.items()}


def label(key: Key, settings: Settings) -> str:
    """A key as people read it, under the settings."""
    names = settings.keys.get(key.id)
    text = " ".join(_SIGNS.get(name, name) for name in names) if names else key.label
    return " ".join(_NAMES.get(part, part) for part in text.split(" ")) if settings.ascii else text


def labels(settings: Settings) -> dict[str, str]:
    """Every key by its id, as it is named in the middle of a sentence."""
    names = {key.id: label(key, settings) for key in ALL_KEYS}
    return {id: "enter" if name == "↵" else name for id, name in names.items()}


def markdown() -> str:
    """The ids as the manual's table."""
    keys = {key.id: key for key in ALL_KEYS}
    rows = ["| id | key | what it does |", "| --- | --- | --- |"]
    return "\n".join([*rows, *(f"| `{id}` | `{key.label}` | {key.sentence} |" for id, key in keys.items())])
