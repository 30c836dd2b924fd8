"""What differs between the Services of two rulesets: which there are, where they are reached, policies, endpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from kptui.kubernetes.service import Endpoint, ServicePort
from kptui.kubernetes.services import Services
from kptui.records import dataclass, field

Key = tuple[int, str]
"""Family, and the hash of the chains' names (name and protocol of a Service that has no chains)."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One thing about a Service that is another now; a list's elements are strings."""

    name: str
    before: Any
    after: Any


@dataclass(slots=True)
class ServiceChange:
    """One Service port's differences; `before` or `after` is None for one that is only there or only was."""

    kind: Literal["added", "removed", "changed"]
    before: ServicePort | None
    after: ServicePort | None
    fields: list[FieldChange] = field(default_factory=list)
    added: list[Endpoint] = field(default_factory=list)
    removed: list[Endpoint] = field(default_factory=list)
    shares: list[tuple[Endpoint, Endpoint]] = field(default_factory=list)

    @property
    def port(self) -> ServicePort:
        """The Service port as it is now, or was."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def differs(self) -> bool:
        """Whether there is anything to tell."""
        return self.kind != "changed" or bool(self.fields or self.added or self.removed or self.shares)

    def touches(self, *names: str) -> bool:
        """Whether one of these fields is another now; “endpoints” stands for all about endpoints."""
        if "endpoints" in names and (self.added or self.removed or self.shares):
            return True
        return any(change.name in names for change in self.fields)


def key_of(port: ServicePort) -> Key:
    """What a Service port is known by in both rulesets."""
    return port.family, port.hash or f"{port.name} {port.protocol}"


def _ports(*kinds: str) -> Callable[[ServicePort], list[str]]:
    return lambda port: sorted({each.address for each in port.frontends if each.kind in kinds})


def _outside(port: ServicePort) -> list[str]:
    """External and load balancer addresses, which the rules don't always tell apart."""
    return sorted({each.address for each in port.frontends if each.kind in ("external IP", "load balancer IP")})


OUTER: Mapping[str, Callable[[ServicePort], Any]] = {
    "name": lambda port: port.name,
    "cluster_ip": _ports("cluster IP"),
    "node_port": lambda port: sorted(each.port for each in port.frontends if each.kind == "node port"),
    "external": _outside,
    "health_check_node_port": lambda port: port.health_check_node_port,
    "rejected": lambda port: sorted(each.address for each in port.frontends if each.refusal == "rejected"),
    "dropped": lambda port: sorted(each.address for each in port.frontends if each.refusal == "dropped"),
    "dispatch": lambda port: sorted((each.address, each.chain or "") for each in port.frontends),
}
"""What the dispatch chains say; “dispatch” tells when packets are led to another chain."""
INNER: Mapping[str, Callable[[ServicePort], Any]] = {
    "source_ranges": lambda port: list(port.source_ranges),
    "session_affinity_seconds": lambda port: port.session_affinity,
    "internal_traffic_policy": lambda port: port.internal_policy,
    "external_traffic_policy": lambda port: port.external_policy,
    "rejected": lambda port: sorted(each.address for each in port.refused if each.refusal == "rejected"),
    "dropped": lambda port: sorted(each.address for each in port.refused if each.refusal == "dropped"),
}
"""What the Service's own chains say."""
_MAYBE = frozenset({"internal_traffic_policy", "external_traffic_policy"})
"""Fields that rules may not tell: that is no difference."""


def compare_services(
    before: Services, after: Services, changed: Iterable[Key], everything: bool = True
) -> dict[Key, ServiceChange]:
    """The differences by Service; `changed` are those whose own chains are not the same text.

    Without `everything` only these are compared: the chains that dispatch are the same.
    """
    old = {key_of(port): port for port in before}
    new = {key_of(port): port for port in after}
    deep = set(changed)
    found: dict[Key, ServiceChange] = {}
    for key in dict.fromkeys([*old, *new]) if everything else deep & (old.keys() | new.keys()):
        was, now = old.get(key), new.get(key)
        if was is None or now is None:
            found[key] = ServiceChange("removed" if now is None else "added", was, now)
            continue
        change = ServiceChange("changed", was, now, _fields(was, now, OUTER))
        if key in deep or change.fields:
            change.fields = _fields(was, now, {**OUTER, **INNER})
            _endpoints(change, was.endpoints, now.endpoints)
        if change.differs:
            found[key] = change
    return found


def _fields(was: ServicePort, now: ServicePort, table: Mapping[str, Callable[[ServicePort], Any]]) -> list[FieldChange]:
    found = []
    for name, read in table.items():
        before, after = read(was), read(now)
        if before != after and not (name in _MAYBE and None in (before, after)):
            found.append(FieldChange(name, before, after))
    # A chain led to is told only where nothing else explains it.
    return [each for each in found if each.name != "dispatch" or len(found) == 1]


def _endpoints(change: ServiceChange, before: list[Endpoint], after: list[Endpoint]) -> None:
    """Endpoints by address; shares only where they are not what comes of the number of endpoints."""
    old = {pod.address: pod for pod in before}
    new = {pod.address: pod for pod in after}
    change.added = [pod for address, pod in new.items() if address not in old]
    change.removed = [pod for address, pod in old.items() if address not in new]
    even = _even(before) and _even(after)
    for address, was in old.items():
        now = new.get(address)
        if now is not None and not even and was.cluster_share != now.cluster_share:
            change.shares.append((was, now))
    here, there = ({pod.address for pod in pods if pod.local_share} for pods in (before, after))
    if here != there and not (change.added or change.removed):
        change.fields.append(FieldChange("local_endpoints", sorted(here), sorted(there)))


def _even(pods: list[Endpoint]) -> bool:
    shares = {pod.cluster_share for pod in pods if pod.cluster_share != 0}
    return len(shares) <= 1 and (None not in shares or all(pod.local_share for pod in pods))
