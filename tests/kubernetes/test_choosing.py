"""Choosing Services by pattern, by endpoint, and in which order."""

from __future__ import annotations

import pytest

from kptui.commands import services as command
from kptui.kubernetes.choosing import ORDERS, leading_to, matching, ordered
from kptui.kubernetes.services import Services
from kptui.loading import load
from tests.support import sample


@pytest.fixture(scope="module")
def services() -> Services:
    return Services(load(sample("nginx-nodeport")))


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("nginx", ["default/nginx:80-80"]),
        ("NGINX", ["default/nginx:80-80"]),
        ("default", ["default/kubernetes:https", "default/nginx:80-80"]),
        ("kube-system dns-tcp", ["kube-system/kube-dns:dns-tcp"]),
        ("udp", ["kube-system/kube-dns:dns"]),
        ("53 tcp", ["kube-system/kube-dns:dns-tcp"]),
        ("9153", ["kube-system/kube-dns:metrics"]),
        ("915", []),
        ("32754", ["default/nginx:80-80"]),
        ("10.110", ["default/nginx:80-80"]),
        ("10.110.199.45:80", ["default/nginx:80-80"]),
        ("10.42.0.199", ["default/nginx:80-80"]),
        ("nginx udp", []),
        ("123456789", []),
    ],
)
def test_every_word_has_to_fit(pattern: str, names: list[str], services: Services) -> None:
    assert [port.name for port in matching(services, pattern)] == names


def test_an_empty_pattern_fits_all(services: Services) -> None:
    assert len(matching(services, "  ")) == len(services)


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("name", "default/kubernetes:https"),
        ("-name", "kube-system/kube-dns:metrics"),
        ("address", "default/kubernetes:https"),
        ("-address", "default/nginx:80-80"),
        ("port", "kube-system/kube-dns:dns-tcp"),
        ("-port", "kube-system/kube-dns:metrics"),
        ("node-port", "default/nginx:80-80"),
        ("endpoints", "default/kubernetes:https"),
        ("-endpoints", "default/nginx:80-80"),
    ],
)
def test_orders(order: str, first: str, services: Services) -> None:
    assert ordered(services, order)[0].name == first


def test_the_command_offers_just_these_orders() -> None:
    assert set(command.ORDERS) == set(ORDERS)


def test_what_leads_to_an_endpoint(services: Services) -> None:
    def names(ip: str, port: int | None = None) -> list[str]:
        return [service.name for service, _ in leading_to(services, ip, port)]

    assert names("10.42.0.199") == ["default/nginx:80-80"]
    assert names("10.42.0.2") == [f"kube-system/kube-dns:{port}" for port in ("dns", "dns-tcp", "metrics")]
    assert names("10.42.0.2", 9153) == ["kube-system/kube-dns:metrics"]
    assert names("10.42.0.2", 80) == []
    assert names("10.110.199.45") == []


def test_an_ipv6_address_may_be_written_in_another_way() -> None:
    services = Services(load(sample("dual-stack-ipv6")))
    pod = next(pod for port in services for pod in port.endpoints if pod.ip and "::" in pod.ip)
    assert pod.ip
    assert leading_to(services, pod.ip.replace("::", ":0:0:", 1) if pod.ip.count(":") == 6 else pod.ip.upper())
