"""The dispatch chains of one family, read: which address and port leads to which Service, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kptui.kubernetes.frontend import Frontend, Kind, Refusal, RuleRef
from kptui.kubernetes.known_names import KnownNames
from kptui.kubernetes.names import parted, service_hash, service_in
from kptui.kubernetes.service import ServicePort
from kptui.records import dataclass, replace
from kptui.slices import Told, nobody, slices
from kptui.syntax.ast import Chain, Rule, Table
from kptui.syntax.reader import holding

_KINDS: Mapping[str, Kind] = {
    "cluster IP": "cluster IP",
    "external IP": "external IP",
    "loadbalancer IP": "load balancer IP",
}
"""How kube-proxy's comments end, and what they mean."""
_REFUSING: Mapping[str, Refusal] = {"REJECT": "rejected", "DROP": "dropped"}
_ONE_HOST = ("32", "128", "", "255.255.255.255")
HEALTH_CHECK = "health check node port"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a dispatch rule asks: protocol, destination (None: any), port; `narrow` if it asks for a source too."""

    protocol: str
    ip: str | None
    port: int
    narrow: bool


class Dispatch:
    """Collects Service ports from the rules of one family's dispatch chains."""

    def __init__(self, family: int, chains: Mapping[str, Chain], names: KnownNames) -> None:
        """`chains` are those of the nat table."""
        self.ports: dict[str, ServicePort] = {}
        self.ipvs = False
        self.node_port_addresses: list[str] = []
        self.family = family
        self.chains = chains
        self._names = names
        self._named: dict[tuple[str, str], ServicePort] = {}

    def read(self, nat: Table | None, filtering: Table | None, told: Told = nobody) -> None:
        """Read the chains that kube-proxy dispatches in: first those that lead somewhere, then those that refuse.

        `told` is called now and then, and may raise.
        """
        for rule in slices(_rules(nat, "KUBE-SERVICES"), told):
            self._service(rule)
        for rule in slices(_rules(nat, "KUBE-NODEPORTS"), told):
            self._node_port(rule)
        for rule in slices(_rules(filtering, "KUBE-SERVICES"), told):
            self._refusal(rule, external=False)
        for rule in slices(_rules(filtering, "KUBE-EXTERNAL-SERVICES"), told):
            self._refusal(rule, external=True)
        for rule in slices(_rules(filtering, "KUBE-NODEPORTS"), told):
            self._health_check(rule)
        self._settle()

    def name_of(self, hashed: str, nat: Table | None) -> str:
        """The name of the Service port whose chains end so; empty if the rules that lead to them don't tell it.

        It reads these alone.
        """
        for rule in holding(_rules(nat, "KUBE-SERVICES"), hashed):
            self._service(rule)
        for rule in holding(_rules(nat, "KUBE-NODEPORTS"), hashed):
            self._node_port(rule)
        found = self.ports.get(hashed)
        return found.name if found is not None else ""

    def from_chains(self) -> None:
        """Without dispatch chains, as in a few grepped lines, take every Service's chain for one."""
        for name in self.chains:
            there = parted(name)
            if there is None or there[1] in self.ports:
                continue
            port = self.of_chain(name)
            self.ports[there[1]] = port

    def of_chain(self, name: str) -> ServicePort:
        """The Service port of a chain that no dispatch rule leads to, as far as its own rules tell."""
        there = parted(name)
        hashed = there[1] if there else name
        port = ServicePort(hashed, "", "", self.family, self.chains)
        for chain in port.chains.values():
            for rule in self.chains[chain].rules:
                port.name = port.name or service_in(rule.comment or "") or ""
                asked = _asked(rule)
                if asked is not None and asked.ip and chain == port.chain and port.cluster_ip is None:
                    port.protocol = asked.protocol
                    port.frontends.append(Frontend("cluster IP", asked.ip, asked.port))
        return self._named_by_hash(port)

    def _named_by_hash(self, port: ServicePort) -> ServicePort:
        known = self._names.by_hash(port.hash)
        if known is not None:
            port.name, port.protocol = port.name or known.name, port.protocol or known.protocol
        return port

    def _service(self, rule: Rule) -> None:
        """A rule of KUBE-SERVICES in nat."""
        target = rule.target.name if rule.target else ""
        there = parted(target)
        if there is None:
            self._other(rule, target)
            return
        asked = _asked(rule)
        if asked is None or asked.ip is None:
            return
        port = self._port(there[1], asked, rule.comment)
        kind, certain = _kind(rule.comment or "", there[0], port)
        _add(port, Frontend(kind, asked.ip, asked.port, target, (RuleRef.of("nat", rule),), certain=certain))

    def _other(self, rule: Rule, target: str) -> None:
        """A rule that leads to no Service's chain: to the node ports, or (in IPVS mode) by a set of addresses."""
        if target == "KUBE-NODEPORTS":
            destination = rule.option("destination")
            if destination is not None and not destination.negated:
                self.node_port_addresses.append(destination.value.partition("/")[0])
        elif not self.ipvs:
            sets = (o.values[:1] for m in rule.matches if m.name == "set" for o in m.options if o.name == "match-set")
            self.ipvs = any(name[0].endswith("CLUSTER-IP") for name in sets if name)

    def _node_port(self, rule: Rule) -> None:
        """A rule of KUBE-NODEPORTS in nat; those that ask for 127.0.0.0/8 only count or mark."""
        target = rule.target.name if rule.target else ""
        there = parted(target)
        asked = _asked(rule) if there is not None else None
        if there is None or asked is None or asked.narrow:
            return
        port = self._port(there[1], asked, rule.comment)
        _add(port, Frontend("node port", None, asked.port, target, (RuleRef.of("nat", rule),)))

    def _refusal(self, rule: Rule, external: bool) -> None:
        """A rule of the filter table that rejects or drops for want of endpoints."""
        refusal = _REFUSING.get(rule.target.name) if rule.target else None
        asked = _asked(rule) if refusal else None
        if asked is None:
            return
        port = self._refused_port(asked, rule.comment)
        ref = RuleRef.of("filter", rule)
        if asked.ip is None:
            _add(port, Frontend("node port", None, asked.port, refusal=refusal, refused_by=ref))
        elif not external:
            _add(port, Frontend("cluster IP", asked.ip, asked.port, refusal=refusal, refused_by=ref))
        else:
            found = next((each for each in port.frontends if (each.ip, each.port) == (asked.ip, asked.port)), None)
            kind: Kind = found.kind if found else "external IP"
            certain = found is not None and found.certain
            _add(port, Frontend(kind, asked.ip, asked.port, refusal=refusal, refused_by=ref, certain=certain))

    def _health_check(self, rule: Rule) -> None:
        asked = _asked(rule)
        name = service_in(rule.comment or "")
        if asked is None or name is None or HEALTH_CHECK not in (rule.comment or ""):
            return
        service = name.partition(":")[0]
        for port in self._of_service().get(service, ()):
            port.health_check_node_port = asked.port

    def _of_service(self) -> dict[str, list[ServicePort]]:
        """The ports by their Service, once every name is known."""
        if self._services is None:
            self._services = {}
            for port in self.ports.values():
                self._services.setdefault(port.service, []).append(port)
        return self._services

    _services: dict[str, list[ServicePort]] | None = None

    def _port(self, hashed: str, asked: Asked, comment: str | None) -> ServicePort:
        """The Service port of a chain."""
        found = self.ports.get(hashed)
        if found is None:
            found = ServicePort(hashed, "", asked.protocol, self.family, self.chains)
            self.ports[hashed] = self._named_by_hash(found)
        if comment and not found.name:
            found.name = service_in(comment) or ""
        if found.name:
            self._named.setdefault((found.name, found.protocol), found)
        return found

    def _refused_port(self, asked: Asked, comment: str | None) -> ServicePort:
        """The Service port that a refusing rule speaks of: by its comment, else by its address alone."""
        known = self._names.by_address(asked.ip, asked.port, asked.protocol)
        name = service_in(comment or "") or (known.name if known else "")
        if not name:
            where = asked.ip or "node port"
            return self._nameless(f"{where} {asked.port} {asked.protocol}", asked)
        found = self._named.get((name, asked.protocol))
        return found or self._port(service_hash(name, asked.protocol), asked, name)

    def _nameless(self, key: str, asked: Asked) -> ServicePort:
        for port in self.ports.values():
            if port.protocol == asked.protocol and any(
                (each.ip, each.port) == (asked.ip, asked.port) for each in port.frontends
            ):
                return port
        found = self.ports[key] = ServicePort("", "", asked.protocol, self.family, self.chains)
        return found

    def _settle(self) -> None:
        """An address that only refusing rules have is most likely a load balancer's if the Service has a node port."""
        for port in self.ports.values():
            if all(each.certain for each in port.frontends):
                continue
            likely: Kind = "load balancer IP" if port.node_port is not None else "external IP"
            port.frontends = [each if each.certain else replace(each, kind=likely) for each in port.frontends]


