"""What a reading is at, told while it goes on: which command, how far, how much it has said."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Step(NamedTuple):
    """One thing that is being done; whoever is told it once a change knows how long it has been going on.

    `number` counts from 1, `of` so many; `beside`: so many run at the same time. `size` bytes (or characters) and
    `lines` have come so far, `total` bytes will be all. `limit`: the seconds it may take.
    """

    what: str
    where: str = ""
    number: int = 0
    of: int = 0
    beside: int = 0
    size: int = 0
    lines: int = 0
    total: int = 0
    limit: float | None = None

    def __str__(self) -> str:
        """In one line."""
        counted = f" ({self.number} of {self.of})" if self.of else f" ({self.share:.0%})" if self.total else ""
        return f"{self.where}: {self.what}{counted}" if self.where else f"{self.what}{counted}"

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1, as far as anybody can tell."""
        if self.total:
            return min(1.0, self.size / self.total)
        return (self.number - 1) / self.of if self.of else 0.0


Progress = Callable[[Step], None]
"""Is told what begins, and now and then how far it is."""
