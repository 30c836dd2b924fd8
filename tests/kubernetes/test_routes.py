"""The ways from a Service's addresses to one of its endpoints."""

from __future__ import annotations

from fractions import Fraction

from kptui.kubernetes.choosing import leading_to
from kptui.kubernetes.routes import Route, routes
from kptui.kubernetes.services import Services
from kptui.loading import load
from tests.support import sample


def ways(name: str, ip: str) -> list[Route]:
    [(port, pod)] = leading_to(Services(load(sample(name))), ip)
    return routes(port, pod)


def told(route: Route) -> tuple[str, list[str], Fraction | None, str]:
    return (
        route.frontend.kind,
        [f"{'-'.join(rule.chain.split('-')[:2])} {rule.number}" for rule in route.rules],
        route.share,
        route.condition,
    )


def test_by_cluster_ip_and_by_node_port() -> None:
    found = ways("nginx-nodeport", "10.42.0.200")
    half = Fraction(1, 2)
    assert [told(route) for route in found] == [
        ("cluster IP", ["KUBE-SERVICES 5", "KUBE-SVC 3"], half, ""),
        ("node port", ["KUBE-NODEPORTS 1", "KUBE-EXT 2", "KUBE-SVC 3"], half, ""),
    ]
    assert {route.chain for route in found} == {"KUBE-SEP-UIOQG3KKGTPDCR56"}


def test_each_rule_that_is_named_leads_to_the_next_chain() -> None:
    for name, ip in (("nginx-nodeport", "10.42.0.199"), ("external-traffic-local", "10.42.0.41")):
        ruleset = load(sample(name))
        for route in ways(name, ip):
            chains = [*(rule.chain for rule in route.rules[1:]), route.chain]
            for rule, leads_to in zip(route.rules, chains, strict=True):
                chain = ruleset.chain("nat", rule.chain)
                assert chain is not None
                written = chain.rules[rule.number - 1]
                assert written.line == rule.line
                assert written.target is not None
                assert written.target.name == leads_to


def test_local_policy_has_short_cuts_for_pods_and_for_the_node() -> None:
    found = [
        told(route) for route in ways("external-traffic-local", "10.42.0.41") if route.frontend.kind == "node port"
    ]
    third = Fraction(1, 3)
    assert found == [
        ("node port", ["KUBE-NODEPORTS 1", "KUBE-EXT 1", "KUBE-SVC 2"], third, "from 10.42.0.0/16"),
        ("node port", ["KUBE-NODEPORTS 1", "KUBE-EXT 3", "KUBE-SVC 2"], third, "from this node"),
        ("node port", ["KUBE-NODEPORTS 1", "KUBE-EXT 4", "KUBE-SVL 1"], Fraction(1), ""),
    ]


def test_an_endpoint_elsewhere_is_not_reached_by_local_policy() -> None:
    assert {told(route)[3] for route in ways("external-traffic-local", "10.42.1.42") if route.frontend.ip is None} == {
        "from 10.42.0.0/16",
        "from this node",
    }


def test_source_ranges_are_conditions() -> None:
    found = ways("loadbalancer-source-ranges", "10.42.0.31")
    assert [told(route)[3] for route in found if route.frontend.kind == "load balancer IP"] == [
        "from 203.0.113.0/24",
        "from 192.168.50.0/24",
        "from 198.51.100.20/32",
    ]
