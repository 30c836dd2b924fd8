"""Keys pressed before there are rules: kept, and pressed in their order once there are."""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.events import Key

from kptui.tui.telling import tell

MOST = 100
"""So many keys are kept."""
BETWEEN = 0.05
"""Seconds from one of them to the next: a view that one opens gets those that follow."""


class EarlyKeys:
    """Once a key is kept, those behind it are too, whatever they would do by now, until all have been pressed."""

    def __init__(self, app: App[Any]) -> None:
        """Nothing is kept yet."""
        self._app = app
        self._kept: list[tuple[str, str | None]] = []
        self._pressing: Key | None = None

    def keep(self, event: Key) -> bool:
        """Whether a key is for later; esc forgets what is kept, and what is held with ctrl acts at once."""
        if event is self._pressing or event.key.startswith("ctrl+"):
            return False
        if event.key == "escape":
            self.forget()
        elif self._kept or self._nothing_yet(event.key):
            if not self._kept:
                tell(self._app.screen, "What is pressed now is done as soon as the rules are read.")
            if len(self._kept) < MOST:
                self._kept.append((event.key, event.character))
            return True
        return False

    def forget(self) -> None:
        """Nobody waits for what was pressed."""
        self._kept.clear()
        self._pressing = None

    def press(self) -> None:
        """Press the next one; it stays among those kept until its turn is over, so that nothing overtakes it."""
        if self._pressing is not None:
            self._kept.pop(0)
            self._pressing = None
        if self._kept:
            self._pressing = Key(*self._kept[0])
            # As from the terminal: what a screen sends itself goes no further than that screen.
            self._pressing.set_sender(self._app)
            self._app.post_message(self._pressing)
            self._app.set_timer(BETWEEN, self.press)

    def _nothing_yet(self, key: str) -> bool:
        """Whether the key would act on rules that are not there."""
        active = self._app.screen.active_bindings.get(key)
        return getattr(self._app.screen, "waiting", False) and (active is None or not active.enabled)


def early_keys(app: App[Any]) -> EarlyKeys:
    """Those of the explorer."""
    found: EarlyKeys = getattr(app, "early", None) or EarlyKeys(app)
    return found
