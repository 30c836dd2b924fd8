"""A packet in one line, and what is said of a line that makes no sense."""

from __future__ import annotations

from typing import Any

import pytest

from kptui.ask.expression import expression
from kptui.ask.request import Request
from kptui.errors import UsageError
from kptui.kubernetes.services import Services
from kptui.loading import load
from tests.support import sample


@pytest.fixture(scope="module")
def services() -> Services:
    return Services(load(sample("nginx-nodeport")))


def asked(request: Request) -> dict[str, Any]:
    """The fields that the expression filled."""
    names = ("src", "sport", "dst", "dport", "proto", "icmp_type", "to_node")
    return {name: getattr(request, name) for name in names if getattr(request, name)}


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("10.110.199.45:80", {"dst": "10.110.199.45", "dport": "80"}),
        ("10.110.199.45", {"dst": "10.110.199.45"}),
        ("udp 10.96.0.10:53", {"proto": "udp", "dst": "10.96.0.10", "dport": "53"}),
        (
            "tcp 192.168.50.2:40000 -> 10.110.199.45:80",
            {"proto": "tcp", "src": "192.168.50.2", "sport": "40000", "dst": "10.110.199.45", "dport": "80"},
        ),
        ("192.168.50.2->10.110.199.45:80", {"src": "192.168.50.2", "dst": "10.110.199.45", "dport": "80"}),
        ("  -> 10.0.0.1:80 ", {"dst": "10.0.0.1", "dport": "80"}),
        ("10.42.0.7 -> default/nginx", {"src": "10.42.0.7", "dst": "10.110.199.45", "dport": "80", "proto": "tcp"}),
        ("-> default/nginx:80-80", {"dst": "10.110.199.45", "dport": "80", "proto": "tcp"}),
        ("-> default/nginx:80", {"dst": "10.110.199.45", "dport": "80", "proto": "tcp"}),
        ("-> kube-system/kube-dns:dns", {"dst": "10.96.0.10", "dport": "53", "proto": "udp"}),
        ("tcp -> kube-system/kube-dns:53", {"dst": "10.96.0.10", "dport": "53", "proto": "tcp"}),
        ("udp -> kube-system/kube-dns", {"dst": "10.96.0.10", "dport": "53", "proto": "udp"}),
        ("-> nodeport 32754", {"dport": "32754", "proto": "tcp", "to_node": True}),
        ("192.168.50.2 -> nodeport 32754", {"src": "192.168.50.2", "dport": "32754", "proto": "tcp", "to_node": True}),
        ("nodeport 32754", {"dport": "32754", "proto": "tcp", "to_node": True}),
        ("udp -> nodeport 30000", {"dport": "30000", "proto": "udp", "to_node": True}),
        (
            "icmp echo-request 10.0.0.1 -> 10.0.0.2",
            {"proto": "icmp", "icmp_type": "echo-request", "src": "10.0.0.1", "dst": "10.0.0.2"},
        ),
        ("icmp 3/1 -> 10.0.0.2", {"proto": "icmp", "icmp_type": "3/1", "dst": "10.0.0.2"}),
        ("[fd00::1]:80", {"dst": "fd00::1", "dport": "80"}),
        ("tcp [fd00::2]:1024 -> fd00::1", {"proto": "tcp", "src": "fd00::2", "sport": "1024", "dst": "fd00::1"}),
    ],
)
def test_what_an_expression_means(text: str, fields: dict[str, Any], services: Services) -> None:
    assert asked(expression(text, services)) == fields


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-> 300.1.1.1", "“300.1.1.1” is no IPv4 address"),
        ("-> 10.0.0.1:65536", "65536 is above 65535"),
        ("10.0.0.1:99999 -> 10.0.0.2", "99999 is above 65535"),
        ("-> 10.0.0.1:", "no port number"),
        ("-> 10.0.0.1:http", "no port number"),
        ("-> [fd00::1]:65536", "65536 is above 65535"),
        ("-> [fd00::zz]:80", "fd00::zz"),
        ("-> nodeport 70000", "70000 is above 65535"),
        ("-> nodeport x", "no port number"),
        ("-> default/nothing", "no Service default/nothing"),
        ("-> default/ngin", "Like it: default/nginx"),
        ("-> kube-system/kube-dns", "several ports, say which"),
        ("udp -> default/nginx", "no Service default/nginx"),
        ("->", "names no destination"),
        ("", "names no destination"),
        ("-> 10.0.0.1 10.0.0.2", "names no destination"),
        ("foo -> 10.0.0.1", "“foo” is neither a protocol nor an address"),
        ("tcp syn ack 10.0.0.2 -> 10.0.0.1", "too many words"),
        ("tcp foo bar -> 10.0.0.1", "too many words"),
        ("-> nginx", "neither an address nor a Service"),
        ("-> \x1b[31m/x", "\\x1b"),
    ],
)
def test_what_makes_no_sense_is_named(text: str, said: str, services: Services) -> None:
    with pytest.raises(UsageError) as caught:
        expression(text, services)
    assert said in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_the_ports_of_a_service_are_listed_to_choose_from(services: Services) -> None:
    with pytest.raises(UsageError, match=r"kube-dns:dns \(udp 53\), .*kube-dns:dns-tcp \(tcp 53\), .*metrics"):
        expression("-> kube-system/kube-dns", services)
