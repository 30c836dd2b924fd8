"""Addresses, networks, interface names and ranges as integers."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kptui.netfilter.address import endpoint, name_number, name_region, network, parse, show
from kptui.netfilter.host import Host, route
from kptui.netfilter.intervals import Intervals, contains, intersect, normal, subtract
from kptui.netfilter.packet import flag_names, flags
from kptui.netfilter.protocols import protocol_name, protocol_number

spans = st.tuples(st.integers(0, 30), st.integers(0, 30))
sets = st.lists(spans, max_size=6).map(normal)


def members(ranges: Intervals) -> set[int]:
    return {n for low, high in ranges for n in range(low, high + 1)}


class TestIntervals:
    @given(st.lists(spans, max_size=6))
    def test_normal_keeps_the_members_sorted_and_apart(self, ranges: list[tuple[int, int]]) -> None:
        found = normal(ranges)
        assert members(found) == {n for low, high in ranges for n in range(low, high + 1)}
        assert all(found[i][1] + 1 < found[i + 1][0] for i in range(len(found) - 1))

    @given(sets, sets)
    def test_intersect_and_subtract_are_those_of_sets(self, left: Intervals, right: Intervals) -> None:
        assert members(intersect(left, right)) == members(left) & members(right)
        assert members(subtract(left, right)) == members(left) - members(right)
        assert subtract(left, right) == normal(list(subtract(left, right)))

    @given(sets, st.integers(0, 31))
    def test_contains(self, ranges: Intervals, value: int) -> None:
        assert contains(ranges, value) is (value in members(ranges))


class TestAddresses:
    @given(st.ip_addresses())
    def test_an_address_is_what_python_says_it_is(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
        number = parse(str(address), address.version)
        assert number == int(address)
        assert ipaddress.ip_address(show(number, address.version)) == address

    @pytest.mark.parametrize(
        "text", ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ", "01.2.3.4", "a", "1.2.3.4/8", "::1"]
    )
    def test_what_is_no_ipv4_address(self, text: str) -> None:
        with pytest.raises(ValueError, match="no IPv4 address"):
            parse(text, 4)

    @given(st.ip_addresses(v=4), st.integers(0, 32), st.ip_addresses(v=4))
    def test_a_network_holds_what_python_says_it_holds(
        self, base: ipaddress.IPv4Address, length: int, other: ipaddress.IPv4Address
    ) -> None:
        told = ipaddress.ip_network(f"{base}/{length}", strict=False)
        for text in (f"{base}/{length}", f"{base}/{told.netmask}"):
            found = network(text, 4)
            assert (int(other) in found) is (other in told)
            assert found.region == ((int(told[0]), int(told[-1])),)

    def test_a_mask_with_holes_is_no_range(self) -> None:
        found = network("10.0.0.1/255.0.0.255", 4)
        assert found.region is None
        assert parse("10.9.9.1", 4) in found
        assert parse("10.9.9.2", 4) not in found

    def test_the_short_forms_of_iptables(self) -> None:
        assert network("10/8", 4) == network("10.0.0.0/8", 4)
        assert network("192.168/16", 4) == network("192.168.0.0/16", 4)

    @pytest.mark.parametrize("text", ["10.0.0.0/33", "10.0.0.0/x", "fd00::/8", "10.0.0.0/"])
    def test_what_is_no_ipv4_network(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"IPv4"):
            network(text, 4)

    def test_an_address_with_its_port(self) -> None:
        assert endpoint(parse("10.0.0.1", 4), 80, 4) == "10.0.0.1:80"
        assert endpoint(parse("fd00::1", 6), 80, 6) == "[fd00::1]:80"
        assert endpoint(parse("fd00::1", 6), None, 6) == "fd00::1"


class TestInterfaceNames:
    @given(st.text("abc0", min_size=1, max_size=15), st.text("abc0", max_size=15))
    def test_a_plus_matches_what_begins_so(self, name: str, prefix: str) -> None:
        assert contains(name_region(f"{prefix}+"), name_number(name)) is name.startswith(prefix)

    @given(st.text("abc0", min_size=1, max_size=15), st.text("abc0", min_size=1, max_size=15))
    def test_a_name_matches_itself_only(self, name: str, other: str) -> None:
        assert contains(name_region(name), name_number(other)) is (name == other)


class TestHost:
    def test_a_route_as_ip_route_prints_it(self) -> None:
        found = route("10.0.0.0/8 via 192.0.2.1 dev eth0 src 192.0.2.2", 4)
        assert (found.device, found.source) == ("eth0", parse("192.0.2.2", 4))
        assert route("default dev eth0", 4).to == network("0.0.0.0/0", 4)
        assert route("default dev eth0", 6).to == network("::/0", 6)

    def test_only_loopback_is_local_where_nobody_told(self) -> None:
        host = Host()
        assert host.is_local(parse("127.1.2.3", 4)) is True
        assert not isinstance(host.is_local(parse("10.0.0.1", 4)), bool)
        assert Host(6).is_local(1) is True

    def test_told_addresses_are_all_there_are(self) -> None:
        host = Host(local=(network("10.0.0.1", 4),))
        assert host.is_local(parse("10.0.0.1", 4)) is True
        assert host.is_local(parse("10.0.0.2", 4)) is False


class TestNames:
    @pytest.mark.parametrize(
        ("text", "number"), [("tcp", 6), ("UDP", 17), ("icmpv6", 58), ("ipv6-icmp", 58), ("all", 0), ("47", 47)]
    )
    def test_protocols_by_name_and_number(self, text: str, number: int) -> None:
        assert protocol_number(text) == number

    @pytest.mark.parametrize("number", [1, 6, 17, 58, 132, 253])
    def test_a_protocol_s_name_means_its_number(self, number: int) -> None:
        assert protocol_number(protocol_name(number)) == number

    @given(st.integers(0, 63))
    def test_tcp_flags_there_and_back(self, bits: int) -> None:
        assert flags(flag_names(bits)) == bits

    def test_all_and_none(self) -> None:
        assert (flags("ALL"), flags("NONE"), flags("syn,ACK")) == (63, 0, 18)