def _rules(table: Table | None, chain: str) -> Sequence[Rule]:
    found = table.chains.get(chain) if table else None
    return found.rules if found is not None else ()


def _asked(rule: Rule) -> Asked | None:
    """What a dispatch rule asks for, None if it isn't just one protocol and port (and address)."""
    protocol = ip = None
    narrow = False
    for option in rule.generic:
        if option.name == "protocol" and not option.negated:
            protocol = option.value.lower()
        elif option.name == "destination" and not option.negated:
            ip, _, length = option.value.partition("/")
            if length not in _ONE_HOST:
                ip, narrow = None, True
        else:
            narrow = True
    if protocol is None:
        return None
    for match in rule.matches:
        for option in match.options:
            if option.name == "dport" and not option.negated and option.value.isdecimal():
                return Asked(protocol, ip, int(option.value), narrow)
    return None


def _kind(comment: str, part: str, port: ServicePort) -> tuple[Kind, bool]:
    """What an address is, and whether that is certain; kube-proxy writes a Service's cluster IP first."""
    for words, kind in _KINDS.items():
        if comment.endswith(words):
            return kind, True
    if part == "fw":
        return "load balancer IP", True
    if part in ("svc", "svl") and port.cluster_ip is None:
        return "cluster IP", True
    return "external IP", False


def _add(port: ServicePort, new: Frontend) -> None:
    """Add a frontend, or what a further rule says of one that is known."""
    for index, old in enumerate(port.frontends):
        if old.ip == new.ip and old.port == new.port and old.kind == new.kind:
            port.frontends[index] = replace(
                old,
                chain=old.chain or new.chain,
                rules=(*old.rules, *new.rules),
                refusal=old.refusal or new.refusal,
                refused_by=old.refused_by or new.refused_by,
            )
            return
    port.frontends.append(new)
