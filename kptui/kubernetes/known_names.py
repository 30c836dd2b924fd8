"""Names of Services told from outside, so that chains without comments get theirs back by the hash."""

from __future__ import annotations

from collections.abc import Iterable

from kptui.kubernetes.names import service_hash
from kptui.records import dataclass


@dataclass(frozen=True, slots=True)
class KnownName:
    """A Service port by name: namespace/name[:port name], its protocol, and where it may be reached if that is told."""

    name: str
    protocol: str
    ips: tuple[str, ...] = ()
    port: int | None = None
    node_port: int | None = None


class KnownNames:
    """Service ports by their chains' hash and by their addresses."""

    def __init__(self, names: Iterable[KnownName] = ()) -> None:
        """Each port is hashed once."""
        self.names = tuple(names)
        self._hashes = {service_hash(each.name, each.protocol): each for each in self.names}
        self._addresses = {
            (ip, port, each.protocol): each
            for each in self.names
            for ip, port in [*((ip, each.port) for ip in each.ips), (None, each.node_port)]
            if port is not None
        }

    def by_hash(self, hashed: str) -> KnownName | None:
        """The port whose chains have that suffix."""
        return self._hashes.get(hashed)

    def by_address(self, ip: str | None, port: int, protocol: str) -> KnownName | None:
        """The port at an address (None: at a node port)."""
        return self._addresses.get((ip, port, protocol))
