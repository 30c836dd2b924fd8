"""What the API says of endpoints against what the rules do."""

from __future__ import annotations

from collections.abc import Iterator

from kptui.kubernetes.api import ApiEndpoint, ApiPort
from kptui.kubernetes.balancing import split_address
from kptui.kubernetes.checks.api_services import TOGETHER, pairs, place
from kptui.kubernetes.checks.finding import Check, Found, Place
from kptui.kubernetes.checks.view import View
from kptui.kubernetes.service import ServicePort
from kptui.netfilter.address import family_of, parse, show
from kptui.records import dataclass

Address = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class Both:
    """A Service port's endpoints: what the API has, what kube-proxy should use of it, and what the rules use."""

    told: ApiPort
    port: ServicePort
    known: dict[Address, ApiEndpoint]
    usable: dict[Address, ApiEndpoint]
    cluster: dict[Address, Place]
    local: dict[Address, Place]


def _both(view: View) -> Iterator[Both]:
    for api, told, port in pairs(view):
        if api.endpoints is not None:
            known: dict[Address, ApiEndpoint] = {(each.ip, each.port): each for each in api.of(told, view.family)}
            yield Both(told, port, known, _usable(known), _used(view, port, "svc"), _locals(view, port))


def _usable(known: dict[Address, ApiEndpoint]) -> dict[Address, ApiEndpoint]:
    """Ready ones; only if there is none, those that still serve while they end (KEP-1669)."""
    ready = {key: each for key, each in known.items() if each.ready}
    return ready or {key: each for key, each in known.items() if each.ending}


def _locals(view: View, port: ServicePort) -> dict[Address, Place]:
    return _used(view, port, "svl") or _used(view, port, "xlb")


def _used(view: View, port: ServicePort, part: str) -> dict[Address, Place]:
    """The endpoints that a chain of a Service port leads to."""
    balance = view.balancings.get(f"KUBE-{part.upper()}-{port.hash}")
    found: dict[Address, Place] = {}
    for way in balance.ways if balance is not None else ():
        there = view.endpoints.get(way.chain)
        if balance is not None and there is not None and there.to is not None:
            found.setdefault(_normal(there.to), Place("nat", balance.chain, way.number, way.line))
    return found


def _normal(text: str) -> Address:
    ip, port = split_address(text)
    try:
        return show(parse(ip, family_of(ip)), family_of(ip)), port
    except ValueError:
        return ip, port


def _text(address: Address) -> str:
    ip, port = address
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def _moved(both: Both, address: Address) -> ApiEndpoint | None:
    """The same pod at another port, that the rules don't lead to."""
    used = {*both.cluster, *both.local}
    return next((e for key, e in both.usable.items() if key[0] == address[0] and key not in used), None)


def _stale(view: View) -> Iterator[Found]:
    for both in view.once(_both):
        for address, where in {**both.local, **both.cluster}.items():
            told = both.known.get(address)
            if address in both.usable or _moved(both, address) is not None:
                continue
            # This node's policy may have no ready endpoint where the whole cluster has.
            if told is not None and told.ending and address not in both.cluster:
                continue
            why = "which is not ready" if told is not None else "which is no endpoint of it any more"
            yield Found(where, f"{both.port.title} leads to {_text(address)}, {why}")


def _wrong_port(view: View) -> Iterator[Found]:
    for both in view.once(_both):
        for address, where in {**both.local, **both.cluster}.items():
            moved = _moved(both, address) if address not in both.usable else None
            if moved is not None:
                message = f"{both.port.title} leads to {_text(address)}, but the endpoint is {moved.address}"
                yield Found(where, message)


def _missing(view: View) -> Iterator[Found]:
    for both in view.once(_both):
        lost = list(_lost(view, both))
        if not lost:
            continue
        shown = ", ".join(each.address for each in lost[:4])
        more = f" and {len(lost) - 4} more" if len(lost) > 4 else ""
        refused = any(each.refusal == "rejected" for each in both.port.frontends)
        what = "is refused, though there are endpoints" if refused else "does not lead to"
        yield Found(place(both.port), f"{both.port.title} {what}: {shown}{more}")


def _lost(view: View, both: Both) -> Iterator[ApiEndpoint]:
    """Endpoints that the rules should lead to, and don't, as far as that can be told without knowing the node."""
    used = {address[0] for address in (*both.cluster, *both.local)}
    refused = any(each.refusal == "rejected" for each in both.port.frontends)
    balanced = f"KUBE-SVC-{both.port.hash}" in view.balancings
    # Up to 1.23 an internal policy of Local keeps other nodes' endpoints out of this chain; topology hints always do.
    all_of_them = (
        balanced and both.told.internal_policy == "Cluster" and not any(e.hinted for e in both.usable.values())
    )
    node = view.api.node if view.api is not None else None
    for address, each in both.usable.items():
        here = node is not None and each.node == node
        unused = address[0] not in used and (refused or all_of_them or (here and (balanced or both.local)))
        if unused or (here and both.local and address not in both.local and address in both.cluster):
            yield each


CHECKS = (
    Check(
        "endpoint-stale", "error", "Rules that lead to an endpoint that is gone or not ready (--endpoints)",
        "Packets go to a pod that is gone, or that can't serve them: some connections fail.",
        TOGETHER,
        _stale,
    ),
    Check(
        "endpoint-missing", "warning", "An endpoint that is ready, and that no rule leads to (--endpoints)",
        "The pod gets no packets of the Service from this node. Endpoints of other nodes that a Local policy leaves "
        "out, and those that topology hints keep for other zones, are not meant; --node tells which node the rules "
        "are of.",
        TOGETHER,
        _missing,
    ),
    Check(
        "endpoint-wrong-port", "error", "Rules that lead to another port of a pod than the API says (--endpoints)",
        "The targetPort was changed, and the rules still have the old one.",
        TOGETHER,
        _wrong_port,
    ),
)  # fmt: skip
