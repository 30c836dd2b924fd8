"""Dumps of any size, shaped as kube-proxy 1.30 writes them and iptables-save prints them.

    python -m tests.bench.dumps SERVICES > dump.txt

The same number always gives the same dump. Of ten Services one has a node port and a load balancer with a source range,
one more a node port, one speaks UDP; of twenty one has session affinity, of fifty one has no endpoints. Above 1,000
endpoints kube-proxy leaves comments out of the rules to endpoints and of endpoints, and so does this.
"""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kptui.kubernetes.names import endpoint_hash, service_hash

ENDPOINTS = 10
TERSE = 1_000
PODS = "10.128.0.0/14"
Rules = Iterator[tuple[str, str]]
"""Chains, each with a rule as it stands behind -A CHAIN."""

_NAT = ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING")
_FILTER = ("INPUT", "FORWARD", "OUTPUT")
_NAT_RULES = """
PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
"""
_LAST = (
    'KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" '
    "-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS"
)
_NEW = "-m conntrack --ctstate NEW -m comment --comment"
_FILTER_RULES = f"""
INPUT {_NEW} "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
INPUT {_NEW} "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
INPUT -j KUBE-FIREWALL
FORWARD {_NEW} "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
FORWARD {_NEW} "kubernetes service portals" -j KUBE-SERVICES
FORWARD {_NEW} "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
OUTPUT {_NEW} "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
OUTPUT {_NEW} "kubernetes service portals" -j KUBE-SERVICES
OUTPUT -j KUBE-FIREWALL
KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" \
-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" \
-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
"""


@dataclass(frozen=True)
class Service:
    """One Service port and its endpoints."""

    number: int
    endpoints: tuple[str, ...]

    @property
    def name(self) -> str:
        """namespace/name:port."""
        return f"team-{self.number % 97}/app-{self.number}:http"

    @property
    def proto(self) -> str:
        """The protocol."""
        return "udp" if self.number % 10 == 3 else "tcp"

    @property
    def cluster_ip(self) -> str:
        """The cluster IP."""
        return f"172.30.{self.number // 250}.{self.number % 250 + 1}"

    @property
    def balancer(self) -> str | None:
        """The load balancer's address."""
        return f"198.18.{self.number // 250}.{self.number % 250 + 1}" if self.number % 10 == 5 else None

    @property
    def node_port(self) -> int | None:
        """The node port."""
        return 30_000 + self.number // 5 if self.number % 5 == 0 and self.number < 5 * 2_768 else None

    @property
    def affinity(self) -> bool:
        """Whether a client stays with its endpoint."""
        return self.number % 20 == 7

    def chain(self, kind: str) -> str:
        """The name of one of its chains."""
        return f"KUBE-{kind}-{service_hash(self.name, self.proto)}"

    def port(self, words: str, number: int) -> str:
        """The part of a rule that asks for its protocol and a port."""
        return f'-p {self.proto} -m comment --comment "{words}" -m {self.proto} --dport {number}'

    def nat(self, terse: bool) -> Rules:
        """Its rules in the nat table."""
        if not self.endpoints:
            return
        svc, ext, firewall = self.chain("SVC"), self.chain("EXT"), self.chain("FW")
        cluster = f"-d {self.cluster_ip}/32 {self.port(f'{self.name} cluster IP', 80)}"
        yield "KUBE-SERVICES", f"{cluster} -j {svc}"
        yield svc, f"! -s {PODS} {cluster} -j KUBE-MARK-MASQ"
        if self.node_port is not None:
            yield "KUBE-NODEPORTS", f"{self.port(self.name, self.node_port)} -j {ext}"
            yield from self._external(svc, ext)
        if self.balancer is not None:
            to = self.port(f"{self.name} loadbalancer IP", 80)
            yield "KUBE-SERVICES", f"-d {self.balancer}/32 {to} -j {firewall}"
            short = self.name.partition(":")[0]
            yield firewall, f'-s 203.0.113.0/24 -m comment --comment "{short} loadbalancer IP" -j {ext}'
            words = f"other traffic to {short} will be dropped by KUBE-PROXY-FIREWALL"
            yield firewall, f'-m comment --comment "{words}"'
        yield from self._balanced(svc, terse)

    def _external(self, svc: str, ext: str) -> Rules:
        words = f"masquerade traffic for {self.name} external destinations"
        yield ext, f'-m comment --comment "{words}" -j KUBE-MARK-MASQ'
        yield ext, f"-j {svc}"

    def _balanced(self, svc: str, terse: bool) -> Rules:
        seps = [f"KUBE-SEP-{endpoint_hash(self.name, self.proto, endpoint)}" for endpoint in self.endpoints]
        pairs = list(zip(self.endpoints, seps, strict=True))
        said = {e: "" if terse else f'-m comment --comment "{self.name} -> {e}" ' for e in self.endpoints}
        own = "" if terse else f'-m comment --comment "{self.name}" '
        recent = "-m recent --{} --name {} --mask 255.255.255.255 --rsource "
        for endpoint, sep in pairs if self.affinity else ():
            held = recent.format("rcheck --seconds 10800 --reap", sep)
            yield svc, f"{said[endpoint]}{held}-j {sep}"
        for index, (endpoint, sep) in enumerate(pairs):
            left = len(pairs) - index
            # xt_statistic keeps the share in 31 bits, and prints eleven digits of that.
            share = round(2**31 / left) / 2**31
            chance = f"-m statistic --mode random --probability {share:.11f} " if left > 1 else ""
            yield svc, f"{said[endpoint]}{chance}-j {sep}"
            yield sep, f"-s {endpoint.partition(':')[0]}/32 {own}-j KUBE-MARK-MASQ"
            held = recent.format("set", sep) if self.affinity else ""
            yield sep, f"-p {self.proto} {own}{held}-m {self.proto} -j DNAT --to-destination {endpoint}"

    def filter(self) -> Rules:
        """Its rules in the filter table."""
        if not self.endpoints:
            refused = self.port(f"{self.name} has no endpoints", 80)
            yield "KUBE-SERVICES", f"-d {self.cluster_ip}/32 {refused} -j REJECT --reject-with icmp-port-unreachable"
        elif self.balancer is not None:
            words = self.port(f"{self.name} traffic not accepted by {self.chain('FW')}", 80)
            yield "KUBE-PROXY-FIREWALL", f"-d {self.balancer}/32 {words} -j DROP"


