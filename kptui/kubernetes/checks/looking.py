"""A search for problems that somebody watches from another thread, and may end before it has looked at everything."""

from __future__ import annotations


class Looking:
    """How far a search is, and whether somebody wants it to end; what has been found by then is told."""

    def __init__(self) -> None:
        """Nothing has been looked at."""
        self.share = 0.0
        """From 0 to 1, of rules and checks."""
        self.ended = False
        """Set from outside: what is left is not looked at."""
        self.incomplete = False
        """Whether checks were left out because of that."""
