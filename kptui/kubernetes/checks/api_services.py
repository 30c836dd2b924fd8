"""What the API says of Services against what the rules do."""

from __future__ import annotations

from collections.abc import Iterator

from kptui.kubernetes.api import Api, ApiPort
from kptui.kubernetes.checks.finding import Check, Found, Place
from kptui.kubernetes.checks.view import View
from kptui.kubernetes.frontend import Frontend
from kptui.kubernetes.service import ServicePort
from kptui.netfilter.address import network

TOGETHER = (
    "Both are of one moment only if they were taken together: dump and ask again. If it stays, look at "
    "kube-proxy's log."
)


def pairs(view: View) -> Iterator[tuple[Api, ApiPort, ServicePort]]:
    """The Service ports that both know."""
    api = view.api
    for port in view.services if api is not None else ():
        told = api.ports.get(port.hash) if api is not None else None
        if api is not None and told is not None and api.cluster_ip(told, view.family) is not None:
            yield api, told, port


def place(port: ServicePort) -> Place:
    """Where a Service port is to be seen: its first rule."""
    for frontend in port.frontends:
        if frontend.rules:
            ref = frontend.rules[0]
            return Place(ref.table, ref.chain, ref.number, ref.line)
    return _refusal(port.frontends) or Place("nat", port.chain, None, 0)


def _refusal(frontends: list[Frontend]) -> Place | None:
    ref = next((each.refused_by for each in frontends if each.refused_by is not None), None)
    return Place(ref.table, ref.chain, ref.number, ref.line) if ref is not None else None


def _missing(view: View) -> Iterator[Found]:
    api = view.api
    if api is None or not view.whole("nat"):
        return
    there = {port.hash for port in view.services}
    for told in api.ports.values():
        ip = api.cluster_ip(told, view.family)
        if ip is None or told.hash in there:
            continue
        # Without endpoints only filter has rules for it.
        served = api.endpoints is None or any(each.ready for each in api.of(told, view.family))
        if not served and not view.whole("filter"):
            continue
        message = f"{told.name} ({ip}:{told.port}/{told.protocol}) has no rule"
        yield Found(Place("nat", "KUBE-SERVICES", None, _line(view)), message)


def _line(view: View) -> int:
    chain = view.chain("nat", "KUBE-SERVICES")
    return chain.line if chain is not None else 0


def _stale(view: View) -> Iterator[Found]:
    api = view.api
    if api is None:
        return
    for port in view.services:
        told = api.ports.get(port.hash)
        if not port.hash or (told is not None and api.cluster_ip(told, view.family) is not None):
            continue
        if told is not None:
            message = f"{port.title} has rules, but no cluster IP of IPv{view.family} any more"
        elif port.service in api.services:
            what = f"port {port.port_name}" if port.port_name else "port without a name"
            message = f"{port.title} has rules, but the Service has no {what}/{port.protocol} with them any more"
        else:
            message = f"{port.title} has rules, but there is no such Service any more"
        yield Found(place(port), message)


def _addresses(view: View) -> Iterator[Found]:
    for api, told, port in pairs(view):
        ip = api.cluster_ip(told, view.family)
        if port.cluster_ip is not None and port.cluster_ip != ip:
            message = f"{port.title} is reached at {port.cluster_ip}, but its cluster IP is {ip}"
            yield Found(place(port), message)
        outside = {each.ip for each in port.frontends if each.kind in ("external IP", "load balancer IP") and each.ip}
        mine = {each for each in told.external_ips if (":" in each) == (view.family == 6)}
        if outside - mine:
            yield Found(
                place(port), f"{port.title} is reached at {_names(outside - mine)}, which it does not have any more"
            )
        if mine - outside:
            yield Found(place(port), f"{port.title} has {_names(mine - outside)}, for which there is no rule")


def _names(ips: set[str]) -> str:
    return ", ".join(sorted(ips))


