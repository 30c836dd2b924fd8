"""One port of a Service as a node's rules have it: where it is reached, under which policies, and its endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cached_property

from kptui.kubernetes.balancing import Balancing, Way, destination
from kptui.kubernetes.frontend import Frontend, Kind
from kptui.kubernetes.inside import Inside, Part, Policy, inside
from kptui.kubernetes.names import SERVICE_PREFIXES, parted
from kptui.records import dataclass, field, replace
from kptui.syntax.ast import Chain


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A pod's address (None where its chain does not translate), and its shares by cluster and by local policy.

    A share is None under a policy for which there is no chain, or where conditions of the rules leave it open. `local`
    is None where the rules don't tell. `line` is that of the rule that translates, `ways` those that lead to its chain.
    """

    ip: str | None
    port: int | None
    local: bool | None
    cluster_share: Fraction | None
    local_share: Fraction | None
    chain: str
    line: int
    ways: tuple[Way, ...] = ()

    @property
    def share(self) -> Fraction | None:
        """The share by cluster policy, else (where there is no chain for that) by local policy."""
        return self.cluster_share if self.cluster_share is not None else self.local_share

    @property
    def address(self) -> str:
        """10.42.0.199:80 or [fd00::1]:80; the chain's name where it does not translate."""
        if self.ip is None:
            return self.chain
        ip = f"[{self.ip}]" if ":" in self.ip and self.port is not None else self.ip
        return ip if self.port is None else f"{ip}:{self.port}"


