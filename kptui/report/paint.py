"""Colours of a report, as kinds: what draws decides what they look like."""

from __future__ import annotations

from collections.abc import Callable

WIDTH = 80
"""Columns of a report where no terminal tells."""
Paint = Callable[[str, str], str]
"""Colours a text: (text, one of good, bad, unsure, dim, strong) -> text."""


def plain(text: str, kind: str) -> str:
    """No colour at all."""
    return text
