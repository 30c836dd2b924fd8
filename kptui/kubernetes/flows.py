"""conntrack's connections by Service and endpoint: which clients went to which pod, beside the promised shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction

from kptui.kubernetes.service import Endpoint, ServicePort
from kptui.netfilter.address import show
from kptui.netfilter.conntrack_table import Entry
from kptui.netfilter.protocols import protocol_name
from kptui.records import dataclass, field

Where = tuple[str, int | None]
"""An address, and a port if there is one."""


@dataclass(slots=True)
class Flows:
    """The connections that went to one endpoint by one Service port; `service` None: not by a Service.

    `total` counts those of the Service port, to all of its endpoints; `clients` counts by address, as they came.
    """

    service: ServicePort | None
    pod: str
    endpoint: Endpoint | None = None
    count: int = 0
    total: int = 0
    clients: Counter[str] = field(default_factory=Counter)
    by: Counter[str] = field(default_factory=Counter)
    """By the address and port that they asked for."""

    @property
    def share(self) -> Fraction | None:
        """The share of the Service's connections that are here; None without any."""
        return Fraction(self.count, self.total) if self.total else None

    @property
    def promised(self) -> Fraction | None:
        """The share that the rules give it of new connections; None where they don't tell."""
        return self.endpoint.share if self.endpoint is not None else None


class _Doors:
    """Finds the Service port that a connection asked for."""

    def __init__(self, ports: Iterable[ServicePort]) -> None:
        self._addresses: dict[tuple[str, str, int], ServicePort] = {}
        self._node_ports: dict[tuple[int, str, int], ServicePort] = {}
        for port in ports:
            for each in port.frontends:
                if each.ip is not None:
                    self._addresses[port.protocol, each.ip, each.port] = port
                else:
                    self._node_ports[port.family, port.protocol, each.port] = port

    def service(self, entry: Entry, proto: str) -> ServicePort | None:
        came, left = entry.connection.came, entry.connection.left
        if not isinstance(came.dst, int) or not isinstance(came.dport, int):
            return None
        found = self._addresses.get((proto, show(came.dst, entry.family), came.dport))
        if found is None and (came.dst, came.dport) != (left.dst, left.dport):
            found = self._node_ports.get((entry.family, proto, came.dport))
        return found


def flows(entries: Iterable[Entry], ports: Iterable[ServicePort]) -> list[Flows]:
    """By Service port and endpoint, those of Services first, by name; endpoints without any connection too.

    A Service port that no connection came to is left out, and so is what neither asked for a Service nor went to an
    endpoint of one.
    """
    ports = list(ports)
    doors = _Doors(ports)
    found: dict[tuple[int, str], Flows] = {}
    served: dict[int, ServicePort] = {}
    for entry in entries:
        proto = protocol_name(entry.proto)
        service = doors.service(entry, proto)
        pod = _text(entry, "left")
        key = id(service), pod
        if key not in found:
            found[key] = Flows(service, pod)
        _count(found[key], entry)
        if service is not None:
            served[id(service)] = service
    for service in served.values():
        _with_endpoints(service, found)
    pods = {each.pod for each in found.values() if each.service is not None}
    pods |= {pod.address for port in ports for pod in port.endpoints}
    return sorted((each for each in found.values() if each.service is not None or each.pod in pods), key=_order)


def _count(flows: Flows, entry: Entry) -> None:
    flows.count += 1
    came = entry.connection.came
    flows.clients[show(came.src, entry.family) if isinstance(came.src, int) else "?"] += 1
    flows.by[_text(entry, "came")] += 1


def _text(entry: Entry, side: str) -> str:
    """Where a connection went, as it came or as it left."""
    ends = entry.connection.came if side == "came" else entry.connection.left
    ip = show(ends.dst, entry.family) if isinstance(ends.dst, int) else "?"
    if not isinstance(ends.dport, int):
        return ip
    return f"[{ip}]:{ends.dport}" if entry.family == 6 else f"{ip}:{ends.dport}"


def _with_endpoints(service: ServicePort, found: dict[tuple[int, str], Flows]) -> None:
    for pod in service.endpoints:
        found.setdefault((id(service), pod.address), Flows(service, pod.address)).endpoint = pod
    own = [each for each in found.values() if each.service is service]
    total = sum(each.count for each in own)
    for each in own:
        each.total = total


def _order(flows: Flows) -> tuple[bool, str, str, int, str]:
    service = flows.service
    title, proto = (service.title, service.protocol) if service is not None else ("", "")
    return service is None, title, proto, -flows.count, flows.pod


def about(found: Iterable[Flows], service: ServicePort | None, pod: str | None) -> Iterator[Flows]:
    """Those of one Service port, or to one endpoint; all if neither is given."""
    for each in found:
        of_service = service is None or (each.service is not None and each.service.hash == service.hash)
        if of_service and (pod is None or each.pod == pod):
            yield each
