"""A source that is read to wait for its turn: packed, and in the place of a bundle of several hosts each of them."""

from __future__ import annotations

from collections.abc import Callable

from kptui.errors import KptuiError, SeveralHostsError
from kptui.nodes.frozen import Frozen
from kptui.nodes.gather import Read
from kptui.sources import SourceText

Packed = tuple[Read[Frozen], ...]


def packed(name: str, read: Callable[[], SourceText]) -> Packed:
    """What reading a source gives, one host or several; raises what keeps all of it from being read."""
    try:
        return (Read(name, Frozen.of(read())),)
    except SeveralHostsError as bundle:
        return tuple(_host(host, one) for host, one in bundle.hosts.items())


def _host(name: str, read: Callable[[], SourceText]) -> Read[Frozen]:
    try:
        return Read(name, Frozen.of(read()))
    except KptuiError as error:
        return Read(name, error=str(error))
