"""A packet's fields as typed: their defaults, and one sentence for each that makes no sense."""

from __future__ import annotations

from typing import Any

import pytest

from kptui.ask.request import FieldError, Question, Request, question
from kptui.netfilter.facts import Unknown
from kptui.netfilter.host import Host


def ask(family: int = 4, /, **fields: Any) -> Question:
    return question(Request(**fields), Host(family))


class TestDefaults:
    def test_what_is_left_out_is_unknown_not_zero(self) -> None:
        packet = ask().packet
        for value in (packet.src, packet.dst, packet.sport, packet.dport, packet.in_, packet.out, packet.ttl):
            assert isinstance(value, Unknown)

    def test_a_packet_is_a_tcp_syn_that_opens_a_connection(self) -> None:
        packet = ask().packet
        assert (packet.proto, packet.tcp_flags, packet.ctstate, packet.mark, packet.ctmark) == (6, 2, "NEW", 0, 0)

    def test_flags_of_a_later_packet_are_not_known(self) -> None:
        assert isinstance(ask(ctstate="ESTABLISHED").packet.tcp_flags, Unknown)
        assert ask(ctstate="ESTABLISHED", tcp_flags="ACK").packet.tcp_flags == 0x10

    @pytest.mark.parametrize(("family", "proto", "kind"), [(4, "icmp", 8), (6, "icmpv6", 128)])
    def test_icmp_is_an_echo_request(self, family: int, proto: str, kind: int) -> None:
        packet = ask(family, proto=proto).packet
        assert (packet.icmp_type, packet.icmp_code) == (kind, 0)


class TestValues:
    @pytest.mark.parametrize(
        ("fields", "name", "value"),
        [
            ({"proto": "UDP"}, "proto", 17),
            ({"proto": "132"}, "proto", 132),
            ({"dport": "65535"}, "dport", 65535),
            ({"mark": "0x4000"}, "mark", 0x4000),
            ({"mark": "16384"}, "mark", 0x4000),
            ({"ctmark": "0xffffffff"}, "ctmark", 0xFFFFFFFF),
            ({"ctstate": "established"}, "ctstate", "ESTABLISHED"),
            ({"tcp_flags": "syn,ack"}, "tcp_flags", 0x12),
            ({"proto": "icmp", "icmp_type": "3/4"}, "icmp_code", 4),
            ({"proto": "icmp", "icmp_type": "destination-unreachable"}, "icmp_type", 3),
            ({"in_": "cali6b0d4e8a2c1"}, "in_", "cali6b0d4e8a2c1"),
            ({"src": "10.0.0.1"}, "src", 0x0A000001),
            ({"details": {"uid": 1337, "gid": 0}}, "uid", 1337),
            ({"details": {"mac_source": "00:11:22:AA:bb:cc"}}, "mac_source", "00:11:22:AA:bb:cc"),
        ],
    )
    def test_a_value_is_read(self, fields: dict[str, Any], name: str, value: object) -> None:
        assert getattr(ask(**fields).packet, name) == value

    def test_several_local_addresses_may_stand_in_one_text(self) -> None:
        host = ask(local=("10.0.0.1, 10.0.0.2", "192.0.2.0/24")).host
        assert [host.is_local(n) for n in (0x0A000001, 0x0A000002, 0xC0000263, 0x0A000003)] == [True, True, True, False]

    def test_a_local_address_of_the_other_family_is_passed_over(self) -> None:
        assert ask(local=("fd00::1", "10.0.0.1")).host.is_local(0x0A000001) is True

    def test_any_address_of_the_node_is_meant_by_a_node_port(self) -> None:
        told = ask(to_node=True, local=("192.0.2.0/24", "10.0.0.1")).packet
        assert told.dst == 0x0A000001
        untold = ask(to_node=True)
        assert isinstance(untold.packet.dst, Unknown)
        assert untold.host.is_local(untold.packet.dst) is True


