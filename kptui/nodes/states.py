"""What a node's rules say of a Service port that has to be the same on every node, in a form to be compared.

Left out is what each node has of its own: which endpoints are local and what is dropped for want of them, chain names
and lines, the text of probabilities, counters, comments. What the rules of a node don't tell is None and differs from
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from kptui.diff.services import INNER, OUTER
from kptui.kubernetes.service import Endpoint, ServicePort
from kptui.records import dataclass

Value = tuple[str, ...]
"""One thing about a Service port: what there is of it, sorted; nothing: an empty tuple."""
_EVEN = Fraction(1, 10_000)
"""Shares that differ by less are meant to be equal: up to 1.20 kube-proxy wrote five digits."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a node's dump tells of one family: its tables whole, health check ports, internal traffic policies."""

    family: int
    filter: bool = True
    whole: bool = True
    health_checks: bool = True
    internal_policies: bool = True


class State(NamedTuple):
    """A Service port on a node: what it is called there, the chain to look at, and its values by FIELDS."""

    title: str
    protocol: str
    chain: str
    addresses: Value
    values: tuple[Value | None, ...]


def _balanced(port: ServicePort) -> bool:
    return any(balancing.ways for balancing in port.inside.balancings.values())


def _endpoints(port: ServicePort) -> list[str]:
    return sorted(pod.address for pod in _cluster(port))


def _cluster(port: ServicePort) -> list[Endpoint]:
    """The endpoints of cluster policy, those of all nodes."""
    return [pod for pod in port.endpoints if pod.cluster_share != 0] if port.cluster_balancing is not None else []


def _endpoints_told(port: ServicePort, scope: Scope) -> bool:
    """Whether the chain that balances over all nodes' endpoints is there, or rules refuse for want of any endpoint."""
    if port.cluster_balancing is not None:
        return True
    return scope.filter and bool(port.refused) and all(each.refusal == "rejected" for each in port.refused)


def _shares(port: ServicePort) -> list[str]:
    """Shares by endpoint where they are not even."""
    pods = _cluster(port)
    known = [pod.cluster_share for pod in pods if pod.cluster_share is not None]
    if len(known) == len(pods) and (not known or max(known) - min(known) < _EVEN):
        return []
    return sorted(f"{pod.address} {'?' if pod.cluster_share is None else pod.cluster_share}" for pod in pods)


def _ranges_told(port: ServicePort) -> bool:
    balancers = [each.chain for each in port.frontends if each.kind == "load balancer IP"]
    return all(each.certain for each in port.frontends) and (not balancers or any(balancers))


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that is compared: how it is read, and whether a node's rules tell it."""

    name: str
    read: Callable[[ServicePort], Any]
    told: Callable[[ServicePort, Scope], bool] = lambda port, scope: True


_TOLD: Mapping[str, Callable[[ServicePort, Scope], bool]] = {
    "health_check_node_port": lambda port, scope: scope.health_checks,
    "rejected": lambda port, scope: scope.filter,
    "source_ranges": lambda port, scope: _ranges_told(port),
    "session_affinity_seconds": lambda port, scope: _balanced(port),
    "internal_traffic_policy": lambda port, scope: scope.internal_policies and port.internal_policy is not None,
    "external_traffic_policy": lambda port, scope: port.external_policy is not None,
}
_OWN = frozenset({"name", "dispatch", "dropped"})
"""Of the fields that two dumps are compared by, those that nodes may differ in."""
FIELDS = (
    *(
        Field(name, read, _TOLD.get(name, lambda port, scope: True))
        for name, read in {**OUTER, **INNER}.items()
        if name not in _OWN
    ),
    Field("endpoints", _endpoints, _endpoints_told),
    Field("shares", _shares, _endpoints_told),
)
NAMES = tuple(field.name for field in FIELDS)


def state_of(port: ServicePort, scope: Scope) -> State:
    """Reads a Service port; its own chains are looked at for that."""
    values = tuple(_value(field.read(port)) if field.told(port, scope) else None for field in FIELDS)
    addresses = tuple(each.address for each in port.frontends)
    return State(port.title, port.protocol, port.chain, addresses, values)


def _value(found: Any) -> Value:
    if found is None:
        return ()
    return tuple(map(str, found)) if isinstance(found, list) else (str(found),)
