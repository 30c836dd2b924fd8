"""A container of docker or podman: its own iptables-save if it has one, else this host's in its network namespace."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from kptui.errors import SourceError
from kptui.sources.access import Access
from kptui.sources.place import Place, Plan, ended, refused
from kptui.sources.running import Runner

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_SAID = re.compile(r"([0-9a-f]{12,64}) (\d+)")
_UNKNOWN = re.compile(r"[Nn]o such (?:container|object)")


class Container(Place):
    """A container by its name or ID; which of the two ways there is is found out anew for each reading."""

    at_once: ClassVar[int] = 4
    engine: ClassVar[str]

    def __init__(self, rest: str, access: Access) -> None:
        if not _NAME.fullmatch(rest):
            raise refused("container", rest, f"{self.engine}:NAME")
        super().__init__(f"container {rest}", f"The container {rest}", "it is refused even a privileged exec", access)
        self._name = rest
        self._pid = ""

    def words(self, argv: Sequence[str]) -> tuple[str, ...]:
        """The command in the container, with the rights that reading rules takes, or beside it in its namespace."""
        if self._pid:
            return (*self.sudo, "nsenter", f"--net=/proc/{self._pid}/ns/net", "--", *argv)
        return (*self.sudo, self.engine, "exec", "--user", "0", "--privileged", self._name, *argv)

    def planned(self) -> Plan:
        """Where it runs, and whether it has iptables."""
        note = "Where the container has no iptables-save, root reads from outside: nsenter --net=/proc/PID/ns/net -- …"
        return Plan((self._inspect(), self.words(("iptables-save", "--version"))), note=note)

    def enter(self, run: Runner) -> None:
        """Find out where it runs, and whether it has iptables."""
        ran = run(self._inspect())
        if ran.missing:
            raise SourceError(f"{self.engine} is not installed, or not on PATH.")
        if ran.code != 0:
            if _UNKNOWN.search(ran.error):
                raise SourceError(f"There is no container {self._name}; `{self.engine} ps` names those that run.")
            raise SourceError(f"{self.where} can't be asked for: {ended(ran.error or f'exit code {ran.code}')}")
        said = _SAID.fullmatch(ran.out.decode("utf-8", "replace").strip())
        if said is None:
            raise SourceError(f"{self.engine} inspect said something else than a container's ID and PID.")
        if said[2] == "0":
            raise SourceError(f"{self.where} does not run.")
        probe = run(self.words(("iptables-save", "--version")))
        if probe.code == 0:
            return
        if not probe.missing:
            raise SourceError(f"{self.where} can't be entered: {ended(probe.error or f'exit code {probe.code}')}")
        if os.geteuid() != 0 and not self.sudo:
            raise SourceError(
                f"{self.where} has no iptables-save: run kptui as root or with --sudo to read its rules from outside."
            )
        if not _runs_here(said[1], said[2]):
            raise SourceError(
                f"{self.where} has no iptables-save, and runs on another host, so root can't look inside."
            )
        self._pid = said[2]

    def _inspect(self) -> tuple[str, ...]:
        form = "{{.Id}} {{.State.Pid}}"
        return (*self.sudo, self.engine, "inspect", "--type", "container", "--format", form, self._name)


class Docker(Container):
    """A container of docker."""

    engine = "docker"


class Podman(Container):
    """A container of podman."""

    engine = "podman"


def _runs_here(identity: str, pid: str) -> bool:
    """Whether a process of this host is that container's: the engine may be on another host, with PIDs of its own."""
    for name in ("cgroup", "mountinfo"):
        with suppress(OSError):
            if identity in Path("/proc", pid, name).read_text(encoding="utf-8", errors="replace"):
                return True
    return False
