"""A source that is opened: its first reading begins at once, in the background, while the screen is made ready."""

from __future__ import annotations

import threading
from typing import Any

from kptui.errors import CancelledError, KptuiError, SeveralHostsError
from kptui.live.readers import Reader, reader_of
from kptui.live.snapshot import Snapshot, empty_ruleset
from kptui.live.underway import Underway
from kptui.live.watch import Watch
from kptui.sources import is_live
from kptui.tracing import Session


class Opening:
    """The first reading; `snapshot` is there once it has succeeded, `why` once it has failed.

    `bundle`: it failed because the source holds several hosts, which are to be opened as such.
    """

    def __init__(self, session: Session, reader: Reader | None = None, interval: float | None = None) -> None:
        """Begins to read the session's source; `interval` is for those that run."""
        self.session = session
        self.reader = reader or reader_of(session.source, session.names)
        self.watch = Watch(interval if is_live(session.source) else None)
        self.snapshot: Snapshot | None = None
        self.why: str | None = None
        self.bundle: SeveralHostsError | None = None
        self.underway = Underway(self.watch.clock)
        self.number = self.watch.begin()
        self._given_up = threading.Event()
        self._done = threading.Event()
        self.watch.wants_all()
        # A daemon: whoever leaves does not wait for it.
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            look = self.reader.read(0, True, self.underway, self._given_up.is_set)
            self.snapshot = Snapshot.empty(self.session).later(look, self.underway, self._given_up.is_set)
        except CancelledError:
            pass
        except KptuiError as error:
            self.why = str(error)
            self.bundle = error if isinstance(error, SeveralHostsError) else None
        except Exception as error:
            self.why = f"An error of kptui's own: {type(error).__name__}: {error}."
        finally:
            self._done.set()

    def give_up(self) -> None:
        """Nobody waits any more."""
        self._given_up.set()

    def take(self) -> Snapshot | None:
        """The snapshot, which is the caller's from now on: what is read again and again is not to be kept here."""
        found, self.snapshot = self.snapshot, None
        return found

    def wait(self, seconds: float) -> bool:
        """Wait for the end of the reading, so long at most; whether it has ended."""
        return self._done.wait(seconds)


def unread(source: str, **known: Any) -> Session:
    """A session whose source has not been read yet."""
    return Session(empty_ruleset(source), source, **known)