def _port(view: View) -> Iterator[Found]:
    for _, told, port in pairs(view):
        wrong = next((each for each in port.frontends if each.ip is not None and each.port != told.port), None)
        if wrong is not None:
            yield Found(place(port), f"{port.title} is reached at port {wrong.port}, but its port is {told.port}")


def _node_port(view: View) -> Iterator[Found]:
    for _, told, port in pairs(view):
        if port.node_port == told.node_port:
            continue
        if told.node_port is None:
            message = f"{port.title} is reached at node port {port.node_port}, which it does not have any more"
        elif port.node_port is not None:
            message = f"{port.title} is reached at node port {port.node_port}, but its node port is {told.node_port}"
        elif view.called("nat", "KUBE-NODEPORTS") or not view.whole("nat"):
            message = f"{port.title} has node port {told.node_port}, for which there is no rule"
        else:
            # A node may be told to serve no node ports at all.
            continue
        yield Found(place(port), message)


def _settings(view: View) -> Iterator[Found]:
    for _, told, port in pairs(view):
        for what, is_, should in _compared(view, told, port):
            yield Found(place(port), f"{port.title}: {what} is {is_} in the rules, but {should} in the API")


def _compared(view: View, told: ApiPort, port: ServicePort) -> Iterator[tuple[str, object, object]]:
    """What differs: what it is, in the rules, in the API. What the rules don't tell is left out."""
    balanced = port.cluster_balancing or port.local_balancing
    if balanced is not None and balanced.ways and port.session_affinity != told.affinity:
        yield "session affinity", _seconds(port.session_affinity), _seconds(told.affinity)
    # Rules of 1.21 to 1.23 look alike for both internal policies.
    if port.internal_policy == "Local" and told.internal_policy == "Cluster":
        yield "the internal traffic policy", port.internal_policy, told.internal_policy
    if port.external_policy is not None and port.external_policy != told.external_policy:
        yield "the external traffic policy", port.external_policy, told.external_policy
    ranges, mine = _ranges(port.source_ranges, view.family), _ranges(told.source_ranges, view.family)
    if port.ips("load balancer IP") and "fw" in port.chains and ranges != mine and mine:
        yield "loadBalancerSourceRanges", ", ".join(sorted(port.source_ranges)), ", ".join(sorted(told.source_ranges))


def _seconds(seconds: int | None) -> str:
    return f"{seconds} seconds" if seconds is not None else "off"


def _ranges(texts: frozenset[str] | tuple[str, ...], family: int) -> set[tuple[int, int]]:
    found = set()
    for text in texts:
        if (":" in text) == (family == 6):
            net = network(text, family)
            found.add((net.address, net.mask))
    return found


CHECKS = (
    Check(
        "service-missing", "error", "A Service of the API that has no rules (--services)",
        "The API has it, with a cluster IP, but neither a chain nor a rejecting rule is there: what is sent to it "
        "goes nowhere.",
        TOGETHER,
        _missing,
    ),
    Check(
        "service-stale", "warning", "Rules for a Service that the API does not have (--services)",
        "The Service, or that port of it, was deleted, and its rules are still there.",
        TOGETHER,
        _stale,
    ),
    Check(
        "service-wrong-address", "error", "A Service at other addresses than the API says (--services)",
        "Its cluster IP, external IPs or load balancer addresses differ from the rules.",
        TOGETHER,
        _addresses,
    ),
    Check(
        "service-wrong-port", "error", "A Service at another port than the API says (--services)",
        "The port that clients have to use differs from the one in the rules.",
        TOGETHER,
        _port,
    ),
    Check(
        "service-wrong-node-port", "error", "A Service at another node port than the API says (--services)",
        "The node port differs, is missing, or is one that the Service does not have any more.",
        TOGETHER,
        _node_port,
    ),
    Check(
        "service-wrong-settings", "warning", "A Service by other settings than the API says (--services)",
        "Session affinity, a traffic policy or loadBalancerSourceRanges differ, as far as the rules tell them.",
        TOGETHER,
        _settings,
    ),
)  # fmt: skip
