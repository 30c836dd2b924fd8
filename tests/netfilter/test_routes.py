"""Routes, policy rules, addresses and sysctls of a bundle; the kernel's answers: tests/kernel/test_captured.py."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kptui.ask.request import Request
from kptui.netfilter.address import parse, show
from kptui.netfilter.gathered import host_of, recent_lists, sysctls
from kptui.netfilter.iproute import read_addresses, read_policies, read_routes
from kptui.netfilter.ipsets import read_ipsets
from kptui.netfilter.trace import Outcome, Trace
from kptui.tracing import Session
from tests.support import assumed, only, ruleset_of

ROUTES: list[dict[str, Any]] = [
    {"dst": "default", "gateway": "192.168.50.1", "dev": "eth0"},
    {"dst": "192.168.50.0/24", "dev": "eth0", "scope": "link", "prefsrc": "192.168.50.10"},
    {"dst": "10.42.0.0/24", "dev": "cni0", "scope": "link", "prefsrc": "10.42.0.1"},
    {"dst": "default", "gateway": "203.0.113.1", "dev": "wan1", "table": "100"},
    {"type": "blackhole", "dst": "10.66.0.0/16"},
    {"dst": "10.9.0.0/16", "nexthops": [{"gateway": "192.168.50.2", "dev": "eth0"}, {"dev": "wan1", "weight": 2}]},
    {"type": "local", "dst": "192.168.50.10", "dev": "eth0", "table": "local", "prefsrc": "192.168.50.10"},
    {"type": "local", "dst": "10.42.0.1", "dev": "cni0", "table": "local", "prefsrc": "10.42.0.1"},
    {"type": "local", "dst": "127.0.0.0/8", "dev": "lo", "table": "255", "prefsrc": "127.0.0.1"},
    {"type": "broadcast", "dst": "192.168.50.255", "dev": "eth0", "table": "local"},
]
RULES: list[dict[str, Any]] = [
    {"priority": 32767, "src": "all", "table": "default"},
    {"priority": 32766, "src": "all", "table": "main"},
    {"priority": 0, "src": "all", "table": "local"},
]
ADDRESSES = [
    {"ifname": "lo", "addr_info": [{"family": "inet", "local": "127.0.0.1", "prefixlen": 8, "scope": "host"}]},
    {
        "ifname": "eth0",
        "addr_info": [
            {"family": "inet", "local": "192.168.50.10", "prefixlen": 24, "scope": "global"},
            {"family": "inet6", "local": "fe80::1", "prefixlen": 64, "scope": "link"},
        ],
    },
    {"ifname": "cni0", "addr_info": [{"family": "inet", "local": "10.42.0.1", "prefixlen": 24, "scope": "global"}]},
]
FILTER = """
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
"""
OUT, POD, FAR = "192.168.50.2", "10.42.0.7", "198.51.100.7"


def session(
    text: str = FILTER,
    rules: list[dict[str, Any]] | None = None,
    routes: list[dict[str, Any]] | None = None,
    sysctl: str = "",
) -> Session:
    facts = {
        "ip-addr.json": json.dumps(ADDRESSES),
        "ip-route.json": json.dumps([*ROUTES, *(routes or [])]),
        "ip-rule.json": json.dumps([*RULES, *(rules or [])]),
        "sysctl": sysctl,
    }
    return Session(ruleset_of(text), "test", facts=facts)


def trace(found: Session, **request: Any) -> Trace:
    return found.trace(Request(**{"src": OUT, "dport": "80", **request}))


def end(outcome: Outcome) -> tuple[str, object, str | None]:
    return outcome.end, outcome.packet.out, outcome.reason


class TestDecided:
    @pytest.mark.parametrize(
        ("dst", "expected"),
        [
            ("192.168.50.10", "delivered"),
            ("127.0.0.9", "lost"),
            ("192.168.50.255", "delivered"),
            (POD, "forwarded"),
            (FAR, "forwarded"),
            ("10.66.1.1", "lost"),
        ],
    )
    def test_by_routes_alone(self, dst: str, expected: str) -> None:
        sysctl = "net.ipv4.conf.all.route_localnet = 0\nnet.ipv4.conf.eth0.route_localnet = 0\n"
        assert only(trace(session(sysctl=sysctl), dst=dst, in_="eth0")).end == expected

    def test_nothing_is_assumed_of_a_packet_that_is_known(self) -> None:
        found = trace(session(), dst=FAR, in_="eth0", sport="40000")
        assert found.certain
        assert end(only(found)) == ("forwarded", "eth0", None)

    def test_no_routes_at_all_is_something_else_than_routes_nobody_told(self) -> None:
        told = Session(ruleset_of(FILTER), "test", facts={"ip-route.json": "[]"})
        assert only(trace(told, dst=FAR)).reason == f"no route to {FAR}"
        untold = Session(ruleset_of(FILTER), "test", facts={"ip-addr.json": json.dumps(ADDRESSES)})
        assert only(trace(untold, dst=FAR)).end == "forwarded"

    def test_addresses_without_routes_tell_what_is_local(self) -> None:
        told = Session(ruleset_of(FILTER), "test", facts={"ip-addr.json": json.dumps(ADDRESSES)})
        assert only(trace(told, dst="10.42.0.1")).end == "delivered"

    def test_the_next_hop_is_a_question(self) -> None:
        found = trace(session(), dst="10.9.1.1")
        assert {outcome.packet.out for outcome in found.outcomes} == {"eth0", "wan1"}
        assert {tuple(assumed(outcome)) for outcome in found.outcomes} == {("the next hop is by eth0",)}
        text = FILTER.replace("COMMIT", "-A FORWARD -o wan1 -j DROP\nCOMMIT")
        assert trace(session(text), dst="10.9.1.1").answer == "depends"
        settled = trace(session(text), dst="10.9.1.1", assume=("the next hop is by eth0=yes",))
        assert end(only(settled)) == ("forwarded", "eth0", None)

    def test_a_rule_that_asks_for_what_is_unknown_is_a_question(self) -> None:
        rule = {"priority": 50, "src": "10.0.0.0", "srclen": 8, "table": "100"}
        found = trace(session(rules=[rule]), dst=FAR, src="")
        assert {outcome.packet.out for outcome in found.outcomes} == {"eth0", "wan1"}
        asked = {text for outcome in found.outcomes for text in assumed(outcome)}
        assert asked == {"ip rule 50: from 10.0.0.0/8 lookup 100"}

    def test_what_is_assumed_of_the_source_holds_for_policy_rules_too(self) -> None:
        rule = {"priority": 50, "src": "10.0.0.0", "srclen": 8, "table": "100"}
        text = FILTER.replace("COMMIT", "-A FORWARD ! -s 10.0.0.0/8 -o wan1 -j DROP\nCOMMIT")
        found = trace(session(text, rules=[rule]), dst=FAR, src="")
        assert {outcome.end for outcome in found.outcomes} == {"forwarded"}

    def test_a_rule_that_is_not_followed_is_a_question(self) -> None:
        found = trace(session(rules=[{"priority": 5, "src": "all", "l3mdev": None, "table": "100"}]), dst=FAR)
        assert {outcome.packet.out for outcome in found.outcomes} == {"eth0", "wan1"}
        assert "l3mdev of a policy rule is not followed" in found.outcomes[0].assumptions[0].why

    def test_tproxy_with_a_policy_route_is_delivered(self) -> None:
        text = """
            *mangle
            :PREROUTING ACCEPT [0:0]
            -A PREROUTING -p tcp -j TPROXY --on-port 15001 --on-ip 127.0.0.1 --tproxy-mark 0x1/0x1
            COMMIT
        """
        rule = {"priority": 50, "src": "all", "fwmark": "0x1", "fwmask": "0x1", "table": "200"}
        route = {"type": "local", "dst": "default", "dev": "lo", "table": "200"}
        found = trace(session(text, [rule], [route]), dst=FAR)
        assert "delivered" in {outcome.end for outcome in found.outcomes}
        assert "forwarded" not in {outcome.end for outcome in found.outcomes}


class TestOptionsWin:
    def test_local_adds(self) -> None:
        assert only(trace(session(), dst="10.96.0.1", local=("10.96.0.1",))).end == "delivered"
        assert only(trace(session(), dst="10.42.0.1", local=("10.96.0.1",))).end == "delivered"

    def test_route_wins_over_one_to_the_same_prefix(self) -> None:
        assert only(trace(session(), dst=FAR, routes=("default dev wan1",))).packet.out == "wan1"
        assert only(trace(session(), dst=POD, routes=("default dev wan1",))).packet.out == "cni0"

    def test_set_wins_over_a_sysctl(self) -> None:
        nat = "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j DNAT --to-destination 127.0.0.1\nCOMMIT\n"
        sysctl = "net.ipv4.conf.all.route_localnet = 0\nnet.ipv4.conf.eth0.route_localnet = 0\n"
        found = session(FILTER.replace("*filter", f"{nat}*filter"), sysctl=sysctl)
        assert only(trace(found, dst=FAR, in_="eth0")).end == "lost"
        assert only(trace(found, dst=FAR, in_="eth0", settings={"route_localnet": "yes"})).end == "delivered"

    def test_ipsets_of_the_bundle_and_in_their_place(self) -> None:
        text = FILTER.replace("COMMIT", "-A FORWARD -m set --match-set bad src -j DROP\nCOMMIT")
        facts = {"ipset-save": f"create bad hash:ip\nadd bad {OUT}\n", "ip-addr.json": json.dumps(ADDRESSES)}
        found = Session(ruleset_of(text), "test", facts=facts)
        assert only(trace(found, dst=FAR)).end == "dropped"
        other = read_ipsets("create bad hash:ip\n")
        found = Session(ruleset_of(text), "test", ipsets=other, facts=facts)
        assert only(trace(found, dst=FAR)).end == "forwarded"


class TestOwnAddress:
    def test_a_process_that_chose_none(self) -> None:
        text = FILTER.replace("COMMIT", "-A OUTPUT -s 10.42.0.1 -j DROP\nCOMMIT")
        for dst, source, how in ((POD, "10.42.0.1", "dropped"), (FAR, "192.168.50.10", "sent")):
            outcome = only(trace(session(text), src="", dst=dst, origin="local"))
            assert isinstance(outcome.packet.src, int)
            assert (show(outcome.packet.src, 4), outcome.end) == (source, how)

    def test_to_the_host_itself(self) -> None:
        outcome = only(trace(session(), src="", dst="127.0.0.53", origin="local"))
        assert (outcome.packet.src, outcome.end) == (parse("127.0.0.1", 4), "delivered")

    def test_any_address_of_the_node_is_none_of_loopback(self) -> None:
        found = session()
        assert found.trace(Request(src=OUT, to_node=True, dport="80")).packet.dst == parse("192.168.50.10", 4)

    def test_the_address_types_are_known(self) -> None:
        text = FILTER.replace("COMMIT", "-A INPUT -m addrtype --dst-type BROADCAST -j DROP\nCOMMIT")
        assert only(trace(session(text), dst="192.168.50.255")).end == "dropped"
        assert only(trace(session(text), dst="192.168.50.10")).end == "delivered"


class TestTexts:
    def test_sysctls_by_device_with_dots(self) -> None:
        found = host_of({"sysctl": "net.ipv4.conf.eth0/100.rp_filter = 2\nnoise\n"}, 4)
        assert found.sysctl("net.ipv4.conf.DEV.rp_filter", "eth0.100") == "2"
        assert found.sysctl("net.ipv4.conf.DEV.rp_filter", "eth1") is None
        assert sysctls("a = 1 = 2") == {"a": "1 = 2"}

    def test_recent_lists(self) -> None:
        text = "/proc/net/xt_recent/a\nsrc=1.2.3.4 ttl: 64 last_seen: 5 oldest_pkt: 1 5\n/proc/net/xt_recent/b\n"
        assert recent_lists(text) == {"a": ("src=1.2.3.4 ttl: 64 last_seen: 5 oldest_pkt: 1 5",), "b": ()}
        assert host_of({"xt_recent": ""}, 4).recent == {}
        assert host_of({"sysctl": ""}, 4).recent is None

    def test_addresses_with_peers_and_flags(self) -> None:
        text = json.dumps(
            [
                {},
                {"ifname": "tun0", "addr_info": [
                    {"family": "inet", "local": "10.0.0.1", "address": "10.0.0.2", "prefixlen": 32, "secondary": True},
                    {"family": "inet6", "local": "fd00::1", "prefixlen": 64, "tentative": True},
                    {},
                ]},
            ]
        )  # fmt: skip
        [four] = read_addresses(text, 4)
        assert (four.device, four.secondary, four.net.address) == ("tun0", True, parse("10.0.0.2", 4))
        [six] = read_addresses(text, 6)
        assert six.tentative
        assert host_of({"ip-addr.json": text}, 6).local == ()

    def test_dead_routes_and_hops_are_left_out(self) -> None:
        text = json.dumps(
            [
                {"dst": "10.0.0.0/8", "dev": "a", "flags": ["dead", "linkdown"]},
                {"dst": "11.0.0.0/8", "nexthops": [{"dev": "a", "flags": ["dead"]}, {"dev": "b", "flags": []}]},
                {"dst": "12.0.0.0/8", "dev": "a", "flags": ["linkdown"], "table": 254, "tos": "0x10"},
            ]
        )
        first, second = read_routes(text, 4)
        assert [hop.device for hop in first.hops] == ["b"]
        assert (second.table, second.tos) == ("main", 16)

    def test_policy_rules_come_by_priority_and_read_as_ip_prints_them(self) -> None:
        rules = [
            {"priority": 70, "src": "all", "tos": "0x10", "uid_start": 0, "uid_end": 5, "dport_start": 80,
             "dport_end": 90, "ipproto": "tcp", "sport": 7, "table": "100"},
            {"priority": 50, "not": None, "src": "10.1.0.0", "srclen": 16, "iif": "d0", "action": "unreachable"},
        ]  # fmt: skip
        first, second = read_policies(json.dumps(rules), 4)
        assert first.text == "ip rule 50: not from 10.1.0.0/16 iif d0 unreachable"
        assert (second.proto, second.sport, second.dport, second.uid, second.tos) == (6, (7, 7), (80, 90), (0, 5), 16)
        assert not first.odd
        assert not second.odd