class TestErrors:
    @pytest.mark.parametrize(
        ("fields", "name", "said"),
        [
            ({"src": "10.0.0.256"}, "src", "“10.0.0.256” is no IPv4 address"),
            ({"src": "10.0.0"}, "src", "no IPv4 address"),
            ({"src": "010.0.0.1"}, "src", "no IPv4 address"),
            ({"src": "fd00::1"}, "src", "is an IPv6 address, the rules are IPv4"),
            ({"dst": "example.org"}, "dst", "no IPv4 address"),
            ({"dport": "65536"}, "dport", "65536 is above 65535"),
            ({"sport": "-1"}, "sport", "no port number"),
            ({"sport": "٣"}, "sport", "no port number"),
            ({"dport": "80", "proto": "icmp"}, "dport", "no ports"),
            ({"proto": "tcpp"}, "proto", "“tcpp” is no protocol"),
            ({"proto": "256"}, "proto", "“256” is no protocol"),
            ({"ctstate": "OLD"}, "ctstate", "none of NEW, ESTABLISHED"),
            ({"origin": "inside"}, "origin", "none of external, local"),
            ({"mark": "many"}, "mark", "no mark"),
            ({"mark": "0x100000000"}, "mark", "32 bits"),
            ({"ctmark": "-1"}, "ctmark", "32 bits"),
            ({"in_": "sixteen-chars-xx"}, "in_", "no interface name"),
            ({"in_": "a b"}, "in_", "no interface name"),
            ({"tcp_flags": "SIN"}, "tcp_flags", "no TCP flag"),
            ({"tcp_flags": "SYN", "proto": "udp"}, "tcp_flags", "only TCP has flags"),
            ({"icmp_type": "8"}, "icmp_type", "the protocol is not ICMP"),
            ({"proto": "icmp", "icmp_type": "pingpong"}, "icmp_type", "no ICMP type"),
            ({"local": ("10.0.0.0/33",)}, "local", "/33"),
            ({"local": ("nowhere",)}, "local", "no IPv4 address"),
            ({"routes": ("10.0.0.0/8",)}, "routes", "is no route"),
            ({"routes": ("10.0.0.0/8 via 10.0.0.1",)}, "routes", "is no route"),
            ({"routes": ("10.0.0.0/8 dev eth0 via x",)}, "routes", "no IPv4 address"),
            ({"assume": ("rcheck",)}, "assume", "TEXT=yes or TEXT=no"),
            ({"assume": ("=yes",)}, "assume", "TEXT=yes or TEXT=no"),
            ({"assume": ("rcheck=perhaps",)}, "assume", "TEXT=yes or TEXT=no"),
            ({"details": {"ttl": -1}}, "ttl", "ttl"),
            ({"details": {"ttl": 256}}, "ttl", "ttl"),
            ({"details": {"length": "long"}}, "length", "length"),
            ({"details": {"length": True}}, "length", "length"),
            ({"details": {"mac_source": "xyz"}}, "mac_source", "mac_source"),
            ({"details": {"payload": "zz"}}, "payload", "payload"),
        ],
    )
    def test_a_field_that_makes_no_sense_is_named(self, fields: dict[str, Any], name: str, said: str) -> None:
        with pytest.raises(FieldError) as caught:
            ask(**fields)
        assert caught.value.field == name
        assert said in str(caught.value)

    def test_an_ipv4_address_on_ipv6_rules(self) -> None:
        with pytest.raises(FieldError, match="is an IPv4 address, the rules are IPv6"):
            ask(6, dst="10.0.0.1")

    @pytest.mark.parametrize("name", ["src", "dport", "mark", "ctstate", "in_", "proto", "icmp_type"])
    def test_what_was_typed_is_shown_without_acting_on_the_terminal(self, name: str) -> None:
        fields = {"proto": "icmp" if name == "icmp_type" else "", name: "\x1b[31m/"}
        with pytest.raises(FieldError) as caught:
            ask(**fields)
        assert "\x1b" not in str(caught.value)


class TestOrigin:
    @pytest.mark.parametrize(
        ("fields", "origin"),
        [
            ({}, "external"),
            ({"src": "10.0.0.9", "local": ("10.0.0.1",)}, "external"),
            ({"src": "10.0.0.1", "local": ("10.0.0.1",)}, "local"),
            ({"src": "127.0.0.1"}, "local"),
            ({"src": "10.0.0.1"}, "external"),
            ({"src": "10.0.0.1", "local": ("10.0.0.1",), "in_": "eth0"}, "external"),
            ({"src": "10.0.0.9", "local": ("10.0.0.1",), "origin": "LOCAL"}, "local"),
            ({"src": "10.0.0.1", "local": ("10.0.0.1",), "origin": "external"}, "external"),
        ],
    )
    def test_it_is_as_asked_for_or_follows_from_the_source(self, fields: dict[str, Any], origin: str) -> None:
        assert ask(**fields).origin == origin
