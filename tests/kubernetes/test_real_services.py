"""The Services read back from dumps of real kube-proxies, field by field against the manifests these were given."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import pytest

from kptui.kubernetes.service import ServicePort
from kptui.kubernetes.services import Services
from kptui.loading import load
from tests.support import shared

REAL = ["0100", "0100-nft", "0100-ipv6", "0100-masqall", "1000", "5000", "v1.20-0100", "v1.24-0100", "v1.28-0100"]


class Told(NamedTuple):
    """A port of the manifest, and what was read back for it."""

    service: dict[str, Any]
    port: dict[str, Any]
    found: ServicePort
    endpoints: dict[tuple[str, int], bool]


class Real(NamedTuple):
    """One dump with its manifest."""

    name: str
    found: Services
    told: list[Told]
    missing: list[str]


@pytest.fixture(scope="module", params=REAL)
def real(request: pytest.FixtureRequest) -> Real:
    dumps, name = shared("dumps"), request.param
    manifest = json.loads(gzip.decompress((dumps / f"kubeproxy-{name}.manifest.json.gz").read_bytes()))
    services = Services(load(str(dumps / f"kubeproxy-{name}.txt.gz")))
    found = {(port.name, port.protocol): port for port in services}
    told, missing = [], []
    for service, port in _ports(manifest):
        full = f"{service['Namespace']}/{service['Name']}" + (f":{port['Name']}" if port["Name"] else "")
        read = found.get((full, port["Protocol"].lower()))
        if read is None:
            missing.append(full)
            continue
        pods = {(each["IP"], each["Port"] or port["Target"]): each["Local"] for each in service["Endpoints"] or ()}
        told.append(Told(service, port, read, pods))
    return Real(name, services, told, missing)


def _ports(manifest: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for service in manifest["services"]:
        for port in service["Ports"]:
            yield service, port


def differing(real: Real, pairs: Iterator[tuple[Told, object, object]]) -> list[tuple[str, object, object]]:
    return [(told.found.name, is_, should) for told, is_, should in pairs if is_ != should][:5]


def test_every_port_is_there_and_no_other(real: Real) -> None:
    assert real.missing == []
    assert len(real.found) == len(real.told)


def test_addresses_and_ports(real: Real) -> None:
    assert not differing(
        real,
        (
            (
                told,
                (
                    told.found.cluster_ip,
                    told.found.port,
                    told.found.node_port,
                    told.found.ips("external IP"),
                    told.found.ips("load balancer IP"),
                ),
                (
                    told.service["ClusterIP"],
                    told.port["Port"],
                    told.port["NodePort"] or None,
                    tuple(told.service["ExternalIPs"] or ()),
                    tuple(told.service["LBIPs"] or ()),
                ),
            )
            for told in real.told
        ),
    )


def test_health_check_node_ports_which_1_20_does_not_write(real: Real) -> None:
    assert not differing(
        real,
        (
            (
                told,
                told.found.health_check_node_port,
                (told.service["HealthCheckNodePort"] or None) if "1.20" not in real.name else None,
            )
            for told in real.told
        ),
    )


def test_source_ranges_and_session_affinity_of_services_with_endpoints(real: Real) -> None:
    assert not differing(
        real,
        (
            (
                told,
                (told.found.source_ranges, told.found.session_affinity),
                (
                    tuple(told.service["LBSourceRanges"] or ()),
                    10800 if told.service["SessionAffinity"] == "ClientIP" else None,
                ),
            )
            for told in real.told
            if told.endpoints
        ),
    )


def test_policies(real: Real) -> None:
    def should(told: Told) -> tuple[str | None, str | None]:
        if not told.endpoints:
            return None, None
        outside = told.service["Type"] != "ClusterIP" or told.service["ExternalIPs"]
        external = (told.service["ExternalTrafficPolicy"] or "Cluster") if outside else None
        return told.service["InternalTrafficPolicy"] or "Cluster", external

    assert not differing(
        real, ((told, (told.found.internal_policy, told.found.external_policy), should(told)) for told in real.told)
    )


def test_endpoints_and_whether_they_are_local(real: Real) -> None:
    def local(told: Told) -> dict[tuple[str, int], bool | None]:
        policies = (told.found.internal_policy, told.found.external_policy)
        if told.found.cluster_balancing is None:
            return {pod: here for pod, here in told.endpoints.items() if here}
        return {pod: here if "Local" in policies else None for pod, here in told.endpoints.items()}

    assert not differing(
        real,
        ((told, {(pod.ip, pod.port): pod.local for pod in told.found.endpoints}, local(told)) for told in real.told),
    )


def test_shares(real: Real) -> None:
    def should(told: Told) -> set[tuple[Fraction | None, Fraction | None]]:
        here = sum(told.endpoints.values())
        cluster = Fraction(1, len(told.endpoints)) if told.found.cluster_balancing and told.endpoints else None
        balancing = told.found.local_balancing
        locals_ = (
            {Fraction(1, here) if each else Fraction(0) for each in told.endpoints.values()} if balancing else {None}
        )
        if cluster is None:
            locals_ -= {Fraction(0)}
        return {(cluster, local) for local in locals_} if told.found.endpoints else set()

    assert not differing(
        real,
        (
            (told, {(pod.cluster_share, pod.local_share) for pod in told.found.endpoints}, should(told))
            for told in real.told
        ),
    )


def test_a_service_without_endpoints_is_rejected_wherever_it_is_reached(real: Real) -> None:
    assert not differing(
        real,
        (
            (
                told,
                {(each.address, each.refusal) for each in told.found.refused},
                {(each.address, "rejected") for each in told.found.frontends},
            )
            for told in real.told
            if not told.endpoints
        ),
    )


def test_without_local_endpoints_local_policies_drop_and_nothing_else_is_refused(real: Real) -> None:
    def should(told: Told) -> set[tuple[str, str]]:
        if any(told.endpoints.values()):
            return set()
        kinds = {
            "cluster IP": told.service["InternalTrafficPolicy"] == "Local",
            **dict.fromkeys(
                ("external IP", "load balancer IP", "node port"), told.service["ExternalTrafficPolicy"] == "Local"
            ),
        }
        return {(each.address, "dropped") for each in told.found.frontends if kinds[each.kind]}

    assert not differing(
        real,
        (
            (told, {(each.address, str(each.refusal)) for each in told.found.refused}, should(told))
            for told in real.told
            if told.endpoints
        ),
    )


def test_every_chain_has_the_hash_of_its_service_and_none_is_stale(real: Real) -> None:
    from kptui.kubernetes.names import endpoint_hash, service_hash

    assert not differing(
        real, ((told, told.found.hash, service_hash(told.found.name, told.found.protocol)) for told in real.told)
    )
    assert not differing(
        real,
        (
            (told, pod.chain, f"KUBE-SEP-{endpoint_hash(told.found.name, told.found.protocol, pod.address)}")
            for told in real.told
            for pod in told.found.endpoints
        ),
    )
    assert real.found.stale() == []
