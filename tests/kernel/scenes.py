"""Hosts and packets for the samples: a node of the Kubernetes samples, the router of plain-firewall."""

from __future__ import annotations

import ipaddress
import random
import re

from kptui.kernel.messages import Leg, Place, Probe, Way
from kptui.syntax.ast import Family
from tests.support import SAMPLES

_NODE = Place(
    4,
    (Leg("eth0", ("192.168.50.10",)), Leg("cni0", ("10.42.0.1",))),
    (
        Way("192.168.50.0/24", "eth0", "192.168.50.10"),
        Way("10.42.0.0/24", "cni0", "10.42.0.1"),
        Way("0.0.0.0/0", "eth0", "192.168.50.10"),
    ),
)
_NODE6 = Place(
    6,
    (Leg("eth0", ("2001:db8:50::10",)), Leg("cni0", ("fd00:10:42::1",))),
    (
        Way("2001:db8:50::/64", "eth0", "2001:db8:50::10"),
        Way("fd00:10:42::/64", "cni0", "fd00:10:42::1"),
        Way("::/0", "eth0", "2001:db8:50::10"),
    ),
)
_ROUTER = Place(
    4,
    (Leg("eth0", ("203.0.113.10",)), Leg("eth1", ("192.168.50.1",))),
    (Way("192.168.50.0/24", "eth1", "192.168.50.1"), Way("0.0.0.0/0", "eth0", "203.0.113.10")),
)
_PODS = {"10.42.0.12": "cali6b0d4e8a2c1", "10.42.0.31": "cali1f3a9c5e7d2", "10.42.0.77": "cali1c8e2b7f904"}
_CALICO = Place(
    4,
    (Leg("eth0", ("192.168.50.10",)), *(Leg(name) for name in _PODS.values())),
    (*(Way(f"{pod}/32", name) for pod, name in _PODS.items()), Way("0.0.0.0/0", "eth0", "192.168.50.10")),
    ipsets=(SAMPLES / "calico-policy.ipset").read_text(),
)
_OUTSIDE = {
    4: ("192.168.50.2", "203.0.113.9", "198.51.100.7", "198.51.100.77", "203.0.113.1", "10.42.1.13"),
    6: ("2001:db8:50::2", "2001:db8:ffff::9", "fd00:10:42:1::c8"),
}
_INSIDE = {4: ("10.42.0.7", "10.42.0.199", "192.168.50.20", "10.42.0.11"), 6: ("fd00:10:42::7", "fd00:10:42::c7")}


def place_for(sample: str) -> Place:
    """The host that a sample's README speaks of."""
    special = {"plain-firewall": _ROUTER, "dual-stack-ipv6": _NODE6, "calico-policy": _CALICO}
    return special.get(sample, _NODE)


def probes_for(text: str, place: Place, count: int, seed: int) -> list[Probe]:
    """Packets to all the addresses and ports that a dump speaks of, from outside, from inside, and from the host."""
    chance = random.Random(seed)
    pattern = r"(?<=\s)(?:\d+\.){3}\d+" if place.family == 4 else r"(?<=[\s[])[0-9a-f]*:[0-9a-f:]*:[0-9a-f:]*"
    named = sorted({found for found in re.findall(pattern, text) if _host(found, place.family)})
    ports = sorted({int(port) for port in re.findall(r"port (\d+)", text)} | {1, 53, 8089})
    own = [address for leg in place.legs for address in leg.addresses]
    return [_probe(chance, place, named, ports, own) for _ in range(count)]


def leg_of(place: Place, address: str) -> str:
    """The leg that leads to an address."""
    number = ipaddress.ip_address(address)
    fitting = [ipaddress.ip_network(way.to) for way in place.routes if number in ipaddress.ip_network(way.to)]
    best = max(fitting, key=lambda net: net.prefixlen)
    return next(way.device for way in place.routes if ipaddress.ip_network(way.to) == best)


def _host(text: str, family: Family) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.version == family and not (
        address.is_loopback or address.is_multicast or address.is_unspecified or text.endswith((".0", "::"))
    )


def _probe(chance: random.Random, place: Place, named: list[str], ports: list[int], own: list[str]) -> Probe:
    family = place.family
    others = [*_OUTSIDE[family], *_INSIDE[family], *(named or [])]
    local = chance.random() < 0.25
    src = chance.choice(own if local else [each for each in others if each not in own])
    # A process's packet to everyone walks twice, as it and as its copy: too much for one path.
    dst = chance.choice([each for each in [*named, *own, *own, *others] if not (local and each == "255.255.255.255")])
    proto = chance.choice([6, 6, 6, 17, 17, 132, 1 if family == 4 else 58])
    leg = None if local else leg_of(place, src)
    echo = chance.choice([8, 8, 0, 3] if family == 4 else [128, 128, 129, 1])
    return Probe(
        proto,
        src,
        dst,
        leg,
        sport=chance.randint(1024, 65535),
        dport=chance.choice(ports),
        tcp_flags=chance.choice([2, 2, 2, 2, 16, 18, 4]),
        icmp_type=echo,
        ttl=chance.choice([64, 64, 64, 128, 1]),
        payload=chance.choice([0, 0, 100]),
    )
