"""Service ports as the dispatch rules of kube-proxy tell them: names, addresses, ports (proxier.go 1.20 to 1.33)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kptui.kubernetes.names import ENDPOINT_PREFIX, service_hash, service_in, suffix
from kptui.syntax.ast import Chain, Rule, Ruleset


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of a Service; `name` is namespace/name, with :port-name if the port has one; `hash` joins its chains."""

    name: str
    protocol: str
    hash: str
    cluster_ip: str | None = None
    port: int | None = None
    node_port: int | None = None

    @property
    def service(self) -> str:
        """namespace/name, without the port's name."""
        return self.name.partition(":")[0]

    @property
    def chain(self) -> str:
        """The chain that balances over its endpoints."""
        return f"KUBE-SVC-{self.hash}"


class Services:
    """The Service ports of one ruleset, by the hash in their chains' names."""

    def __init__(self, ruleset: Ruleset) -> None:
        """Reads the dispatch chains; the chains behind them are looked at when asked for."""
        self._ruleset = ruleset
        self._found: dict[str, ServicePort] = {}
        for table, name in (
            ("nat", "KUBE-SERVICES"),
            ("nat", "KUBE-NODEPORTS"),
            ("filter", "KUBE-SERVICES"),
            ("filter", "KUBE-EXTERNAL-SERVICES"),
        ):
            chain = ruleset.chain(table, name)
            for rule in chain.rules if chain else ():
                self._learn(rule, name)

    def __iter__(self) -> Iterator[ServicePort]:
        """Every Service port, by name."""
        return iter(sorted(self._found.values(), key=lambda found: (found.name, found.protocol)))

    def __len__(self) -> int:
        """How many there are."""
        return len(self._found)

    def by_chain(self, chain: str) -> ServicePort | None:
        """The Service port a KUBE-SVC-, -SVL-, -EXT-, -FW- or -XLB- chain belongs to."""
        hashed = suffix(chain)
        return self._found.get(hashed) if hashed else None

    def named(self, name: str) -> list[ServicePort]:
        """The ports of namespace/name, or the one of namespace/name:port-name; a port's number will do for its name."""
        service, _, port = name.partition(":")
        ports = [found for found in self._found.values() if found.service == service]
        if port:
            ports = [found for found in ports if found.name == name] or [p for p in ports if str(p.port) == port]
        return sorted(ports, key=lambda found: (found.name, found.protocol))

    def _learn(self, rule: Rule, chain: str) -> None:
        name = service_in(rule.comment or "")
        protocol = rule.option("protocol")
        if not name or protocol is None:
            return
        hashed = service_hash(name, protocol.value)
        known = self._found.get(hashed) or ServicePort(name, protocol.value, hashed)
        self._found[hashed] = _with(known, rule, chain)


def _with(known: ServicePort, rule: Rule, chain: str) -> ServicePort:
    """What is known of a Service port after one more rule of a dispatch chain."""
    port = next(
        (int(o.value) for m in rule.matches for o in m.options if o.name == "dport" and o.value.isdecimal()), None
    )
    destination = rule.option("destination")
    if destination is None:
        return replace(known, node_port=port) if chain != "KUBE-SERVICES" and known.node_port is None else known
    external = any(word in (rule.comment or "") for word in ("external IP", "loadbalancer IP"))
    if chain == "KUBE-SERVICES" and not external and known.cluster_ip is None:
        return replace(known, cluster_ip=destination.value.partition("/")[0], port=port)
    return known


def label(chain: Chain, services: Services) -> str | None:
    """What a chain of kube-proxy's stands for: the Service port or the endpoint's address; None for other chains."""
    if chain.name.startswith(ENDPOINT_PREFIX):
        return endpoint(chain)
    if suffix(chain.name) is None:
        return None
    found = services.by_chain(chain.name)
    if found:
        return found.name
    comments = (service_in(rule.comment or "") for rule in chain.rules)
    return next((name for name in comments if name), None)


def endpoint(chain: Chain) -> str | None:
    """The address that a chain translates to, None if it doesn't."""
    for rule in chain.rules:
        if rule.target and rule.target.name == "DNAT":
            return next((o.value for o in rule.target.options if o.name in ("to-destination", "to") and o.value), None)
    return None
