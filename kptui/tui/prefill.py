"""A trace form filled in for what is selected: a Service's address, an endpoint's, a node port's."""

from __future__ import annotations

from dataclasses import replace

from kptui.ask.request import Request
from kptui.kubernetes.services import ServicePort, endpoint
from kptui.ruleset.jumps import leads_to
from kptui.syntax.ast import Chain, Rule, Table
from kptui.tui.naming import Naming


def prefill(request: Request, table: Table | None, chain: Chain | None, rule: Rule | None, naming: Naming) -> Request:
    """The request with the destination of the selected rule or chain; unchanged where nothing is to be had from it."""
    if table is None or chain is None:
        return request
    if rule is not None:
        asked = _from_rule(request, rule, table, naming)
        if asked is not None:
            return asked
    service = naming.service(table, chain.name)
    if service is not None:
        return from_service(request, service)
    return _from_endpoint(request, chain)


def _from_rule(request: Request, rule: Rule, table: Table, naming: Naming) -> Request | None:
    """A rule that names an address or a port by itself, or jumps to a Service's chain."""
    destination, protocol = rule.option("destination"), rule.option("protocol")
    port = next((o.value for m in rule.matches for o in m.options if o.name == "dport" and not o.negated), "")
    single = destination and not destination.negated and destination.value.endswith(("/32", "/128"))
    if single and destination:
        proto = protocol.value if protocol and not protocol.negated else request.proto
        return replace(request, dst=destination.value.partition("/")[0], dport=port, proto=proto)
    if port.isdecimal() and protocol and request.local:
        return replace(request, dst=request.local[0].partition("/")[0], dport=port, proto=protocol.value)
    chain = leads_to(rule, table)
    service = naming.service(table, chain) if chain else None
    return from_service(request, service) if service else None


def from_service(request: Request, service: ServicePort) -> Request:
    """The request with a Service's cluster IP and port as destination, its node port if it has no cluster IP."""
    if service.cluster_ip is None:
        return replace(request, dport=str(service.node_port or ""), proto=service.protocol)
    return replace(request, dst=service.cluster_ip, dport=str(service.port or ""), proto=service.protocol)


def _from_endpoint(request: Request, chain: Chain) -> Request:
    where = endpoint(chain) if chain.name.startswith("KUBE-SEP-") else None
    if where is None:
        return request
    bracketed = where.startswith("[")
    address, _, port = where.rpartition(":") if bracketed or where.count(":") == 1 else (where, "", "")
    return replace(request, dst=address.strip("[]"), dport=port)
