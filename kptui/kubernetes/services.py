"""The Services of a ruleset, read back from kube-proxy's rules (proxier.go 1.20 to 1.34), and ways to find one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from kptui.kubernetes.balancing import destination
from kptui.kubernetes.dispatch import Dispatch
from kptui.kubernetes.frontend import Frontend
from kptui.kubernetes.known_names import KnownNames
from kptui.kubernetes.names import ENDPOINT_PREFIX, parted, service_in, suffix
from kptui.kubernetes.service import Endpoint, ServicePort
from kptui.slices import Told, nobody
from kptui.syntax.ast import Chain, Family, Ruleset

__all__ = ["Endpoint", "Frontend", "ServicePort", "Services", "endpoint", "label", "service_label"]


class Services:
    """The Service ports of one ruleset, by the hash in their chains' names."""

    def __init__(self, ruleset: Ruleset, names: KnownNames | None = None) -> None:
        """Reads the dispatch chains when first asked, the chains behind them when asked for."""
        self._ruleset = ruleset
        self._names = names or KnownNames()

    def read(self, told: Told) -> None:
        """Read the dispatch chains now; `told` is called now and then, and what it raises ends the reading."""
        if "_found" not in vars(self):
            self._found = self._read(told)

    @cached_property
    def _found(self) -> list[Dispatch]:
        return self._read()

    def _read(self, told: Told = nobody) -> list[Dispatch]:
        found = []
        families = dict.fromkeys(table.family for table in self._ruleset.tables)
        for family in sorted(families, key=lambda family: family != self._ruleset.family):
            nat = self._ruleset.table("nat", family)
            read = self._unread(family)
            read.read(nat, self._ruleset.table("filter", family), told)
            if not read.ports:
                read.from_chains()
            found.append(read)
        return found

    def _unread(self, family: Family) -> Dispatch:
        nat = self._ruleset.table("nat", family)
        return Dispatch(family, nat.chains if nat else {}, self._names)

    @cached_property
    def _ports(self) -> list[ServicePort]:
        return sorted((port for read in self._found for port in read.ports.values()), key=_order)

    def __iter__(self) -> Iterator[ServicePort]:
        """Every Service port, by name; those without a name last."""
        return iter(self._ports)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._ports)

    @property
    def ipvs(self) -> bool:
        """True where kube-proxy runs in IPVS mode: its Services are in the kernel's IPVS tables, not in the rules."""
        return any(read.ipvs for read in self._found)

    @property
    def node_port_addresses(self) -> list[str]:
        """The addresses that node ports are restricted to (--nodeport-addresses), empty: all of the node."""
        return [address for read in self._found for address in read.node_port_addresses]

    def by_chain(self, chain: str, family: int | None = None) -> ServicePort | None:
        """The Service port a KUBE-SVC-, -SVL-, -EXT-, -FW- or -XLB- chain belongs to, of any family unless told."""
        hashed = suffix(chain)
        if hashed is None:
            return None
        tried = (read.ports.get(hashed) for read in self._found if family in (None, read.family))
        return next((port for port in tried if port is not None), None)

    def title(self, chain: str) -> str | None:
        """The name, else the first address of the Service port that a chain belongs to, None where neither is known.

        Where the rules that lead to the chain tell the name, no others are read.
        """
        hashed = suffix(chain)
        if hashed is not None and "_found" not in self.__dict__:
            own = self._ruleset.family
            name = self._unread(own).name_of(hashed, self._ruleset.table("nat", own))
            if name:
                return name
        found = self.by_chain(chain)
        return found.title if found and (found.name or found.frontends) else None

    def named(self, name: str) -> list[ServicePort]:
        """The ports of namespace/name, or the one of namespace/name:port-name; a port's number will do for its name.

        Those of the ruleset's own family, if it has any.
        """
        service, _, port = name.partition(":")
        both = [found for found in self._ports if found.service == service]
        ports = [found for found in both if found.family == self._ruleset.family] or both
        if port:
            ports = [found for found in ports if found.name == name] or [p for p in ports if str(p.port) == port]
        return ports

    def stale(self) -> list[ServicePort]:
        """Service ports whose chains are there but which no dispatch rule leads to, as far as their own rules tell.

        From 1.26 on kube-proxy leaves chains behind for a while where there are very many.
        """
        found = []
        for read in self._found:
            hashes: dict[str, str] = {}
            for name in read.chains:
                there = parted(name)
                if there is not None and there[1] not in read.ports:
                    hashes.setdefault(there[1], name)
            found += [read.of_chain(name) for name in hashes.values()]
        return found


def _order(port: ServicePort) -> tuple[bool, str, str, int]:
    return not port.name, port.title, port.protocol, port.family


def label(chain: Chain, services: Services) -> str | None:
    """What a chain of kube-proxy's stands for: the Service port or the endpoint's address; None for other chains."""
    return endpoint(chain) if chain.name.startswith(ENDPOINT_PREFIX) else service_label(chain, services)


def service_label(chain: Chain, services: Services) -> str | None:
    """The Service port that a chain of kube-proxy's stands for; None for other chains."""
    if suffix(chain.name) is None:
        return None
    title = services.title(chain.name)
    if title is not None:
        return title
    comments = (service_in(rule.comment or "") for rule in chain.rules)
    return next((name for name in comments if name), None)


def endpoint(chain: Chain) -> str | None:
    """The address that a chain translates to, None if it doesn't."""
    there = destination(chain)
    if there is None:
        return None
    ip = f"[{there.ip}]" if ":" in there.ip and there.port is not None else there.ip
    return ip if there.port is None else f"{ip}:{there.port}"
