"""How running hosts are read: with sudo or not, how long to wait, what to write down; set once by the command line."""

from __future__ import annotations

from kptui.records import dataclass

TIMEOUT = 60.0
"""Seconds a command may take; a dump of 160,000 rules takes two or three."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a user may choose about reading a running host.

    `sudo`: run each command behind `sudo -n`. `timeout`: seconds for one command; all together get twice as long.
    `log`: the file each command is written to, with its time, exit code and duration. `debug_image`: the image of a
    pod to make on a Kubernetes node that has no kube-proxy pod.
    """

    sudo: bool = False
    timeout: float = TIMEOUT
    log: str | None = None
    debug_image: str | None = None


class _Chosen:
    access = Access()


def chosen() -> Access:
    """What this process was told."""
    return _Chosen.access


def choose(access: Access) -> None:
    """Tell this process, for all sources it reads from now on."""
    _Chosen.access = access
