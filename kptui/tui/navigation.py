"""Where the explorer has been: back and forward through places, and the trail of jumps that led here."""

from __future__ import annotations

from dataclasses import dataclass, field

from kptui.tui.tree_model import Place


@dataclass(slots=True)
class Navigation:
    """The current place, those before and after it, and the chains followed to get here."""

    place: Place | None = None
    trail: list[Place] = field(default_factory=list)
    _back: list[tuple[Place, list[Place]]] = field(default_factory=list)
    _forward: list[tuple[Place, list[Place]]] = field(default_factory=list)

    def move(self, place: Place) -> None:
        """Look somewhere else; the trail begins anew unless it is the same chain."""
        chain = _chain(place)
        if not self.trail or self.trail[-1] != chain:
            self.trail = [chain]
        self.place = place

    def follow(self, place: Place) -> None:
        """Follow a jump: the way back is kept, the way forward is not."""
        if self.place is not None:
            self._back.append((self.place, list(self.trail)))
            self._forward.clear()
        self.trail = [*self.trail, _chain(place)]
        self.place = place

    def back(self) -> Place | None:
        """The place before, None if there is none."""
        return self._swap(self._back, self._forward)

    def forward(self) -> Place | None:
        """The place after, None if there is none."""
        return self._swap(self._forward, self._back)

    def _swap(self, source: list[tuple[Place, list[Place]]], to: list[tuple[Place, list[Place]]]) -> Place | None:
        if not source or self.place is None:
            return None
        to.append((self.place, list(self.trail)))
        self.place, self.trail = source.pop()
        return self.place


def _chain(place: Place) -> Place:
    return Place(place.table, place.chain)
