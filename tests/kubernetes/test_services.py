"""The Service ports a dump speaks of, in the samples and in dumps of real kube-proxies."""

from __future__ import annotations

import gzip
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from kptui.ask.request import Request
from kptui.kubernetes.services import Services, label
from kptui.loading import load
from kptui.tracing import Session
from tests.support import SAMPLE_NAMES, ruleset_of, sample, shared, shares

# name of the port, protocol, cluster IP, port, node port
SAMPLES = {
    "nginx-nodeport": {
        ("default/kubernetes:https", "tcp", "10.96.0.1", 443, None),
        ("default/nginx:80-80", "tcp", "10.110.199.45", 80, 32754),
        ("kube-system/kube-dns:dns", "udp", "10.96.0.10", 53, None),
        ("kube-system/kube-dns:dns-tcp", "tcp", "10.96.0.10", 53, None),
        ("kube-system/kube-dns:metrics", "tcp", "10.96.0.10", 9153, None),
    },
    "no-endpoints": {
        ("shop/checkout:http", "tcp", "10.96.31.5", 80, 30080),
        ("monitoring/collector:otlp", "tcp", "10.96.88.9", 4317, None),
    },
    "session-affinity": {("shop/basket:http", "tcp", "10.96.12.34", 80, None)},
    "dual-stack-ipv6": {("default/nginx:80-80", "tcp", "fd00:10:96::c72d", 80, 32754)},
    "plain-firewall": set(),
    "hostile-comment": set(),
}  # fmt: skip
# Of these samples only some of the names are claimed.
NAMES = {
    "three-pods": {"shop/cart"},
    "loadbalancer-source-ranges": {"shop/web"},
    "external-traffic-local": {"ingress/gateway"},
    "kube-proxy-1.23": {"shop/front", "shop/back"},
    "kube-dns": {"kube-system/kube-dns"},
    "calico-policy": {"shop/api"},
}
REAL = ["0100", "0100-nft", "0100-ipv6", "0100-masqall", "v1.20-0100", "v1.24-0100", "v1.28-0100"]
Real = tuple[Session, dict[str, Any]]
POD = {4: "10.131.255.250", 6: "fd01:0:0:ff::250"}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_services_of_a_sample(name: str) -> None:
    found = {(s.name, s.protocol, s.cluster_ip, s.port, s.node_port) for s in Services(load(sample(name)))}
    assert found == SAMPLES[name]


@pytest.mark.parametrize("name", NAMES)
def test_the_services_of_the_other_samples(name: str) -> None:
    services = Services(load(sample(name)))
    assert {found.service for found in services} >= NAMES[name]
    assert all(found.cluster_ip and found.port for found in services)


def test_a_service_is_found_by_its_name_by_a_port_s_name_and_by_a_port_s_number() -> None:
    services = Services(load(sample("nginx-nodeport")))
    assert [found.name for found in services.named("kube-system/kube-dns")] == [
        "kube-system/kube-dns:dns",
        "kube-system/kube-dns:dns-tcp",
        "kube-system/kube-dns:metrics",
    ]
    assert [found.protocol for found in services.named("kube-system/kube-dns:dns")] == ["udp"]
    assert [found.name for found in services.named("kube-system/kube-dns:9153")] == ["kube-system/kube-dns:metrics"]
    assert services.named("kube-system/none") == []
    assert services.named("default/nginx:other") == []


def test_chains_are_labelled_with_their_service_or_endpoint() -> None:
    ruleset = load(sample("nginx-nodeport"))
    services = Services(ruleset)
    nat = ruleset.table("nat")
    assert nat is not None
    labels = {name: label(chain, services) for name, chain in nat.chains.items()}
    assert labels["KUBE-SVC-OVTWZ4GROBJZO4C5"] == "default/nginx:80-80"
    assert labels["KUBE-EXT-OVTWZ4GROBJZO4C5"] == "default/nginx:80-80"
    assert labels["KUBE-SEP-ZGUCVTBPJNCW75NN"] == "10.42.0.199:80"
    assert labels["KUBE-SEP-UIOQG3KKGTPDCR56"] == "10.42.0.200:80"
    assert labels["KUBE-MARK-MASQ"] is None
    assert labels["PREROUTING"] is None


