"""The ways to remote hosts that are open: found once, used for each refresh, closed when the process ends."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock

from kptui.errors import CancelledError, KptuiError
from kptui.sources import place_of
from kptui.sources.access import Access, chosen
from kptui.sources.place import Place
from kptui.sources.running import Runner

_CLOSING = 5.0
"""Seconds that a way may take to be closed."""
_open: dict[tuple[str, Access], Place] = {}
_lock = Lock()


@contextmanager
def entered(name: str, cancelled: Callable[[], bool] | None = None) -> Iterator[tuple[Place, Runner]]:
    """A place that commands can be run in, and what runs them; raises SourceError or CancelledError.

    While it is in use nobody else gets it: a second reading at the same time finds a way of its own.
    """
    access = chosen()
    run = Runner(access, cancelled)
    with _lock:
        place = _open.pop((name, access), None)
    try:
        if place is None:
            place = place_of(name, access)
            place.enter(run)
            place.inside = True
        yield place, run
    except BaseException as error:
        # A cancelled reading says nothing against the way; whatever else failed is found anew the next time.
        if place is not None and not (isinstance(error, CancelledError) and _keep(name, access, place)):
            _leave(place, access)
        raise
    if not _keep(name, access, place):
        _leave(place, access)


def close_all() -> None:
    """Close every way; they are found again when they are needed."""
    with _lock:
        places = list(_open.items())
        _open.clear()
    for (_, access), place in places:
        _leave(place, access)


def _keep(name: str, access: Access, place: Place) -> bool:
    """Keep a way for the next time, unless there is one already; whether it was kept."""
    if not place.kept or not place.inside:
        return False
    with _lock:
        return _open.setdefault((name, access), place) is place


def _leave(place: Place, access: Access) -> None:
    with suppress(KptuiError, OSError):
        place.leave(Runner(Access(timeout=_CLOSING, log=access.log), leaving=True))


atexit.register(close_all)
