"""Reading the settings file: what is wrong in it is a sentence with its line, and everything else holds."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kptui.tui.settings.fields import FIELDS, RefusedError, Settings, near
from kptui.tui.settings.keymap import read_keys

_AT = re.compile(r" \(at (?:line (\d+), column \d+|(end) of document)\)\Z")
_FIELDS = {each.name: each for each in FIELDS}
_NAMES = (*_FIELDS, "keys")


def settings_path() -> Path:
    """Where the settings lie: `kptui/config.toml` in $XDG_CONFIG_HOME, else in ~/.config."""
    return xdg("XDG_CONFIG_HOME", ".config") / "config.toml"


def xdg(variable: str, otherwise: str) -> Path:
    """The folder of kptui in one of the XDG base directories; a relative one is to be ignored, says the standard."""
    base = Path(os.environ.get(variable, ""))
    return (base if base.is_absolute() else Path("~", otherwise).expanduser()) / "kptui"


def read_settings(path: Path | None = None) -> Settings:
    """The settings in a file, or in the usual one, which need not be there; never raises."""
    named, path = path is not None, path or settings_path()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings(complaints=(f"{path}: there is no such file; the usual settings hold",) if named else ())
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        return Settings(complaints=(f"{path}: it can't be read ({why}); the usual settings hold",))
    return parsed(text, str(path))


def parsed(text: str, name: str) -> Settings:
    """The settings in a text; `name` is what complaints call it."""
    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        said = str(error)
        at = _AT.search(said)
        line = at and (at[1] or (at[2] and len(text.splitlines())))
        where = f", line {line}" if line else ""
        return Settings(complaints=(f"{name}{where}: it is no TOML ({_AT.sub('', said)}); the usual settings hold",))
    complaints: list[str] = []
    values: dict[str, Any] = {}
    for section, field, why in _read(found, values):
        line = _line(text, section, field)
        label = f"{section}.{field}" if section else field
        complaints.append(f"{name}{f', line {line}' if line else ''}: {label}: {why}")
    return Settings(**values, complaints=tuple(complaints))


def _read(found: Mapping[str, Any], values: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Fill in the values; what can't be used comes as (section, field, why)."""
    for name, value in found.items():
        if name == "keys":
            values["keys"], wrong = read_keys(value)
            yield from wrong
        elif name not in _FIELDS:
            yield "", name, f"there is no such field{near(name, _NAMES)} there are {', '.join(_NAMES)}"
        else:
            try:
                values[name] = _FIELDS[name].read(value)
            except RefusedError as refused:
                yield "", name, str(refused)


def _line(text: str, section: str, name: str) -> int | None:
    """The line that sets a field, as far as it is written in the usual way."""
    inside = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([\w.\"-]+)\s*\]+", line)
        inside = header[1].strip('"') if header else inside
        written = re.match(r"\s*[\"']?([^\"'=]*?)[\"']?\s*=", line)
        if header and not section and inside == name:
            return number
        if written and (inside, written[1]) == (section, name):
            return number
        if written and written[1] == f"{section}.{name}" and not inside:
            return number
    return None
