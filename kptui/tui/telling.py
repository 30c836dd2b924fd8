"""Sentences that name keys: by id in braces, as they are under the user's settings; the one way to tell of a key."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen

from kptui.tui.settings.fields import Settings, settings_of
from kptui.tui.settings.keymap import labels


def with_keys(sentence: str, settings: Settings, **values: str) -> str:
    """A sentence with `{trace}` as the key that traces; what else it names goes in as it is."""
    return sentence.format(**labels(settings), **values) if "{" in sentence else sentence


def tell(screen: Screen[Any], sentence: str, timeout: float = 3, **values: str) -> None:
    """Say in passing what a key does, or why it does nothing here."""
    screen.notify(with_keys(sentence, settings_of(screen.app), **values), timeout=timeout, markup=False)