def services(count: int) -> list[Service]:
    """That many Services."""
    drawn = random.Random(count)
    pods = drawn.sample(range(1, 2**18 - 1), count * ENDPOINTS)
    of = [sorted(pods[at : at + ENDPOINTS]) for at in range(0, len(pods), ENDPOINTS)]
    return [Service(number, tuple(map(_endpoint, of[number])) if number % 50 != 49 else ()) for number in range(count)]


def _endpoint(pod: int) -> str:
    return f"10.{128 + (pod >> 16)}.{pod >> 8 & 255}.{pod & 255}:8080"


def dump(count: int) -> str:
    """The text of a whole dump."""
    made = services(count)
    terse = sum(len(each.endpoints) for each in made) > TERSE
    nat = [rule for each in made for rule in each.nat(terse)]
    rules = [rule for each in made for rule in each.filter()]
    return "".join(
        f"{line}\n"
        for line in (
            "# Generated by iptables-save v1.8.9 on Mon Nov 23 05:17:46 2026",
            *_table("nat", _NAT, [*_fixed(_NAT_RULES), *nat, *_fixed(_LAST)]),
            "# Completed on Mon Nov 23 05:17:46 2026",
            "# Generated by iptables-save v1.8.9 on Mon Nov 23 05:17:46 2026",
            *_table("filter", _FILTER, [*_fixed(_FILTER_RULES), *rules]),
            "# Completed on Mon Nov 23 05:17:46 2026",
        )
    )


def _fixed(text: str) -> Rules:
    for line in filter(None, text.split("\n")):
        chain, _, rule = line.partition(" ")
        yield chain, rule


def _table(name: str, builtin: tuple[str, ...], rules: Iterable[tuple[str, str]]) -> Iterator[str]:
    chains: defaultdict[str, list[str]] = defaultdict(list)
    for each in ("KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-EXTERNAL-SERVICES", "KUBE-PROXY-FIREWALL"):
        chains[each] = []
    for chain, rule in rules:
        chains[chain].append(rule)
    own = sorted(chains.keys() - set(builtin))
    yield f"*{name}"
    yield from (f":{chain} ACCEPT [0:0]" for chain in builtin)
    yield from (f":{chain} - [0:0]" for chain in own)
    yield from (f"-A {chain} {rule}" for chain in [*builtin, *own] for rule in chains.get(chain, ()))
    yield "COMMIT"


if __name__ == "__main__":
    sys.stdout.write(dump(int(sys.argv[1])))
