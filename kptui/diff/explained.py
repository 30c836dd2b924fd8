"""Which rules' differences a Service's own differences account for, so that nothing is told twice, and nothing lost."""

from __future__ import annotations

from collections.abc import Mapping

from kptui.diff.chains import RuleChange
from kptui.diff.services import Key, ServiceChange
from kptui.kubernetes.names import ENDPOINT_PREFIX, parted, service_in
from kptui.syntax.ast import Rule

DISPATCH = frozenset({
    ("nat", "KUBE-SERVICES"), ("nat", "KUBE-NODEPORTS"), ("filter", "KUBE-SERVICES"),
    ("filter", "KUBE-EXTERNAL-SERVICES"), ("filter", "KUBE-NODEPORTS"), ("filter", "KUBE-PROXY-FIREWALL"),
})  # fmt: skip
"""Chains in which each Service has rules of its own."""
_OUTER = ("name", "cluster_ip", "node_port", "external", "health_check_node_port", "rejected", "dropped", "dispatch")
_BY_PART = {
    "svc": ("endpoints", "session_affinity_seconds"),
    "svl": ("endpoints", "session_affinity_seconds", "local_endpoints"),
    "xlb": ("endpoints", "session_affinity_seconds", "local_endpoints", "dropped", "external_traffic_policy"),
    "ext": ("external_traffic_policy", "dropped", "rejected", "local_endpoints", "endpoints"),
    "fw": ("source_ranges", "external_traffic_policy", "external", "dispatch"),
    "sep": ("endpoints", "session_affinity_seconds", "local_endpoints"),
}
"""What may be another about a Service when rules of these chains of its are."""


class Explained:
    """The Services that differ, asked about rules that do."""

    def __init__(self, services: Mapping[Key, ServiceChange]) -> None:
        """Services by their key."""
        self._services = services
        self._named: dict[tuple[int, str], list[ServiceChange]] = {}
        for change in services.values():
            port = change.port
            for name in {port.name, port.service}:
                self._named.setdefault((port.family, name), []).append(change)

    def chain(self, key: Key) -> bool:
        """Whether a chain of a Service that was added or removed is accounted for."""
        return key in self._services

    def own_rule(self, key: Key, chain: str, change: RuleChange) -> bool:
        """Whether a rule of one of a Service's own chains is."""
        service = self._services.get(key)
        if service is None:
            return False
        if service.kind != "changed":
            return True
        there = parted(chain)
        part = there[0] if there is not None else "sep"
        target = change.rule.target.name if change.rule.target is not None else ""
        if part in ("svc", "svl", "xlb") and not target.startswith(ENDPOINT_PREFIX):
            # The rule that marks for masquerading names the cluster IP.
            return service.touches("cluster_ip", "name") and _but_destination(change)
        return service.touches(*_BY_PART[part], "name")

    def dispatch_rule(self, family: int, chain: str, change: RuleChange) -> bool:
        """Whether a rule of a chain that all Services share is."""
        if change.kind == "moved":
            return False
        return any(self._dispatched(family, chain, rule) for rule in (change.before, change.after) if rule is not None)

    def _dispatched(self, family: int, chain: str, rule: Rule) -> bool:
        there = parted(rule.target.name) if rule.target is not None else None
        found = [self._services[family, there[1]]] if there and (family, there[1]) in self._services else []
        name = service_in(rule.comment or "")
        if name is not None:
            found += self._named.get((family, name), [])
        fields = (*_OUTER, "source_ranges") if chain == "KUBE-PROXY-FIREWALL" else _OUTER
        return any(service.kind != "changed" or service.touches(*fields) for service in found)


def _but_destination(change: RuleChange) -> bool:
    """Whether a changed rule asks for the same but for where packets go."""
    if change.before is None or change.after is None:
        return False
    sides = []
    for rule in (change.before, change.after):
        generic = sorted(option for option in rule.generic if option.name != "destination")
        options = [o for match in rule.matches if match.name != "comment" for o in match.options if o.name != "dport"]
        sides.append((generic, sorted(options), rule.target))
    return sides[0] == sides[1]
