"""Building blocks of what extensions say: phrases of one option each, values as people write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from kptui.patterns import pattern
from kptui.syntax.ast import Option

Say = Callable[[Option], str]
"""One option in words, its `!` included."""
SayAll = Callable[[Sequence[Option]], str]
"""All options of a match or target in words."""


def said(words: str, negated: str | None = None, show: Callable[[str], str] = str) -> Say:
    """A phrase with the option's value in the place of {}; after `!` the other one, else “not” before it."""

    def say(option: Option) -> str:
        chosen = words if not option.negated else negated if negated is not None else f"not {words}"
        return chosen.format(*map(show, option.values)) if option.values else chosen.replace("{}", "").rstrip()

    return say


def each_said(table: Mapping[str, Say], alone: str = "", between: str = ", ", before: str = "") -> SayAll:
    """The phrases of the options given, in the table's order, `before` in front; `alone` where there are none."""

    def say(given: Sequence[Option]) -> str:
        order = {name: place for place, name in enumerate(table)}
        known = sorted((option for option in given if option.name in order), key=lambda option: order[option.name])
        words = [*(table[option.name](option) for option in known), *(spoken(o) for o in given if o.name not in order)]
        return before + between.join(filter(None, words)) if words else alone

    return say


def constant(words: str) -> SayAll:
    """The same words whatever the options are."""
    return lambda given: words


def spoken(option: Option) -> str:
    """An option as it is written, for what nobody has words for."""
    text = " ".join([f"--{option.name}", *option.values])
    return f"! {text}" if option.negated else text


def named(given: Sequence[Option]) -> dict[str, Option]:
    """The options by name, the last of each."""
    return {option.name: option for option in given}


def listed(words: Sequence[str], last: str = "or") -> str:
    """“a”, “a or b”, “a, b or c”."""
    *front, end = words or [""]
    return f"{', '.join(front)} {last} {end}" if front else end


def either(text: str) -> str:
    """A list with commas, any of which will do: “NEW or RELATED”."""
    return listed(text.split(","))


def both(text: str) -> str:
    """A list with commas, all of which count: “1, 2 and 3”."""
    return listed(text.split(","), "and")


def span(text: str) -> str:
    """LOW:HIGH with either end left open, or one number: “4 to 7”, “up to 7”, “4 or more”."""
    low, colon, high = text.partition(":")
    if not colon or low == high:
        return low if low or not colon else "anything"
    if not low:
        return f"up to {high}"
    return f"{low} to {high}" if high else f"{low} or more"


def ports(text: str) -> str:
    """Ports as people write them: “port 80”, “ports 1-1023”, “port 53, 80 or 1024-65535”."""
    parts = [_port_range(part) for part in text.split(",")]
    return f"{'ports' if len(parts) == 1 and '-' in parts[0] else 'port'} {listed(parts)}"


def _port_range(text: str) -> str:
    low, colon, high = text.partition(":")
    return f"{low or '0'}-{high or '65535'}" if colon and low != high else low


_UNITS = ("second", "minute", "hour", "day")
_BYTE_RATE = pattern(r"(\d+)([km]?)b/s", re.IGNORECASE)


def rate(text: str) -> str:
    """`10/min` as “10 per minute”, `4kb/s` as “4 kB per second”."""
    bytes_ = _BYTE_RATE.fullmatch(text)
    if bytes_:
        return f"{bytes_[1]} { ({'k': 'kB', 'm': 'MB'}.get(bytes_[2].lower(), 'bytes')) } per second"
    number, _, unit = text.partition("/")
    found = next((name for name in _UNITS if name.startswith(unit.lower() or "second")), unit)
    return f"{number} per {found}"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