def test_a_chain_whose_hash_no_dispatch_rule_explains_is_labelled_by_its_comments() -> None:
    ruleset = ruleset_of(
        """\
        *nat
        :PREROUTING ACCEPT [0:0]
        :KUBE-SVC-AAAAAAAAAAAAAAAA - [0:0]
        :KUBE-SVC-BBBBBBBBBBBBBBBB - [0:0]
        -A KUBE-SVC-AAAAAAAAAAAAAAAA -m comment --comment "ns/stale:p -> 10.0.0.1:80" -j RETURN
        COMMIT
        """
    )
    table = ruleset.tables[0]
    assert label(table.chains["KUBE-SVC-AAAAAAAAAAAAAAAA"], Services(ruleset)) == "ns/stale:p"
    assert label(table.chains["KUBE-SVC-BBBBBBBBBBBBBBBB"], Services(ruleset)) is None


def test_a_dump_without_kubernetes_has_no_services() -> None:
    assert len(Services(load(sample("plain-firewall")))) == 0


class TestRealDumps:
    """Against the manifests that the kube-proxies of these dumps were given."""

    @pytest.fixture(scope="class", params=REAL)
    def real(self, request: pytest.FixtureRequest) -> Real:
        dumps: Path = shared("dumps")
        name = request.param
        manifest = json.loads(gzip.decompress((dumps / f"kubeproxy-{name}.manifest.json.gz").read_bytes()))
        return Session.open(str(dumps / f"kubeproxy-{name}.txt.gz")), manifest

    def test_every_service_port_of_the_manifest_is_found(self, real: Real) -> None:
        session, manifest = real
        told = {
            (
                _full(service, port),
                port["Protocol"].lower(),
                service["ClusterIP"],
                port["Port"],
                port["NodePort"] or None,
            )
            for service in manifest["services"]
            for port in service["Ports"]
            if service["ClusterIP"] != "None"
        }
        assert {(s.name, s.protocol, s.cluster_ip, s.port, s.node_port) for s in session.services} == told

    def test_each_is_found_by_name(self, real: Real) -> None:
        session, manifest = real
        for service in manifest["services"]:
            found = session.services.named(f"{service['Namespace']}/{service['Name']}")
            assert {(s.cluster_ip, s.port) for s in found} == {
                (service["ClusterIP"], p["Port"]) for p in service["Ports"]
            }

    def test_a_pod_reaches_each_endpoint_of_each_cluster_ip_alike(self, real: Real) -> None:
        session, manifest = real
        family = session.ruleset.family
        for service in manifest["services"]:
            for port in service["Ports"]:
                trace = session.trace(
                    Request(
                        src=POD[family],
                        dst=service["ClusterIP"],
                        dport=str(port["Port"]),
                        proto=port["Protocol"].lower(),
                        local=(manifest["nodeIP"],),
                        # A client that the Service has not seen before, where it has session affinity.
                        assume=("rcheck=no",),
                    )
                )
                told = _targets(service, port, family)
                if told:
                    assert shares(trace) == {target: Fraction(1, len(told)) for target in told}
                else:
                    # Up to 1.24 KUBE-MARK-DROP marks the packet, and FORWARD does not look at that mark.
                    marked_only = "v1.24" in session.source
                    gone = "rejected" if not service["Endpoints"] else "forwarded" if marked_only else "dropped"
                    assert {(outcome.end, outcome.packet.dnat) for outcome in trace.outcomes} == {(gone, None)}


def _full(service: dict[str, Any], port: dict[str, Any]) -> str:
    name = f"{service['Namespace']}/{service['Name']}"
    return f"{name}:{port['Name']}" if port["Name"] else name


def _address(service: dict[str, Any], port: dict[str, Any]) -> tuple[str, str, int, int | None]:
    return port["Protocol"].lower(), service["ClusterIP"], port["Port"], port["NodePort"] or None


def _targets(service: dict[str, Any], port: dict[str, Any], family: int) -> set[str]:
    """What a pod of this node may reach behind a cluster IP; internalTrafficPolicy Local leaves this node's pods."""
    local_only = service["InternalTrafficPolicy"] == "Local"
    return {
        f"[{each['IP']}]:{number}" if family == 6 else f"{each['IP']}:{number}"
        for each in service["Endpoints"] or []
        if each["Local"] or not local_only
        for number in (each["Port"] or port["Target"],)
    }


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_a_chain_has_the_same_title_whether_all_services_are_read_or_its_own_rules(name: str) -> None:
    ruleset = load(sample(name))
    whole = Services(ruleset)
    assert len(list(whole)) == len(whole)  # which reads all
    for table in ruleset.tables:
        for chain in table.chains.values():
            assert label(chain, Services(ruleset)) == label(chain, whole)
