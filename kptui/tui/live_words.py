"""How the readings of a source stand, in the words of the line at the top and of the screen that waits."""

from __future__ import annotations

import time
from dataclasses import dataclass

from kptui.live.watch import Watch


@dataclass(frozen=True, slots=True)
class Standing:
    """A status (all is well), a warning (it isn't), and both at length for a screen that has nothing else to show."""

    status: str = ""
    warning: str = ""
    head: str = ""
    lines: tuple[str, ...] = ()


def standing(watch: Watch, when: float, progress: str, live: bool, asked: bool) -> Standing:
    """Where a watch stands; the snapshot was made `when` (epoch seconds), somebody waits for another if `asked`."""
    if watch.state == "failed" and not watch.reading:
        return Standing("", "can't be read", "✗ It can't be read", (watch.why, _again(watch), "q leaves"))
    if watch.state in ("new", "failed"):
        if not watch.reading:
            return Standing("not read", "", "Not read", (watch.why, "r reads it · q leaves"))
        lines = tuple(filter(None, (progress, watch.why if watch.failures else "", "esc gives up · q leaves")))
        return Standing("reading …", "", "Reading …", lines)
    if watch.state == "stale":
        return Standing("", f"stale: {_age(watch.age)} old, {_again(watch, short=True)}")
    if asked and watch.reading:
        return Standing(f"reading … {progress} (esc gives up)" if progress else "reading …")
    if not live:
        return Standing()
    at = time.strftime("%H:%M:%S", time.localtime(when)) if when else ""
    if watch.paused:
        return Standing(f"‖ {at} paused")
    return Standing(f"● {at} every {watch.interval:g} s" if watch.interval is not None else f"live {at}".rstrip())


def _again(watch: Watch, short: bool = False) -> str:
    """When it is tried again."""
    if watch.reading:
        return "trying again"
    wait = watch.wait
    if wait is None:
        return "r tries again" if not watch.paused else "paused: r tries again"
    return f"again in {wait:.0f} s" + ("" if short else " · r tries now")


def _age(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
