"""The settings as data: each field, what it may be, and how a value of the file becomes one. No screen in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from kptui.tui.themes import THEMES

INTERVAL = 2.0
"""Seconds between two readings of a running host, if nobody says otherwise."""
SHORTEST, LONGEST = 0.2, 3600
COLUMNS = ("pkts", "bytes", "pkt/s", "B/s", "graph")
"""The counters that a rule list can show; `graph` is the rate's past."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What was chosen; None where nothing was. `complaints` are sentences about what could not be used."""

    theme: str | None = None
    ascii: bool | None = None
    interval: float | None = None
    columns: tuple[str, ...] | None = None
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    complaints: tuple[str, ...] = ()


UNCHOSEN = Settings()
"""As nobody chose anything."""


def settings_of(app: object) -> Settings:
    """The settings of the app that a widget is in; whatever has none is as nobody chose."""
    found = getattr(app, "settings", None)
    return found if isinstance(found, Settings) else UNCHOSEN


class RefusedError(Exception):
    """A value that a field can't have; says why, and what it may be."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the file: its name, what it is (for the manual), what stands in an example, how a value is read."""

    name: str
    meaning: str
    example: str
    read: Callable[[Any], Any]


def near(word: str, among: Sequence[str]) -> str:
    """“; did you mean …?” where something among the allowed is written alike, else nothing."""
    found = get_close_matches(word, among, n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else ";"


def shown(value: object) -> str:
    """A value as it stands in a TOML file, more or less."""
    return f"“{value}”" if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def one_of(allowed: Sequence[str]) -> Callable[[Any], str]:
    """A reader for one word of some."""

    def read(value: Any) -> str:
        if value in allowed and isinstance(value, str):
            return value
        raise RefusedError(f"{shown(value)} is not known{near(str(value), allowed)} it may be {', '.join(allowed)}")

    return read


def some_of(allowed: Sequence[str]) -> Callable[[Any], tuple[str, ...]]:
    """A reader for a list of some words, each once."""

    def read(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise RefusedError(f"{shown(value)} is no list; it may be a list of {', '.join(allowed)}")
        return tuple(dict.fromkeys(map(one_of(allowed), value)))

    return read


def yes_or_no(value: Any) -> bool:
    """A reader for true or false."""
    if isinstance(value, bool):
        return value
    raise RefusedError(f"{shown(value)} is neither true nor false")


def _interval(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and SHORTEST <= value <= LONGEST:
        return float(value)
    raise RefusedError(f"{shown(value)} is no number of seconds from {SHORTEST} to {LONGEST}")


a_theme = one_of(tuple(THEMES))
"""A reader for the name of a theme."""

FIELDS = (
    Field("theme", f"The colours: `{'`, `'.join(THEMES)}`; `--theme` wins.", '"light"', a_theme),
    Field(
        "ascii",
        "`true`: every sign, frame and bar in ASCII; `false`: never; else where the terminal's encoding is not UTF-8. "
        "`--ascii` wins.",
        "true",
        yes_or_no,
    ),
    Field("interval", "Seconds between two readings of a running host; `--interval` wins.", "5", _interval),
    Field(
        "columns",
        f"The counters that a rule list shows, from the left: some of `{'`, `'.join(COLUMNS)}`; `[]` is none.",
        '["pkts", "pkt/s", "graph"]',
        some_of(COLUMNS),
    ),
)
"""Every field but `[keys]`, which has fields of its own: see keymap.py."""


def markdown() -> str:
    """The fields as the manual's table."""
    rows = ["| field | what it is | example |", "| --- | --- | --- |"]
    rows += [f"| `{each.name}` | {each.meaning} | `{each.name} = {each.example}` |" for each in FIELDS]
    return "\n".join(rows)
