"""The API server's lists against rules: what kube-proxy makes of them, and what it leaves alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kptui.errors import UsageError
from kptui.kubernetes.api import Api, read_api
from kptui.kubernetes.checks import problems
from kptui.loading import load
from tests.kubernetes.manifests import api_json
from tests.support import ruleset_of, sample, shared

SAMPLES = Path(__file__).parent / "checks"
RULES = str(SAMPLES / "endpoint-missing" / "silent.txt")
DUMPS = ["0100", "0100-nft", "0100-ipv6", "0100-masqall", "1000", "v1.20-0100", "v1.24-0100", "v1.28-0100"]


def service(namespace: str = "default", name: str = "nginx", **spec: Any) -> dict[str, Any]:
    ports = [{"name": "80-80", "protocol": "TCP", "port": 80, "nodePort": 32754, "targetPort": "http"}]
    whole = {"type": "NodePort", "clusterIP": "10.110.199.45", "ports": ports, **spec}
    return {"kind": "Service", "metadata": {"namespace": namespace, "name": name}, "spec": whole}


def pods(*pods: dict[str, Any], name: str = "nginx", **slice_: Any) -> dict[str, Any]:
    metadata = {"namespace": "default", "name": f"{name}-abc", "labels": {"kubernetes.io/service-name": name}}
    ports = [{"name": "80-80", "protocol": "TCP", "port": 80}]
    return {
        "kind": "EndpointSlice", "addressType": "IPv4", "metadata": metadata, "ports": ports, "endpoints": list(pods),
        **slice_,
    }  # fmt: skip


def pod(ip: str, node: str = "node-1", hints: Any = None, **conditions: bool | None) -> dict[str, Any]:
    return {"addresses": [ip], "nodeName": node, "conditions": conditions, "hints": hints}


ONE, TWO = pod("10.42.0.199"), pod("10.42.0.200")


def api(*services: dict[str, Any], slices: list[dict[str, Any]] | None = None, node: str | None = None) -> Api:
    told = json.dumps({"kind": "List", "items": list(services)})
    return read_api(("s.json", told), None if slices is None else ("e.json", json.dumps({"items": slices})), node)


def ids(told: Api, rules: str = RULES) -> list[str]:
    return [found.id for found in problems(load(rules), api=told) if found.severity != "info"]


def messages(told: Api, rules: str = RULES) -> list[str]:
    return [found.message for found in problems(load(rules), api=told) if found.severity != "info"]


def test_rules_that_fit_are_fine() -> None:
    assert ids(api(service(), slices=[pods(ONE, TWO)])) == []
    assert ids(api(service())) == []


class TestServices:
    @pytest.mark.parametrize(
        "other",
        [
            service("default", "headless", clusterIP="None"),
            service("default", "outside", type="ExternalName", clusterIP=""),
            {**service("default", "lb"), "metadata": {
                "namespace": "default", "name": "lb", "labels": {"service.kubernetes.io/service-proxy-name": "mine"},
            }},
            service("default", "six", clusterIP="fd00::1", clusterIPs=["fd00::1"]),
        ],
    )  # fmt: skip
    def test_those_that_kube_proxy_leaves_alone_are_not_missed(self, other: dict[str, Any]) -> None:
        assert ids(api(service(), other)) == []

    def test_one_without_rules_is(self) -> None:
        told = api(service(), service("shop", "cart", clusterIP="10.96.0.9"))
        assert messages(told) == ["shop/cart:80-80 (10.96.0.9:80/tcp) has no rule"]

    def test_one_that_was_deleted(self) -> None:
        assert messages(api(service("other", "one", clusterIP="10.96.0.9")))[1:] == [
            "default/nginx:80-80 has rules, but there is no such Service any more"
        ]
        renamed = service(ports=[{"name": "web", "port": 80, "nodePort": 32754}])
        assert any("the Service has no port 80-80/tcp" in each for each in messages(api(renamed)))

    def test_dual_stack_compares_each_family_with_its_own_addresses(self) -> None:
        both = service(clusterIPs=["10.110.199.45", "fd00:10:96::c72d"])
        six = pods(pod("fd00:42::199"), pod("fd00:42::200"), addressType="IPv6")
        assert ids(api(both, slices=[pods(ONE, TWO), six])) == []
        of_sample = problems(load(sample("dual-stack-ipv6")), api=api(both, slices=[pods(ONE, TWO)]))
        assert "endpoint-stale" in {found.id for found in of_sample}
        assert "service-stale" not in {found.id for found in of_sample if "nginx" in found.message}

    @pytest.mark.parametrize(
        ("spec", "message"),
        [
            ({"clusterIP": "10.96.7.7"}, "is reached at 10.110.199.45, but its cluster IP is 10.96.7.7"),
            ({"externalIPs": ["203.0.113.7"]}, "default/nginx:80-80 has 203.0.113.7, for which there is no rule"),
            ({"ports": [{"name": "80-80", "port": 81, "nodePort": 32754}]}, "reached at port 80, but its port is 81"),
            ({"ports": [{"name": "80-80", "port": 80, "nodePort": 3}]}, "node port 32754, but its node port is 3"),
            ({"ports": [{"name": "80-80", "port": 80}]}, "node port 32754, which it does not have any more"),
            ({"sessionAffinity": "ClientIP"}, "session affinity is off in the rules, but 10800 seconds in the API"),
        ],
    )  # fmt: skip
    def test_what_differs(self, spec: dict[str, Any], message: str) -> None:
        [found] = messages(api(service(**spec), slices=[pods(ONE, TWO)]))
        assert message in found

    def test_load_balancers_that_proxy_themselves_need_no_rules(self) -> None:
        told = service(type="LoadBalancer")
        told["status"] = {"loadBalancer": {"ingress": [{"ip": "203.0.113.9", "ipMode": "Proxy"}, {"hostname": "x"}]}}
        assert ids(api(told)) == []
        told["status"] = {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}
        assert ids(api(told)) == ["service-wrong-address"]


class TestEndpoints:
    @pytest.mark.parametrize(
        ("slices", "expected"),
        [
            ([pods(ONE, pod("10.42.0.200", ready=None))], []),
            ([pods(ONE, pod("10.42.0.200", ready=False))], ["endpoint-stale"]),
            ([pods(ONE)], ["endpoint-stale"]),
            ([pods(ONE), pods(TWO)], []),
            ([pods(ONE, TWO, pod("10.42.0.201", ready=False))], []),
            ([pods(ONE, TWO, pod("10.42.0.201"))], ["endpoint-missing"]),
            ([pods(ONE, TWO, pod("10.42.0.201", hints={"forZones": [{"name": "a"}]}))], []),
            ([pods(ONE, TWO, pod("10.42.0.201", ready=False, serving=True, terminating=True))], []),
            ([pods(pod("10.42.0.199", ready=False, serving=True, terminating=True), pod(
                "10.42.0.200", ready=False, serving=True, terminating=True))], []),
            ([pods(ONE, pod("10.42.0.200", ready=False, serving=True, terminating=True))], ["endpoint-stale"]),
            ([pods(ONE, TWO, ports=[{"name": "80-80", "port": 8080}])], ["endpoint-wrong-port", "endpoint-wrong-port"]),
            ([pods(ONE, TWO), pods(pod("10.42.0.9"), ports=[{"name": "metrics", "port": 9100}])], []),
            ([pods(ONE, TWO), pods(pod("10.42.0.9"), name="other")], []),
            ([pods(ONE, TWO), pods(pod("fd00::9"), addressType="IPv6")], []),
            ([pods(ONE, TWO), pods({"addresses": ["example.org"]}, addressType="FQDN")], []),
            ([], ["endpoint-stale", "endpoint-stale"]),
        ],
    )  # fmt: skip
    def test_ready_ones_are_used_and_no_others(self, slices: list[dict[str, Any]], expected: list[str]) -> None:
        assert ids(api(service(), slices=slices)) == expected

    def test_the_endpoints_of_old_are_read_too(self) -> None:
        subset = {
            "addresses": [{"ip": "10.42.0.199"}],
            "notReadyAddresses": [{"ip": "10.42.0.200"}],
            "ports": [{"name": "80-80", "port": 80}],
        }
        old = {"kind": "Endpoints", "metadata": {"namespace": "default", "name": "nginx"}, "subsets": [subset]}
        assert messages(api(service(), slices=[old])) == [
            "default/nginx:80-80 leads to 10.42.0.200:80, which is not ready"
        ]

    def test_a_service_that_is_refused_though_there_are_endpoints(self) -> None:
        told = service("shop", "checkout", clusterIP="10.96.31.5", ports=[{"name": "http", "port": 80}])
        there = pods(pod("10.42.0.9"), name="checkout", ports=[{"name": "http", "port": 8080}])
        there["metadata"]["namespace"] = "shop"
        found = problems(load(sample("no-endpoints")), api=api(told, slices=[there]))
        [message] = [each.message for each in found if each.id == "endpoint-missing"]
        assert message == "shop/checkout:http is refused, though there are endpoints: 10.42.0.9:8080"

    def test_a_local_policy_has_this_node_s_endpoints_alone(self) -> None:
        rules = (SAMPLES / "endpoint-missing" / "silent.txt").read_text()
        local = rules.replace("KUBE-SVC-OVTW", "KUBE-SVL-OVTW")
        told = service(internalTrafficPolicy="Local", externalTrafficPolicy="Local")
        there = [pods(ONE, TWO, pod("10.42.9.9", node="node-2"), pod("10.42.0.201"))]
        for node, expected in ((None, []), ("node-2", ["10.42.9.9:80"]), ("node-1", ["10.42.0.201:80"])):
            found = problems(ruleset_of(local), api=api(told, slices=there, node=node))
            missing = [each.message.rpartition(" ")[2] for each in found if each.id == "endpoint-missing"]
            assert missing == expected


@pytest.mark.parametrize("name", DUMPS)
def test_real_kube_proxies_did_what_their_manifests_say(name: str) -> None:
    dumps = shared("dumps")
    services, slices, node = api_json(dumps / f"kubeproxy-{name}.manifest.json.gz")
    told = read_api(("s", services), ("e", slices), node)
    found = problems(load(str(dumps / f"kubeproxy-{name}.txt.gz")), api=told)
    assert [each for each in found if each.severity != "info"] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "line 1, column 2: this is no JSON"),
        ('{"items": 3}', "“items” is no list"),
        ('{"items": [3]}', "item 1: this is no Service"),
        ('{"items": [{"kind": "Pod"}]}', "item 1: this is no Service: it is of kind Pod"),
        ('{"items": [{"metadata": {"name": "a"}, "spec": {"clusterIP": "x"}}]}', "“x” is no IPv4 address"),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_files_that_make_no_sense_are_told_with_their_place(text: str, words: str) -> None:
    with pytest.raises(UsageError) as error:
        read_api(("s.json", text))
    assert words in str(error.value)
    assert "s.json" in str(error.value)
