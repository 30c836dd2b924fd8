"""Regular expressions that are compiled when they are first used: one run of a command uses few of those there are."""

from __future__ import annotations

import re
from typing import Any, cast


def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """As `re.compile`; what is wrong in it is told at the first use."""
    return cast("re.Pattern[str]", _Later(text, flags))


class _Later:
    """Has the methods of the pattern, each from its first use on."""

    def __init__(self, text: str, flags: int) -> None:
        self._of = text, flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._of), name)
        setattr(self, name, found)
        return found
