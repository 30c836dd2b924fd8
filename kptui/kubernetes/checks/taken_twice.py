"""Two Services on one address and port, or on one node port: only the one whose rule stands first gets packets."""

from __future__ import annotations

from collections.abc import Iterator

from kptui.kubernetes.checks.finding import Check, Found, Place
from kptui.kubernetes.checks.view import View
from kptui.kubernetes.frontend import Frontend, RuleRef
from kptui.kubernetes.service import ServicePort
from kptui.records import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """A Service port's rule for an address."""

    port: ServicePort
    frontend: Frontend
    ref: RuleRef


def _doubles(view: View) -> Iterator[tuple[Claim, Claim]]:
    """Claims on an address that another Service port has, with the claim that comes first."""
    claims: dict[tuple[str, str | None, int], list[Claim]] = {}
    for port in view.services:
        for frontend in port.frontends:
            for ref in frontend.rules[:1]:
                key = (port.protocol, frontend.ip, frontend.port)
                claims.setdefault(key, []).append(Claim(port, frontend, ref))
    for found in claims.values():
        first, *others = sorted(found, key=lambda claim: claim.ref.number)
        yield from ((claim, first) for claim in others if claim.port.hash != first.port.hash)


def explained_lines(view: View) -> frozenset[int]:
    """Lines of dispatch rules that are told of here, and so need no other finding."""
    return frozenset(ref.line for claim, _ in view.once(_doubles) for ref in claim.frontend.rules)


def _addresses(view: View) -> Iterator[Found]:
    for claim, first in view.once(_doubles):
        if claim.frontend.ip is not None:
            yield _found(claim, first, f"{claim.frontend.kind} {claim.frontend.address}")


def _node_ports(view: View) -> Iterator[Found]:
    for claim, first in view.once(_doubles):
        if claim.frontend.ip is None:
            yield _found(claim, first, f"node port {claim.frontend.port}")


def _found(claim: Claim, first: Claim, what: str) -> Found:
    ref = claim.ref
    message = (
        f"{what}/{claim.port.protocol} of {claim.port.title} is {first.port.title}'s too, whose rule "
        f"{first.ref.number} (line {first.ref.line}) comes first: {claim.port.title} gets nothing there"
    )
    return Found(Place(ref.table, ref.chain, ref.number, ref.line), message)


CHECKS = (
    Check(
        "address-taken-twice", "error", "Two Services on one address and port",
        "Both have a rule for it in KUBE-SERVICES, and the first takes every packet. Kubernetes keeps cluster IPs "
        "apart, but nobody checks external IPs, and load balancers may give one address to several Services.",
        "Compare spec.externalIPs and status.loadBalancer of the two: kubectl get services -A -o wide.",
        _addresses,
    ),
    Check(
        "node-port-taken-twice", "error", "Two Services on one node port",
        "Both have a rule for it in KUBE-NODEPORTS, and the first takes every packet. The API server gives a node "
        "port once, so one of the two is most likely a rest of a deleted Service, or the rules were edited.",
        "Look which of the two still exists: kubectl get services -A; if both do, at kube-proxy's log.",
        _node_ports,
    ),
)  # fmt: skip
