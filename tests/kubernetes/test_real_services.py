"""The Services read back from dumps of real kube-proxies, field by field against the manifests these were given.

One test a dump, so that each is read once however the tests are spread over processes.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import pytest

from kptui.kubernetes.names import endpoint_hash, service_hash
from kptui.kubernetes.service import ServicePort
from kptui.kubernetes.services import Services
from kptui.loading import load
from tests.support import shared

REAL = ["0100", "0100-nft", "0100-ipv6", "0100-masqall", "1000", "5000", "v1.20-0100", "v1.24-0100", "v1.28-0100"]


class Told(NamedTuple):
    """A port of the manifest, and what was read back for it; `endpoints` are those told, and whether they are local."""

    version: str
    service: dict[str, Any]
    port: dict[str, Any]
    found: ServicePort
    endpoints: dict[tuple[str, int], bool]

    @property
    def local_policies(self) -> tuple[bool, bool]:
        """Whether the internal and the external traffic policy is Local."""
        return self.service["InternalTrafficPolicy"] == "Local", self.service["ExternalTrafficPolicy"] == "Local"


Pair = tuple[object, object]
"""What was read, and what it should be."""


def addresses(told: Told) -> Pair:
    found, service = told.found, told.service
    return (
        (found.cluster_ip, found.port, found.node_port, found.ips("external IP"), found.ips("load balancer IP")),
        (
            service["ClusterIP"],
            told.port["Port"],
            told.port["NodePort"] or None,
            tuple(service["ExternalIPs"] or ()),
            tuple(service["LBIPs"] or ()),
        ),
    )


def health_check_node_port(told: Told) -> Pair:
    """1.20 doesn't write any."""
    should = (told.service["HealthCheckNodePort"] or None) if "1.20" not in told.version else None
    return told.found.health_check_node_port, should


def source_ranges_and_affinity(told: Told) -> Pair:
    """Of a Service without endpoints the rules don't tell them."""
    if not told.endpoints:
        return (told.found.source_ranges, told.found.session_affinity), ((), None)
    seconds = 10800 if told.service["SessionAffinity"] == "ClientIP" else None
    return (
        (told.found.source_ranges, told.found.session_affinity),
        (tuple(told.service["LBSourceRanges"] or ()), seconds),
    )


def policies(told: Told) -> Pair:
    """Nor its policies; an external one is only there where a Service is reached from outside."""
    is_ = (told.found.internal_policy, told.found.external_policy)
    if not told.endpoints:
        return is_, (None, None)
    outside = told.service["Type"] != "ClusterIP" or told.service["ExternalIPs"]
    external = (told.service["ExternalTrafficPolicy"] or "Cluster") if outside else None
    return is_, (told.service["InternalTrafficPolicy"] or "Cluster", external)


def endpoints(told: Told) -> Pair:
    """Of a Service that only local policies lead to there are this node's endpoints alone."""
    is_ = {(pod.ip, pod.port): pod.local for pod in told.found.endpoints}
    if told.found.cluster_balancing is None:
        return is_, {pod: here for pod, here in told.endpoints.items() if here}
    return is_, {pod: here if any(told.local_policies) else None for pod, here in told.endpoints.items()}


def shares(told: Told) -> Pair:
    here = sum(told.endpoints.values())
    cluster = Fraction(1, len(told.endpoints)) if told.found.cluster_balancing and told.endpoints else None
    parts: set[Fraction | None] = {Fraction(1, here) if each else Fraction(0) for each in told.endpoints.values()}
    if cluster is None:
        parts -= {Fraction(0)}
    should = {(cluster, part if told.found.local_balancing else None) for part in parts}
    return (
        {(pod.cluster_share, pod.local_share) for pod in told.found.endpoints},
        should if told.found.endpoints else set(),
    )


def refusals(told: Told) -> Pair:
    """Without endpoints everything is rejected; without local ones, what comes by a local policy is dropped."""
    is_ = {(each.address, each.refusal) for each in told.found.refused}
    if not told.endpoints:
        return is_, {(each.address, "rejected") for each in told.found.frontends}
    internal, external = told.local_policies
    if any(told.endpoints.values()):
        internal = external = False
    dropped = [each for each in told.found.frontends if (internal if each.kind == "cluster IP" else external)]
    return is_, {(each.address, "dropped") for each in dropped}


def hashes(told: Told) -> Pair:
    name, protocol = told.found.name, told.found.protocol
    pods = {pod.chain: f"KUBE-SEP-{endpoint_hash(name, protocol, pod.address)}" for pod in told.found.endpoints}
    return (told.found.hash, set(pods)), (service_hash(name, protocol), set(pods.values()))


CHECKS: list[Callable[[Told], Pair]] = [
    addresses, health_check_node_port, source_ranges_and_affinity, policies, endpoints, shares, refusals, hashes,
]  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_the_services_read_back_equal_the_manifest(name: str) -> None:
    dumps = shared("dumps")
    manifest = json.loads(gzip.decompress((dumps / f"kubeproxy-{name}.manifest.json.gz").read_bytes()))
    services = Services(load(str(dumps / f"kubeproxy-{name}.txt.gz")))
    found = {(port.name, port.protocol): port for port in services}
    told = list(_told(name, manifest, found))
    assert len(told) == len(services)
    for check in CHECKS:
        pairs = ((each.found.name, *check(each)) for each in told)
        assert [pair for pair in pairs if pair[1] != pair[2]][:5] == [], check.__name__
    assert services.stale() == []


def _told(version: str, manifest: dict[str, Any], found: dict[tuple[str, str], ServicePort]) -> Iterator[Told]:
    for service in manifest["services"]:
        for port in service["Ports"]:
            name = f"{service['Namespace']}/{service['Name']}" + (f":{port['Name']}" if port["Name"] else "")
            pods = {(each["IP"], each["Port"] or port["Target"]): each["Local"] for each in service["Endpoints"] or ()}
            yield Told(version, service, port, found[name, port["Protocol"].lower()], pods)