@dataclass(eq=False)
class ServicePort:
    """One port of a Service; `hash` joins its chains, `name` is namespace/name[:port name], empty where none is told.

    What its own chains say (endpoints, policies, …) is read when first asked for.
    """

    hash: str
    name: str
    protocol: str
    family: int
    known: Mapping[str, Chain] = field(repr=False)
    frontends: list[Frontend] = field(default_factory=list)
    health_check_node_port: int | None = None

    @property
    def service(self) -> str:
        """namespace/name, without the port's name."""
        return self.name.partition(":")[0]

    @property
    def namespace(self) -> str:
        """The Service's namespace."""
        return self.name.partition("/")[0]

    @property
    def service_name(self) -> str:
        """The Service's name."""
        return self.service.partition("/")[2]

    @property
    def port_name(self) -> str:
        """The port's name, empty if it has none."""
        return self.name.partition(":")[2]

    @property
    def title(self) -> str:
        """Its name, else its first address, else its chain."""
        return self.name or next((each.address for each in self.frontends), self.chain)

    @property
    def chain(self) -> str:
        """The chain that balances over its endpoints (of cluster policy, if there are two)."""
        chains = self.chains
        return next((chains[part] for part in ("svc", "svl", "xlb") if part in chains), f"KUBE-SVC-{self.hash}")

    @cached_property
    def chains(self) -> dict[Part, str]:
        """Its chains by the part they play: svc, svl, ext, xlb, fw."""
        names = ((part, f"{prefix}{self.hash}") for prefix, part in SERVICE_PREFIXES.items())
        return {part: name for part, name in names if name in self.known}

    def first(self, kind: Kind) -> Frontend | None:
        """The first of its addresses of that kind."""
        return next((each for each in self.frontends if each.kind == kind), None)

    def ips(self, kind: Kind) -> tuple[str, ...]:
        """Its addresses of that kind."""
        return tuple(each.ip for each in self.frontends if each.kind == kind and each.ip is not None)

    @property
    def cluster_ip(self) -> str | None:
        """Its cluster IP, None where no rule has it."""
        found = self.first("cluster IP")
        return found.ip if found else None

    @property
    def port(self) -> int | None:
        """The port that it is reached by at its addresses."""
        return next((each.port for each in self.frontends if each.kind != "node port"), None)

    @property
    def node_port(self) -> int | None:
        """Its port on every address of the node, None without."""
        found = self.first("node port")
        return found.port if found else None

    @cached_property
    def inside(self) -> Inside:
        """What its own chains say."""
        return inside(self.chains, self.known)

    @property
    def session_affinity(self) -> int | None:
        """Seconds for which a client stays with its endpoint, None without session affinity."""
        return self.inside.affinity

    @property
    def source_ranges(self) -> tuple[str, ...]:
        """Who may come by the load balancer, empty: everyone."""
        return self.inside.source_ranges(self.frontends, self.family)

    @cached_property
    def internal_policy(self) -> Policy | None:
        """internalTrafficPolicy; None where the rules don't tell, as for a Service without any endpoints.

        1.21 to 1.23 left other nodes' endpoints out of KUBE-SVC- for Local, which looks as Cluster does.
        """
        return self._policy(each for each in self.frontends if each.kind == "cluster IP")

    @cached_property
    def external_policy(self) -> Policy | None:
        """externalTrafficPolicy; None where the rules don't tell, as for a Service that isn't reached from outside."""
        return self._policy(each for each in self.frontends if each.kind != "cluster IP")

    def _policy(self, frontends: Iterable[Frontend]) -> Policy | None:
        for each in frontends:
            there = parted(each.chain) if each.chain else None
            found = self.inside.policy(there[0]) if there else None
            if found is None and each.refusal == "dropped":
                found = "Local"
            if found is not None:
                return found
        return None

    @cached_property
    def refused(self) -> list[Frontend]:
        """The addresses at which packets are rejected or dropped for want of endpoints."""
        return [refused for each in self.frontends if (refused := self._refused(each)) is not None]

    def _refused(self, frontend: Frontend) -> Frontend | None:
        if frontend.refusal is not None:
            return frontend
        there = parted(frontend.chain) if frontend.chain else None
        rule = self.inside.dropped_in(there[0]) if there else None
        return replace(frontend, refusal="dropped", refused_by=rule) if rule is not None else None

    @property
    def cluster_balancing(self) -> Balancing | None:
        """How it balances over the endpoints of all nodes."""
        return self.inside.balancings.get("svc")

    @property
    def local_balancing(self) -> Balancing | None:
        """How it balances over the endpoints of this node alone."""
        found = self.inside.balancings
        return found.get("svl") or found.get("xlb")

    @cached_property
    def endpoints(self) -> list[Endpoint]:
        """Its endpoints in the order of the rules, those of local policy that cluster policy hasn't last."""
        cluster = _by_chain(self.cluster_balancing)
        local = _by_chain(self.local_balancing)
        elsewhere = self._elsewhere()
        return [self._endpoint(chain, cluster, local, elsewhere) for chain in dict.fromkeys([*cluster, *local])]

    def _endpoint(
        self, chain: str, cluster: dict[str, list[Way]], local: dict[str, list[Way]], elsewhere: bool | None
    ) -> Endpoint:
        known = self.known.get(chain)
        there = destination(known) if known is not None else None
        of_all, of_node = cluster.get(chain), local.get(chain)
        ways = (*(of_all or ()), *(of_node or ()))
        return Endpoint(
            there.ip if there else None,
            there.port if there else None,
            elsewhere if of_node is None else True,
            _sum(of_all) if self.cluster_balancing else None,
            _sum(of_node) if self.local_balancing else None,
            chain,
            there.line if there else ways[0].line,
            ways,
        )

    def _elsewhere(self) -> bool | None:
        """Whether a pod is on this node that no local policy's chain leads to: such a chain holds all that are."""
        if self.local_balancing is not None or "Local" in (self.internal_policy, self.external_policy):
            return False
        return None


def _by_chain(balancing: Balancing | None) -> dict[str, list[Way]]:
    found: dict[str, list[Way]] = {}
    for way in balancing.ways if balancing else ():
        found.setdefault(way.chain, []).append(way)
    return found


def _sum(ways: list[Way] | None) -> Fraction | None:
    if ways is None:
        return Fraction(0)
    if len(ways) == 1:
        return ways[0].share
    shares = [way.share for way in ways if way.share is not None]
    return sum(shares, Fraction(0)) if len(shares) == len(ways) else None
