"""Press keys in the explorer, write how long each took to be seen: python -m tests.bench.keys SECONDS FILE SOURCE.

Milliseconds from the moment a key comes in, at any time, until Textual has painted what it did (its display hook). It
needs a terminal. The file gets JSON: the milliseconds, all and of each key by its name, and the
megabytes of memory at the peak.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
import threading
import time
from pathlib import Path
from typing import Any

from textual.events import Key
from textual.widgets import Input

from kptui.cli import main as kptui
from kptui.tui.app import Kptui
from kptui.tui.screens.main import MainScreen
from kptui.tui.widgets.row_view import RowView

WALKING = ["j", "j", "k", "k", "space", "j", "k", "space", "ctrl+f", "ctrl+b", "G", "g"]
SEARCHING = ["slash", *"svc", "enter", "n", "n", "escape", "g"]
"""Each key changes what is to be seen, and all of them together lead back."""
BETWEEN = 0.15
"""Seconds between a frame and the next key, on average."""
PATIENCE = 10.0
"""Seconds after which a key is taken to have done nothing."""


class Presser(threading.Thread):
    """Keys come from a thread, as they do from a terminal: whatever the explorer is doing just then."""

    def __init__(self, app: Kptui, seconds: float, told: Path) -> None:
        super().__init__(daemon=True)
        self.app, self.seconds, self.told = app, seconds, told
        self.loop = asyncio.get_running_loop()
        self.before: Any = None
        self.seen = threading.Event()

    def run(self) -> None:
        """Press until the time is over, then leave."""
        drawn = random.Random(1)
        # What is read and looked at once at the start is another figure.
        time.sleep(self.seconds / 2)
        until, number = time.monotonic() + self.seconds, 0
        taken: dict[str, list[float]] = {}
        keys = [*WALKING, *SEARCHING]
        while time.monotonic() < until:
            time.sleep(drawn.uniform(0, 2 * BETWEEN))
            self.seen.clear()
            self.before = state(self.app)
            begun = time.perf_counter()
            name = keys[number % len(keys)]
            self.loop.call_soon_threadsafe(self.app.post_message, Key(name, name if len(name) == 1 else None))
            number += 1
            if self.seen.wait(PATIENCE):
                taken.setdefault(name, []).append((time.perf_counter() - begun) * 1000)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.told.write_text(
            json.dumps({"taken": [each for some in taken.values() for each in some], "of": taken, "peak": peak})
        )
        self.loop.call_soon_threadsafe(self.app.exit)

    def painted(self) -> None:
        """Something was painted: what the key did, if things are other than they were."""
        if self.before is not None and state(self.app) != self.before:
            self.before = None
            self.seen.set()


def state(app: Kptui) -> tuple[Any, ...]:
    """What keys change."""
    focused = app.screen.focused
    if isinstance(focused, Input):
        return (focused.id, focused.value)
    place = app.screen.navigation.place if isinstance(app.screen, MainScreen) else None
    where = (type(app.screen).__name__, focused.id if focused else None, place)
    if isinstance(focused, RowView):
        return (*where, focused.cursor, focused.scroll_offset.y, focused.virtual_size.height)
    return where


def main() -> None:
    """Run the command, with somebody at the keys."""
    seconds, told, source = sys.argv[1:]
    push = Kptui.push_screen
    pressers: list[Presser] = []

    def pushed(self: Kptui, screen: Any, *args: Any, **options: Any) -> Any:
        if isinstance(screen, MainScreen) and not pressers:
            pressers.append(Presser(self, float(seconds), Path(told)))
            pressers[0].start()
        return push(self, screen, *args, **options)

    def painted(self: Kptui) -> None:
        for each in pressers:
            each.painted()

    Kptui.push_screen = pushed  # type: ignore[assignment,method-assign]
    Kptui.post_display_hook = painted  # type: ignore[assignment,method-assign]
    sys.argv = ["kptui", source]
    kptui()


if __name__ == "__main__":
    main()
