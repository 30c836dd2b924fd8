"""What the user told beforehand by name (`--set NAME=VALUE`), and which names anything asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


class Told(Mapping[str, str]):
    """Values by name; `asked` holds every name that was looked up, told or not."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """Nobody has asked for anything yet."""
        self._values = dict(values)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        """The value of a name; raises KeyError."""
        self.asked.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        """The names that have values."""
        return iter(self._values)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._values)
