"""conntrack's connections beside what the rules promise."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from kptui.kubernetes.flows import Flows, about, flows
from kptui.kubernetes.services import Services
from kptui.netfilter.conntrack_table import Connections
from tests.support import ruleset_of, sample


def line(client: str, dst: str, dport: int, pod: str, port: int = 80, proto: str = "tcp 6") -> str:
    return (
        f"{proto} 100 ESTABLISHED src={client} dst={dst} sport=40000 dport={dport} "
        f"src={pod} dst={client} sport={port} dport=40000 [ASSURED] mark=0 use=1"
    )


def found(*lines: str) -> list[Flows]:
    services = Services(ruleset_of(Path(sample("nginx-nodeport")).read_text()))
    return flows(Connections("\n".join(lines)).entries(), services)


def test_connections_are_counted_by_endpoint_and_client_beside_the_promised_shares() -> None:
    seen = found(
        line("192.168.50.2", "10.110.199.45", 80, "10.42.0.199"),
        line("192.168.50.3", "10.110.199.45", 80, "10.42.0.199"),
        # By the node port, and listed twice.
        line("192.168.50.4", "192.168.50.10", 32754, "10.42.0.199"),
        line("192.168.50.4", "192.168.50.10", 32754, "10.42.0.199"),
    )
    assert [(each.pod, each.count, each.share, each.promised) for each in seen] == [
        ("10.42.0.199:80", 3, Fraction(1), Fraction(1, 2)),
        ("10.42.0.200:80", 0, Fraction(0), Fraction(1, 2)),
    ]
    assert seen[0].clients == {"192.168.50.2": 1, "192.168.50.3": 1, "192.168.50.4": 1}
    assert seen[0].by == {"10.110.199.45:80": 2, "192.168.50.10:32754": 1}


def test_a_pod_that_is_asked_directly_and_one_that_is_no_endpoint_any_more() -> None:
    seen = found(
        line("10.42.0.7", "10.42.0.200", 80, "10.42.0.200"),
        line("10.42.0.7", "10.110.199.45", 80, "10.42.0.99"),
        line("10.42.0.7", "198.51.100.1", 443, "198.51.100.1", 443),
    )
    told = {(each.service.title if each.service else "", each.pod): each for each in seen}
    assert set(told) == {
        ("default/nginx:80-80", "10.42.0.199:80"), ("default/nginx:80-80", "10.42.0.200:80"),
        ("default/nginx:80-80", "10.42.0.99:80"), ("", "10.42.0.200:80"),
    }  # fmt: skip
    assert told["default/nginx:80-80", "10.42.0.99:80"].endpoint is None
    assert [each.pod for each in about(seen, None, "10.42.0.99:80")] == ["10.42.0.99:80"]
    service = told["default/nginx:80-80", "10.42.0.99:80"].service
    assert all(each.service is service for each in about(seen, service, None))
