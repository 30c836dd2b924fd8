"""A reading that is under way: what it is at, and since when; told by the thread that reads, looked at by another."""

from __future__ import annotations

from collections.abc import Callable

from kptui.errors import CancelledError
from kptui.live.watch import Clock
from kptui.sources.steps import Step


class Underway:
    """The last step that was told, and when it began."""

    def __init__(self, clock: Clock) -> None:
        """Nothing is told yet."""
        self.step: Step | None = None
        self._clock = clock
        self._began = clock()

    def __call__(self, step: Step) -> None:
        """Take a step in; the same one further on goes on."""
        if self.step is None or (step.what, step.number) != (self.step.what, self.step.number):
            self._began = self._clock()
        self.step = step

    @property
    def seconds(self) -> float:
        """How long the step has been going on."""
        return max(0.0, self._clock() - self._began)

    def slices(self, what: str, total: int, cancelled: Callable[[], bool]) -> Callable[[int], None]:
        """What a long work of this process calls with the place it is at; raises CancelledError when nobody waits."""

        def told(place: int) -> None:
            if cancelled():
                raise CancelledError
            self(Step(what, size=place, total=total))

        told(0)
        return told

    def steps(self, step: Step, cancelled: Callable[[], bool]) -> Callable[[], None]:
        """The same of a work of which nobody knows how long it is."""

        def told() -> None:
            if cancelled():
                raise CancelledError
            self(step)

        return told
