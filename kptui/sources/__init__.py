"""Where a ruleset comes from: a file, a bundle, standard input, a running host; texts, not their meaning."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from kptui.errors import SourceError
from kptui.sources.file import read_file, read_stdin
from kptui.sources.text import SourceText
from kptui.text import visible

if TYPE_CHECKING:
    from kptui.sources.access import Access
    from kptui.sources.gather import Gathered
    from kptui.sources.place import Place
    from kptui.sources.steps import Progress

__all__ = ["SCHEMES", "SourceText", "expand", "gather_source", "is_live", "place_of", "read_source"]

_PLACES = {
    "live": ("live", "Here"),
    "netns": ("live", "Namespace"),
    "ssh": ("ssh", "Host"),
    "kubectl": ("kubectl", "Node"),
    "docker": ("container", "Docker"),
    "podman": ("container", "Podman"),
}
"""What stands before the colon, the module that knows the way there, and its class; imported when it is asked for."""
SCHEMES = tuple(f"{scheme}:" for scheme in _PLACES)
"""What the name of a running host begins with."""


def read_source(name: str, cancelled: Callable[[], bool] | None = None, progress: Progress | None = None) -> SourceText:
    """The text of a source as the command line names it; raises SourceError with one sentence saying what is wrong.

    CancelledError comes soon after `cancelled` says so, of large files too; `progress` is told how far it is.
    """
    if is_live(name):
        return gather_source(name, cancelled, progress).source()
    return read_stdin() if name == "-" else read_file(name, cancelled, progress)


def gather_source(
    name: str,
    cancelled: Callable[[], bool] | None = None,
    progress: Progress | None = None,
    everything: bool = True,
) -> Gathered:
    """All that a running host tells; raises SourceError, for a name that is no running host's too.

    `cancelled` is asked many times a second; once it says so, what runs is killed and CancelledError raised. `progress`
    is told what is asked for. The way to a remote host stays open for the next time, until the process ends. Without
    `everything`, what costs much or hardly ever changes is left out (`Command.seldom`).
    """
    from kptui.sources.gather import gather
    from kptui.sources.ways import entered

    if progress is not None:
        from kptui.sources.steps import Step

        progress(Step("finding the way there", name))
    with entered(name, cancelled) as (place, run):
        return gather(place, run, progress, everything)


def place_of(name: str, access: Access) -> Place:
    """The running host that a source names; raises SourceError. Nothing is run yet."""
    scheme, colon, rest = name.partition(":")
    if not colon or scheme not in _PLACES:
        raise SourceError(f"{visible(name)} is no running host: expected one of {', '.join(f'{s}:' for s in _PLACES)}.")
    module, kind = _PLACES[scheme]
    made: Place = getattr(import_module(f"kptui.sources.{module}"), kind)(rest, access)
    return made


def is_live(name: str) -> bool:
    """Whether reading the source again may give something new without anyone writing a file."""
    scheme, colon, _ = name.partition(":")
    return bool(colon) and scheme in _PLACES


def expand(name: str, cancelled: Callable[[], bool] | None = None) -> tuple[str, ...]:
    """The sources that a name stands for: `kubectl:` and `kubectl:CONTEXT/` for all nodes of the cluster.

    Any other name stands for itself. Raises SourceError if the cluster can't be asked, CancelledError.
    """
    scheme, colon, rest = name.partition(":")
    if not colon or scheme != "kubectl" or (rest and not rest.endswith("/")):
        return (name,)
    from kptui.sources.access import chosen
    from kptui.sources.kubectl import nodes
    from kptui.sources.running import Runner

    return nodes(rest, Runner(chosen(), cancelled))
