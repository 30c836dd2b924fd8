"""Where commands are run: one small interface, one class for each kind of source, in a file of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from kptui.errors import SourceError
from kptui.records import dataclass
from kptui.sources.access import Access
from kptui.sources.process import Ran
from kptui.sources.running import Runner
from kptui.text import visible


@dataclass(frozen=True, slots=True)
class Plan:
    """The commands that entering and leaving a place take, for people to read; `note`: what of them isn't known yet."""

    before: tuple[tuple[str, ...], ...] = ()
    after: tuple[tuple[str, ...], ...] = ()
    note: str = ""


class Place:
    """A running host and the way there.

    `name` is shown to people, `where` begins a sentence ("The host x"), `rights` says what to do for want of rights.
    """

    path: ClassVar[str] = ": install iptables there, or name a dump file."
    """How a sentence ends that says that there is no iptables-save."""
    at_once: ClassVar[int] = 1
    """How many commands may run at once: more where the way takes longer than the command."""
    kept: ClassVar[bool] = False
    """Whether the way there is worth keeping open for the next reading."""

    def __init__(self, name: str, where: str, rights: str, access: Access) -> None:
        self.name = name
        self.where = where
        self.rights = rights
        self.sudo = ("sudo", "-n") if access.sudo else ()
        self.inside = False

    def words(self, argv: Sequence[str]) -> tuple[str, ...]:
        """The command to run here so that `argv` runs there."""
        raise NotImplementedError

    def enter(self, run: Runner) -> None:
        """Find out what the way there needs; raises SourceError."""

    def leave(self, run: Runner) -> None:
        """Leave nothing behind."""

    def planned(self) -> Plan:
        """What `enter` and `leave` run."""
        return Plan()

    def broken(self, ran: Ran) -> str | None:
        """The sentence to say if it is the way there that failed, and not the command."""
        return None


def ended(said: str) -> str:
    """What somebody else said, as the end of a sentence."""
    return said if said.endswith(("?", "!")) else said.rstrip(".") + "."


def refused(kind: str, given: str, form: str) -> SourceError:
    """What is said of a name that can't be one; a name that begins with a dash would be taken for an option."""
    return SourceError(f"“{visible(given)}” can't be the name of a {kind}: expected {form}.")
