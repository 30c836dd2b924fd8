"""What the parser has to know of extensions: their options, and how many values each takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

Options = Mapping[str, int]
"""Option names without dashes, each with the number of values it takes."""


class Vocabulary(Protocol):
    """Declarations of matches and targets; None for an extension nobody declared."""

    def match_options(self, name: str) -> Options | None:
        """The options of the match extension of that name."""

    def target_options(self, name: str) -> Options | None:
        """The options of the target of that name."""


def arity(options: Options | None, name: str) -> int | None:
    """How many values the option takes; a unique prefix will do, as for getopt_long(3); None where undeclared."""
    if not options:
        return None
    if name in options:
        return options[name]
    longer = [count for option, count in options.items() if option.startswith(name)]
    return longer[0] if len(longer) == 1 else None
