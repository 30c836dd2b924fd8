"""This host's own rules and facts, and those of its network namespaces; reading is all that is done."""

from __future__ import annotations

from pathlib import Path

from kptui.errors import SourceError
from kptui.sources.gather import Gathered, gather, local_runner
from kptui.text import visible

LIVE = "live:"
NETNS = "netns:"
FOLDER = Path("/run/netns")
"""Where `ip netns add` keeps the namespaces by name."""


def gather_live() -> Gathered:
    """All that this host tells; raises SourceError with one sentence on what is missing."""
    return gather("this host", local_runner(), "This host")


def gather_netns(name: str) -> Gathered:
    """All that a network namespace of this host tells; raises SourceError."""
    shown = visible(name)
    if not name or name.startswith("-") or "/" in name or name in (".", ".."):
        raise SourceError(f"“{shown}” can't be the name of a network namespace: expected netns:NAME.")
    path = FOLDER / name
    try:
        there = path.exists()
    except (OSError, ValueError):
        there = False
    if not there:
        raise SourceError(f"There is no network namespace {shown}; `ip netns list` names those there are.")
    run = local_runner(("nsenter", f"--net={path}", "--"))
    probe = run(("true",))
    if probe.code != 0:
        why = "nsenter is not installed (util-linux)" if probe.missing else probe.error
        raise SourceError(f"The network namespace {shown} can't be entered, which needs root: {why}.")
    return gather(f"network namespace {name}", run, f"The network namespace {shown}")
