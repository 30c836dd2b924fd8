"""Services for programs: the JSON of `kptui services` (schema kptui.services/1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from kptui.kubernetes.frontend import Frontend, RuleRef
from kptui.kubernetes.routes import Route, routes
from kptui.kubernetes.service import Endpoint, ServicePort
from kptui.ruleset.translations import Translation

SCHEMA = "kptui.services/1"


def services_json(ports: Iterable[ServicePort]) -> dict[str, Any]:
    """All of the given Service ports, in their order."""
    return {"schema": SCHEMA, "services": [service_json(port) for port in ports]}


def service_json(port: ServicePort) -> dict[str, Any]:
    """One Service port; what nothing tells is null.

    `uncertain` names the fields that the rules don't tell; of these, a traffic policy has the API's default, Cluster.
    """
    refused = port.refused
    outside = any(each.kind != "cluster IP" for each in port.frontends)
    return {
        "namespace": port.namespace or None,
        "name": port.service_name or None,
        "port_name": port.port_name or None,
        "protocol": port.protocol or None,
        "family": port.family,
        "cluster_ip": port.cluster_ip,
        "port": port.port,
        "node_port": port.node_port,
        "external_ips": list(port.ips("external IP")),
        "load_balancer_ips": list(port.ips("load balancer IP")),
        "source_ranges": list(port.source_ranges),
        "session_affinity_seconds": port.session_affinity,
        "internal_traffic_policy": port.internal_policy or "Cluster",
        "external_traffic_policy": port.external_policy or ("Cluster" if outside else None),
        "health_check_node_port": port.health_check_node_port,
        "rejects": [_refused(each) for each in refused if each.refusal == "rejected"],
        "drops": [_refused(each) for each in refused if each.refusal == "dropped"],
        "endpoints": [_endpoint(each) for each in port.endpoints],
        "chains": {part: port.chains.get(part) for part in ("svc", "svl", "ext", "fw", "xlb")},
        "rules": [_rule(rule) for each in port.frontends for rule in each.rules],
        "uncertain": list(_uncertain(port)),
    }


def leading_json(found: Iterable[tuple[ServicePort, Endpoint]], others: Iterable[Translation] = ()) -> dict[str, Any]:
    """What leads to an endpoint: its Service ports in full, each with the ways from its addresses; and other rules."""
    return {
        "schema": SCHEMA,
        "services": [
            service_json(port) | {"routes": [_route(route) for route in routes(port, pod)]} for port, pod in found
        ],
        "others": [_rule(RuleRef.of(each.table.name, each.rule)) | {"text": each.rule.text} for each in others],
    }


def _route(route: Route) -> dict[str, Any]:
    frontend = route.frontend
    return {
        "kind": frontend.kind,
        "ip": frontend.ip,
        "port": frontend.port,
        "probability": _number(route.share),
        "share": _exact(route.share),
        "condition": route.condition or None,
        "rules": [_rule(rule) for rule in route.rules],
        "chain": route.chain,
    }


def _refused(frontend: Frontend) -> dict[str, Any]:
    by = frontend.refused_by
    return {
        "kind": frontend.kind,
        "ip": frontend.ip,
        "port": frontend.port,
        "table": by.table if by else None,
        "chain": by.chain if by else None,
        "rule": by.number if by else None,
        "line": by.line if by else None,
    }


def _endpoint(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "ip": endpoint.ip,
        "port": endpoint.port,
        "local": endpoint.local,
        "probability": _number(endpoint.share),
        "share": _exact(endpoint.share),
        "local_probability": _number(endpoint.local_share),
        "local_share": _exact(endpoint.local_share),
        "chain": endpoint.chain,
        "line": endpoint.line,
    }


def _rule(rule: RuleRef) -> dict[str, Any]:
    return {"table": rule.table, "chain": rule.chain, "rule": rule.number, "line": rule.line}


def _uncertain(port: ServicePort) -> Iterator[str]:
    """The fields that the rules don't tell, as of a Service without endpoints, whose chains are not written."""
    if any(not each.certain for each in port.frontends):
        # Whether an address is an external IP or a load balancer's; it is in the likelier one.
        yield from ("external_ips", "load_balancer_ips")
    balancers = [each.chain for each in port.frontends if each.kind == "load balancer IP"]
    if balancers and not any(balancers):
        yield "source_ranges"
    if not any(balancing.ways for balancing in port.inside.balancings.values()):
        yield "session_affinity_seconds"
    if port.internal_policy is None:
        yield "internal_traffic_policy"
    if port.external_policy is None and any(each.kind != "cluster IP" for each in port.frontends):
        yield "external_traffic_policy"


def _number(share: Fraction | None) -> float | None:
    return None if share is None else float(share)


def _exact(share: Fraction | None) -> str | None:
    return None if share is None else str(share)
