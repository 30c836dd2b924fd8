"""How the readings of a source stand, in the words of the line at the top and of the screen that waits."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from kptui.live.underway import Underway
from kptui.live.watch import Watch
from kptui.sources.steps import Step
from kptui.tui.settings.fields import UNCHOSEN, Settings
from kptui.tui.settings.keymap import labels

LONG = 5.0
"""Seconds after which a reading that nobody asked for is told of."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A status (all is well), a warning (it isn't), and both at length for a screen that has nothing else to show.

    `share` is how much of the reading is done, from 0 to 1.
    """

    status: str = ""
    warning: str = ""
    head: str = ""
    lines: tuple[str, ...] = ()
    share: float | None = None


def standing(
    watch: Watch, when: float, underway: Underway | None, live: bool, asked: bool, settings: Settings = UNCHOSEN
) -> Standing:
    """Where a watch stands; the snapshot was made `when` (epoch seconds), somebody waits for another if `asked`."""
    keys = labels(settings)
    if watch.state == "failed" and not watch.reading:
        return Standing(
            "", "can't be read", "✗ It can't be read", (watch.why, _again(watch, keys), f"{keys['quit']} leaves")
        )
    if watch.state in ("new", "failed"):
        return _waiting(watch, underway, keys)
    told = _short(underway) if watch.reading and (asked or watch.seconds >= LONG) else ""
    if watch.state == "stale":
        again = f"trying again: {told}" if told else _again(watch, keys, short=True)
        return Standing("", f"stale: {_age(watch.age)} old, {again}")
    if asked and watch.reading:
        return Standing(f"reading … {told} ({keys['cancel']} gives up)" if told else "reading …")
    if not live:
        return Standing()
    at = time.strftime("%H:%M:%S", time.localtime(when)) if when else ""
    if told:
        return Standing(f"{at} reading {told} ({keys['cancel']} ends)")
    if watch.paused:
        return Standing(f"‖ {at} paused")
    return Standing(f"● {at} every {watch.interval:g} s" if watch.interval is not None else f"live {at}".rstrip())


def _waiting(watch: Watch, underway: Underway | None, keys: Mapping[str, str]) -> Standing:
    """What a screen says that has nothing else to show."""
    if not watch.reading:
        return Standing("not read", "", "Not read", (watch.why, f"{keys['reload']} reads it · {keys['quit']} leaves"))
    gives_up = f"{keys['cancel']} gives up · {keys['quit']} leaves"
    before = watch.why if watch.failures else ""
    step = underway.step if underway is not None else None
    if underway is None or step is None:
        return Standing("reading …", "", "Reading …", tuple(filter(None, (before, gives_up))))
    lines = (step.what, far(step), _long(step, underway.seconds), before, "", gives_up)
    share = step.share if step.of or step.total else None
    return Standing("reading …", "", "Reading …", tuple(lines), share)


def far(step: Step) -> str:
    """What of it is there."""
    words = []
    if step.of:
        beside = f", {step.beside} more beside it" if step.beside else ""
        words.append(f"command {step.number} of {step.of}{beside}")
    if step.total:
        words.append(f"{_size(step.size)} of {_size(step.total)}")
    elif step.lines:
        words.append(f"{_size(step.size)}, {step.lines:,} lines so far")
    elif step.size:
        words.append(f"{_size(step.size)} so far")
    elif step.of:
        words.append("nothing has come of it yet")
    return " · ".join(words)


def _long(step: Step, seconds: float) -> str:
    if step.limit is None:
        return f"for {seconds:.0f} s" if seconds >= 1 else ""
    return f"for {seconds:.0f} s of the {step.limit:.3g} s it may take (--timeout)"


def _short(underway: Underway | None) -> str:
    """What is done, in a few words."""
    step = underway.step if underway is not None else None
    if underway is None or step is None:
        return ""
    long = f", {underway.seconds:.0f} s" if underway.seconds >= 1 else ""
    return f"{' '.join(filter(None, reversed(short(step))))}{long}"


def short(step: Step) -> tuple[str, str]:
    """A step in two words: the number of a command, or how much is done; and what that is."""
    counted = f"{step.number}/{step.of}" if step.of else f"{step.share:.0%}" if step.total else ""
    return counted, step.what.split(" ")[0] if step.of else step.what


def _size(count: int) -> str:
    if count >= 100_000:
        return f"{count / 1e6:,.1f} MB"
    return f"{count / 1e3:,.1f} kB" if count >= 1_000 else f"{count} B"


def _again(watch: Watch, keys: Mapping[str, str], short: bool = False) -> str:
    """When it is tried again."""
    if watch.reading:
        return "trying again"
    wait = watch.wait
    if wait is None:
        return f"{'' if not watch.paused else 'paused: '}{keys['reload']} tries again"
    return f"again in {wait:.0f} s" + ("" if short else f" · {keys['reload']} tries now")


def _age(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
