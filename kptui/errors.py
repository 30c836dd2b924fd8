"""The errors that reach a user: one clear sentence each, and the exit code of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class KptuiError(Exception):
    """An error with a sentence for the user; `exit_code` is what the command line ends with."""

    exit_code = 2


class UsageError(KptuiError):
    """What was asked for makes no sense: an address that is none, an unknown Service. Exit code 2."""


class SourceError(KptuiError):
    """The source could not be read, or holds no rules. Exit code 3."""

    exit_code = 3


class SeveralHostsError(SourceError):
    """A bundle holds the rules of several hosts; `hosts` reads each by its name as a source, without the bundle."""

    def __init__(self, said: str, hosts: Mapping[str, Callable[[], Any]]) -> None:
        super().__init__(said)
        self.hosts = hosts


class CancelledError(SourceError):
    """Nobody waits for the answer any more."""

    def __init__(self) -> None:
        super().__init__("Cancelled.")
