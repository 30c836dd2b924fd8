"""What the API server says of Services and their endpoints: `kubectl get services,endpointslices -A -o json`, read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, TypeVar

from kptui.errors import UsageError
from kptui.kubernetes.items import items_of
from kptui.kubernetes.names import service_hash
from kptui.netfilter.address import family_of, parse, show
from kptui.records import dataclass, field
from kptui.text import visible

Policy = Literal["Cluster", "Local"]
Read = TypeVar("Read")
_OTHER_PROXY = "service.kubernetes.io/service-proxy-name"
_OF_SERVICE = "kubernetes.io/service-name"
_AFFINITY_SECONDS = 10800
_EXPECTED = "expected the output of `kubectl get … -A -o json`"


@dataclass(frozen=True, slots=True)
class ApiEndpoint:
    """One address and port of an endpoint, as kube-proxy would take it (a slice's `ready` left out means yes).

    `hinted` if topology hints may keep it from nodes of other zones.
    """

    ip: str
    port: int
    ready: bool = True
    ending: bool = False
    node: str | None = None
    hinted: bool = False

    @property
    def address(self) -> str:
        """10.42.0.199:80 or [fd00::1]:80."""
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"


@dataclass(frozen=True, slots=True)
class ApiPort:
    """One port of a Service that kube-proxy writes rules for; addresses of both families are together."""

    name: str
    protocol: str
    port: int
    node_port: int | None
    cluster_ips: tuple[str, ...]
    external_ips: frozenset[str]
    internal_policy: Policy
    external_policy: Policy
    affinity: int | None
    source_ranges: frozenset[str]

    @property
    def hash(self) -> str:
        """What the names of its chains end in."""
        return service_hash(self.name, self.protocol)

    @property
    def service(self) -> str:
        """namespace/name."""
        return self.name.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Api:
    """Service ports by their hash, and endpoints by hash; `endpoints` is None where nobody told any."""

    ports: Mapping[str, ApiPort]
    endpoints: Mapping[str, list[ApiEndpoint]] | None = None
    node: str | None = None
    services: frozenset[str] = field(default=frozenset())
    """namespace/name of all Services, also of those without rules."""

    def cluster_ip(self, port: ApiPort, family: int) -> str | None:
        """The cluster IP of that family, None if it has none."""
        return next((ip for ip in port.cluster_ips if family_of(ip) == family), None)

    def of(self, port: ApiPort, family: int) -> list[ApiEndpoint]:
        """The endpoints of that family."""
        found = self.endpoints.get(port.hash, []) if self.endpoints is not None else []
        return [each for each in found if family_of(each.ip) == family]


def read_api(services: tuple[str, str], endpoints: tuple[str, str] | None = None, node: str | None = None) -> Api:
    """Read (file name, its text) of both lists; raises UsageError naming the file and the item."""
    items = items_of(*services, _EXPECTED)
    ports = {port.hash: port for port in _each(items, services[0], "Service", _ports)}
    names = frozenset(_each(items, services[0], "Service", lambda item: [_name(item)]))
    if endpoints is None:
        return Api(ports, None, node, names)
    found: dict[str, dict[tuple[str, int], ApiEndpoint]] = {}
    for hashed, each in _each(items_of(*endpoints, _EXPECTED), endpoints[0], "EndpointSlice", _endpoints):
        known = found.setdefault(hashed, {}).get((each.ip, each.port))
        # An address may be in two slices for a while; it is ready if it is so in one of them.
        if known is None or (each.ready and not known.ready):
            found[hashed][each.ip, each.port] = each
    return Api(ports, {hashed: list(each.values()) for hashed, each in found.items()}, node, names)


def _each(items: list[Any], name: str, kind: str, read: Callable[[Any], Iterable[Read]]) -> Iterator[Read]:
    for number, item in enumerate(items, 1):
        try:
            if item.get("kind", kind) != kind and not (kind == "EndpointSlice" and item["kind"] == "Endpoints"):
                raise ValueError(f"it is of kind {item['kind']}")
            yield from read(item)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            why = visible(str(error)) if isinstance(error, ValueError) else "something in it is missing or misshapen"
            raise UsageError(f"{visible(name)}, item {number}: this is no {kind}: {why}.") from None


def _name(item: Mapping[str, Any]) -> str:
    return f"{item['metadata'].get('namespace') or 'default'}/{item['metadata']['name']}"


def _full(service: str, port: str | None) -> str:
    return f"{service}:{port}" if port else service


def _address(text: str) -> str:
    """An address as kube-proxy writes it; raises ValueError."""
    family = family_of(text)
    return show(parse(text, family), family)


def _ports(item: Mapping[str, Any]) -> Iterator[ApiPort]:
    """The ports of a Service; none of one that kube-proxy leaves alone: headless, ExternalName, another proxy's."""
    spec = item["spec"]
    labels = item["metadata"].get("labels") or {}
    if spec.get("clusterIP") in ("", "None", None) or spec.get("type") == "ExternalName" or _OTHER_PROXY in labels:
        return
    cluster = tuple(_address(ip) for ip in spec.get("clusterIPs") or [spec["clusterIP"]])
    outside = [*(spec.get("externalIPs") or ()), *_ingress(item)]
    for port in spec.get("ports") or ():
        yield ApiPort(
            _full(_name(item), port.get("name")),
            str(port.get("protocol") or "TCP").lower(),
            int(port["port"]),
            int(port["nodePort"]) if port.get("nodePort") else None,
            cluster,
            frozenset(map(_address, outside)),
            "Local" if spec.get("internalTrafficPolicy") == "Local" else "Cluster",
            "Local" if spec.get("externalTrafficPolicy") == "Local" else "Cluster",
            _affinity(spec),
            frozenset(each.strip() for each in spec.get("loadBalancerSourceRanges") or ()),
        )


def _ingress(item: Mapping[str, Any]) -> Iterator[str]:
    """The load balancer's addresses; with ipMode Proxy kube-proxy writes no rules for them."""
    if item["spec"].get("type") != "LoadBalancer":
        return
    for each in ((item.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
        if each.get("ip") and each.get("ipMode", "VIP") != "Proxy":
            yield each["ip"]


def _affinity(spec: Mapping[str, Any]) -> int | None:
    if spec.get("sessionAffinity") != "ClientIP":
        return None
    told = ((spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}).get("timeoutSeconds")
    return int(told) if told is not None else _AFFINITY_SECONDS


def _endpoints(item: Mapping[str, Any]) -> Iterator[tuple[str, ApiEndpoint]]:
    if item.get("kind") == "Endpoints":
        yield from _old_endpoints(item)
        return
    service = (item["metadata"].get("labels") or {}).get(_OF_SERVICE)
    if service is None or item.get("addressType") == "FQDN":
        return
    service = f"{item['metadata'].get('namespace') or 'default'}/{service}"
    for port in item.get("ports") or ():
        hashed = service_hash(_full(service, port.get("name")), str(port.get("protocol") or "TCP"))
        if port.get("port") is None:
            continue
        for each in item.get("endpoints") or ():
            yield hashed, _endpoint(each, int(port["port"]))


def _endpoint(each: Mapping[str, Any], port: int) -> ApiEndpoint:
    """kube-proxy takes the first address alone (endpointslicecache.go)."""
    told = each.get("conditions") or {}
    ready = told.get("ready") is not False
    serving = told.get("serving", ready) is not False
    hints = (each.get("hints") or {}).get("forZones") or (each.get("hints") or {}).get("forNodes")
    ending = told.get("terminating") is True
    return ApiEndpoint(
        _address(each["addresses"][0]), port, ready, serving and ending, each.get("nodeName"), bool(hints)
    )


def _old_endpoints(item: Mapping[str, Any]) -> Iterator[tuple[str, ApiEndpoint]]:
    """`kubectl get endpoints`, which kube-proxy read up to 1.18."""
    for subset in item.get("subsets") or ():
        for port in subset.get("ports") or ():
            hashed = service_hash(_full(_name(item), port.get("name")), str(port.get("protocol") or "TCP"))
            for ready, key in ((True, "addresses"), (False, "notReadyAddresses")):
                for each in subset.get(key) or ():
                    yield (
                        hashed,
                        ApiEndpoint(_address(each["ip"]), int(port["port"]), ready, False, each.get("nodeName")),
                    )
