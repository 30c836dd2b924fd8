"""time: by the clock when a packet arrives (xt_time.c); `--set time=2026-11-25T14:30` tells it, in UTC.

Unknown, it is four unknowns: the moment, the second of the day, the weekday, the day of the month. Each is a number,
so that what a rule has learnt of one decides later rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test, setting
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.words import either, said
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure, within
from kptui.netfilter.intervals import Intervals, normal, subtract
from kptui.syntax.ast import Option

_DAY = 24 * 3600
_WHY = "the time of day the packet comes is not known"
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOMENT = Unknown("moment it comes", 33)
_SECOND = Unknown("second of the day", 17, possible=((0, _DAY - 1),))
_WEEKDAY = Unknown("weekday", 3, possible=((1, 7),))
_MONTHDAY = Unknown("day of the month", 5, possible=((1, 31),))


def moment(text: str) -> datetime:
    """A date and time such as 2026-11-25T14:30, with seconds or without, in UTC; raises ValueError."""
    return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)


def seconds(text: str) -> int:
    """hh:mm[:ss] as seconds of the day."""
    parts = [int(part) for part in text.split(":")]
    return parts[0] * 3600 + parts[1] * 60 + (parts[2] if len(parts) > 2 else 0)


def _weekdays(text: str) -> Intervals:
    """Mon,Tue or 1,2: Monday is 1."""
    numbers = [int(day) if day.isdecimal() else _WEEKDAYS.index(day[:3].lower()) + 1 for day in text.split(",")]
    return normal([(number % 7 or 7, number % 7 or 7) for number in numbers])


def _monthdays(text: str) -> Intervals:
    return normal([(int(day.rstrip("stndrh")),) * 2 for day in text.split(",")])


def _but(region: Intervals, space: Unknown, negated: bool) -> Intervals:
    return subtract(space.origin, region) if negated else region


def _compile(options: Sequence[Option], scope: Scope) -> list[Test]:
    named = {option.name: option for option in options}
    told = scope.host.settings.get("time")
    if told is not None and told.lower() in ("yes", "no", "true", "false", "1", "0"):
        return [setting(scope, "time", None, _WHY)]
    start, stop = (seconds(named[name].value) if name in named else default for name, default in _ENDS)
    # With both ends alike the kernel takes every moment (time_mt).
    night, contiguous = start >= stop, "contiguous" in named
    if "kerneltz" in named or (told is None and night and contiguous):
        # The host's time zone is in no dump; and an interval across midnight counts as its first day's.
        return [_unsure(options)]
    now = moment(told) if told is not None else None
    day = now - timedelta(days=1) if now and night and contiguous and _second(now) <= stop else now
    hours = ((start, _DAY - 1), (0, stop)) if night else ((start, stop),)
    tests = [_within(_second(now) if now else None, _SECOND, normal(list(hours)))]
    if "datestart" in named or "datestop" in named:
        since, until = (named[name].value if name in named else None for name in ("datestart", "datestop"))
        region = ((_stamp(since) if since else 0, _stamp(until) if until else (1 << 33) - 1),)
        tests.append(_within(int(now.timestamp()) if now else None, _MOMENT, region))
    for name, unknown, read in (("weekdays", _WEEKDAY, _weekdays), ("monthdays", _MONTHDAY, _monthdays)):
        if name in named:
            wanted = _but(read(named[name].value), unknown, named[name].negated)
            today = None if day is None else day.isoweekday() if name == "weekdays" else day.day
            tests.append(_within(today, unknown, wanted))
    return tests


_ENDS = (("timestart", 0), ("timestop", _DAY - 1))


def _second(now: datetime) -> int:
    return now.hour * 3600 + now.minute * 60 + now.second


def _stamp(text: str) -> int:
    """A --datestart or --datestop, of which trailing parts may be missing, as seconds since 1970."""
    date, _, clock = text.partition("T")
    year, month, day = (*(int(part) for part in date.split("-")), 1, 1)[:3]
    return int(datetime(year, month, day, tzinfo=UTC).timestamp()) + (seconds(f"{clock}:0") if clock else 0)


def _within(told: int | None, unknown: Unknown, region: Intervals) -> Test:
    value = unknown if told is None else told
    answer = within(value, region, f"the {unknown.label}")
    return lambda packet: answer


def _unsure(options: Sequence[Option]) -> Test:
    asked = tuple((option.name, option.values, option.negated) for option in options)
    answer: Answer = Unsure(Fact(("time", asked)), _WHY)
    return lambda packet: answer


def _say(options: Sequence[Option]) -> str:
    names = {option.name: option for option in options}
    words = [
        _period(names, "date", "from {} on", "until {}"),
        _period(names, "time", "after {}", "before {}"),
        _days(names, "monthdays", "on day {} of the month", "on any day of the month but {}"),
        _days(names, "weekdays", "on {}", "on any day but {}"),
    ]
    zone = "the kernel's time zone" if "kerneltz" in names or "localtz" in names else "UTC"
    across = ", running on past midnight" if "contiguous" in names else ""
    return f"{', '.join(filter(None, words))} ({zone}){across}" if any(words) else "at any time"


def _period(names: Mapping[str, Option], what: str, since: str, until: str) -> str:
    start, stop = names.get(f"{what}start"), names.get(f"{what}stop")
    if start and stop:
        return f"from {start.value} to {stop.value}"
    return since.format(start.value) if start else until.format(stop.value) if stop else ""


def _days(names: Mapping[str, Option], name: str, words: str, negated: str) -> str:
    option = names.get(name)
    return said(words, negated, either)(option) if option else ""


MATCHES = {
    "time": MatchExtension(
        declare(
            "datestart: date", "datestop: date", "timestart: time", "timestop: time", "! monthdays: text(1-)",
            "! weekdays: text(1-)", "contiguous", "localtz", "utc", "kerneltz",
            alone="utc|localtz|kerneltz",
        ),
        _compile,
        _say,
    )
}  # fmt: skip
