"""The JSON of Services, as the contract has it."""

from __future__ import annotations

import json
from typing import Any

from kptui.kubernetes.services import Services
from kptui.loading import load
from kptui.report.services_json import services_json
from tests.support import sample


def told(name: str, service: str) -> dict[str, Any]:
    """One Service port of a sample, as a program that reads the JSON gets it."""
    services = services_json(Services(load(sample(name))))
    assert services["schema"] == "kptui.services/1"
    found: list[dict[str, Any]] = json.loads(json.dumps(services))["services"]
    [port] = [each for each in found if f"{each['namespace']}/{each['name']}" == service]
    return port


def test_every_field_of_the_contract() -> None:
    nginx = told("nginx-nodeport", "default/nginx")
    contract = {
        "namespace": "default",
        "name": "nginx",
        "port_name": "80-80",
        "protocol": "tcp",
        "cluster_ip": "10.110.199.45",
        "port": 80,
        "node_port": 32754,
        "external_ips": [],
        "load_balancer_ips": [],
        "source_ranges": [],
        "session_affinity_seconds": None,
        "internal_traffic_policy": "Cluster",
        "external_traffic_policy": "Cluster",
        "rejects": [],
        "drops": [],
    }
    assert {name: nginx[name] for name in contract} == contract
    assert {part: nginx["chains"][part] for part in ("svc", "svl", "ext", "fw")} == {
        "svc": "KUBE-SVC-OVTWZ4GROBJZO4C5",
        "svl": None,
        "ext": "KUBE-EXT-OVTWZ4GROBJZO4C5",
        "fw": None,
    }


def test_what_is_told_is_not_uncertain_and_without_a_way_in_from_outside_there_is_no_policy_for_it() -> None:
    assert told("nginx-nodeport", "default/nginx")["uncertain"] == []
    kubernetes = told("nginx-nodeport", "default/kubernetes")
    assert (kubernetes["external_traffic_policy"], kubernetes["uncertain"]) == (None, [])


def test_an_endpoint_names_the_rule_that_translates_to_it() -> None:
    [first, second] = told("nginx-nodeport", "default/nginx")["endpoints"]
    line = "-A KUBE-SEP-ZGUCVTBPJNCW75NN -p tcp"
    with open(sample("nginx-nodeport")) as lines:
        number = next(number for number, text in enumerate(lines, 1) if text.startswith(line))
    assert first == {
        "ip": "10.42.0.199",
        "port": 80,
        "local": None,
        "probability": 0.5,
        "share": "1/2",
        "local_probability": None,
        "local_share": None,
        "chain": "KUBE-SEP-ZGUCVTBPJNCW75NN",
        "line": number,
    }
    assert second["ip"] == "10.42.0.200"


def test_shares_by_both_policies() -> None:
    pods = told("external-traffic-local", "ingress/gateway")["endpoints"]
    assert [(pod["local"], pod["share"], pod["local_share"]) for pod in pods] == [
        (True, "1/3", "1"),
        (False, "1/3", "0"),
        (False, "1/3", "0"),
    ]


def test_what_is_refused_says_where_and_by_which_rule() -> None:
    checkout = told("no-endpoints", "shop/checkout")
    assert [(each["kind"], each["ip"], each["port"], each["chain"]) for each in checkout["rejects"]] == [
        ("cluster IP", "10.96.31.5", 80, "KUBE-SERVICES"),
        ("load balancer IP", "198.51.100.25", 80, "KUBE-EXTERNAL-SERVICES"),
        ("node port", None, 30080, "KUBE-EXTERNAL-SERVICES"),
    ]
    assert checkout["load_balancer_ips"] == ["198.51.100.25"]
    assert checkout["uncertain"] == [
        "external_ips",
        "load_balancer_ips",
        "source_ranges",
        "session_affinity_seconds",
        "internal_traffic_policy",
        "external_traffic_policy",
    ]
    assert (checkout["internal_traffic_policy"], checkout["external_traffic_policy"]) == ("Cluster", "Cluster")
    assert [each["ip"] for each in told("no-endpoints", "monitoring/collector")["drops"]] == ["10.96.88.9"]


def test_the_other_fields_in_the_samples_that_have_them() -> None:
    assert told("session-affinity", "shop/basket")["session_affinity_seconds"] == 10800
    assert told("loadbalancer-source-ranges", "shop/web")["source_ranges"] == ["203.0.113.0/24", "192.168.50.0/24"]
    assert told("external-traffic-local", "ingress/gateway")["health_check_node_port"] == 32100
    assert told("dual-stack-ipv6", "default/nginx")["family"] == 6
