"""This host, and the network namespaces it has; reading is all that is done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kptui.errors import SourceError
from kptui.sources.access import Access
from kptui.sources.place import Place, Plan, refused
from kptui.sources.running import Runner
from kptui.text import visible

FOLDER = Path("/run/netns")
"""Where `ip netns add` keeps the namespaces by name."""
_ROOT = "run kptui as root, add --sudo, or name a dump file"


class Here(Place):
    """This host."""

    def __init__(self, rest: str, access: Access) -> None:
        if rest:
            raise refused("source", f"live:{rest}", "live:")
        super().__init__("this host", "This host", _ROOT, access)

    def words(self, argv: Sequence[str]) -> tuple[str, ...]:
        """The command itself."""
        return (*self.sudo, *argv)


class Namespace(Place):
    """A network namespace of this host, by the name `ip netns` has for it."""

    def __init__(self, rest: str, access: Access) -> None:
        if not rest or rest.startswith("-") or "/" in rest or rest in (".", ".."):
            raise refused("network namespace", rest, "netns:NAME")
        shown = visible(rest)
        super().__init__(f"network namespace {rest}", f"The network namespace {shown}", _ROOT, access)
        self._shown = shown
        self._path = FOLDER / rest

    def words(self, argv: Sequence[str]) -> tuple[str, ...]:
        """The command in the namespace; its files and processes stay those of this host."""
        return (*self.sudo, "nsenter", f"--net={self._path}", "--", *argv)

    def planned(self) -> Plan:
        """Whether it can be entered."""
        return Plan((self.words(("true",)),))

    def enter(self, run: Runner) -> None:
        """Look whether it is there and may be entered."""
        try:
            there = self._path.exists()
        except (OSError, ValueError):
            there = False
        if not there:
            raise SourceError(f"There is no network namespace {self._shown}; `ip netns list` names those there are.")
        probe = run(self.words(("true",)))
        if probe.code != 0:
            why = "nsenter is not installed (util-linux)" if probe.missing else probe.error
            raise SourceError(f"The network namespace {self._shown} can't be entered, which needs root: {why}.")
