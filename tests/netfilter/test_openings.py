"""A packet of a connection that exists: conntrack's table tells its translation, else its first packet does."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from kptui.errors import UsageError
from kptui.netfilter.openings import OPENED
from kptui.netfilter.trace import Trace
from tests.netfilter.test_journey import filter_, nat
from tests.netfilter.test_reply import CLIENT, ME, POD, ROUTES, VIP, mangle
from tests.support import assumed, only, rules_met, trace_of

ONE_POD = nat(f"PREROUTING -d {VIP} -j DNAT --to-destination {POD}:8080")
TWO_PODS = nat(
    f"PREROUTING -d {VIP} -m statistic --mode random --probability 0.25 -j DNAT --to-destination {POD}:8080",
    f"PREROUTING -d {VIP} -j DNAT --to-destination 10.42.0.8:8080",
)
TABLE = """
    ipv4     2 tcp      6 431999 ESTABLISHED src=203.0.113.9 dst=10.96.0.1 sport=40000 dport=80 src=10.42.0.8 dst=192.168.50.10 sport=8080 dport=61000 [ASSURED] mark=7 use=1
    tcp      6 300 ESTABLISHED src=203.0.113.10 dst=10.96.0.1 sport=40001 dport=80 packets=3 bytes=200 src=10.42.0.7 dst=203.0.113.10 sport=8080 dport=40001 packets=2 bytes=100 [ASSURED] mark=0 zone=1 use=1
    ipv4     2 udp      17 29 src=203.0.113.9 dst=10.96.0.1 sport=50 dport=53 [UNREPLIED] src=10.42.0.7 dst=203.0.113.9 sport=53 dport=50 mark=0 use=1
    ipv4     2 icmp     1 29 src=203.0.113.9 dst=10.96.0.1 type=8 code=0 id=9 src=10.42.0.7 dst=203.0.113.9 type=0 code=0 id=9 mark=0 use=1
    conntrack v1.4.7 (conntrack-tools): 4 flow entries have been shown.
"""  # noqa: E501


def established(dump: str, **request: Any) -> Trace:
    """A later packet of the client's connection to the Service."""
    usual = {"src": CLIENT, "sport": "40000", "dst": VIP, "dport": "80", "in_": "eth0", "local": (ME, "10.42.0.1")}
    return trace_of(dump, **(usual | {"routes": ROUTES, "ctstate": "ESTABLISHED"} | request))


class TestBySupposition:
    def test_it_goes_where_its_first_packet_would(self) -> None:
        trace = established(ONE_POD)
        followed = next(outcome for outcome in trace.outcomes if assumed(outcome) == {OPENED: True})
        assert (followed.end, followed.packet.dnat) == ("forwarded", f"{POD}:8080")
        assert rules_met(followed) == []

    def test_else_it_is_not_known(self) -> None:
        others = [outcome for outcome in established(ONE_POD).outcomes if assumed(outcome)[OPENED] is False]
        assert {outcome.through for outcome in others} == {True, False}
        assert established(ONE_POD).answer == "depends"

    def test_the_user_can_tell_that_it_was_opened_so(self) -> None:
        trace = established(ONE_POD, assume=("opened by a packet like it=yes",))
        assert (only(trace).packet.dnat, trace.certain) == (f"{POD}:8080", True)

    def test_shares_are_those_of_the_first_packet(self) -> None:
        trace = established(TWO_PODS, assume=("opened by a packet like it=yes",))
        assert {o.packet.dnat: o.probability for o in trace.outcomes} == {
            f"{POD}:8080": Fraction(1, 4),
            "10.42.0.8:8080": Fraction(3, 4),
        }

    def test_given_that_it_exists(self) -> None:
        """Half of the first packets are refused, which opened no connection."""
        half = filter_(f"FORWARD -m conntrack --ctstate NEW -d {POD} -j REJECT")
        trace = established(TWO_PODS + half, assume=("opened by a packet like it=yes",))
        assert (only(trace).packet.dnat, only(trace).probability) == ("10.42.0.8:8080", Fraction(1))

    def test_a_connection_that_these_rules_refuse_was_not_opened_under_them(self) -> None:
        trace = established(ONE_POD + filter_("FORWARD -m conntrack --ctstate NEW -j DROP"))
        assert all(OPENED not in assumed(outcome) for outcome in trace.outcomes)
        assert trace.answer == "depends"

    def test_an_answer_opens_nothing(self) -> None:
        for trace in (
            established(ONE_POD, tcp_flags="SYN,ACK"),
            established(ONE_POD, proto="icmp", icmp_type="echo-reply", sport="", dport=""),
        ):
            assert all(OPENED not in assumed(outcome) for outcome in trace.outcomes)

    def test_what_its_first_packet_marked_it_keeps(self) -> None:
        rules = (
            "PREROUTING -m conntrack --ctstate NEW -j CONNMARK --set-mark 0x5",
            "FORWARD -m connmark --mark 0x5 -j LOG",
        )
        trace = established(ONE_POD + mangle(*rules), assume=("opened by a packet like it=yes",))
        assert rules_met(only(trace)) == ["mangle FORWARD 1"]

    def test_what_the_first_packet_was_lucky_with_is_told_apart(self) -> None:
        dump = ONE_POD + filter_("FORWARD -m limit --limit 5/sec -j ACCEPT", "FORWARD -j DROP")
        trace = established(dump, assume=("opened by a packet like it=yes",))
        first = "first packet: -m limit --limit 5/sec"
        assert {tuple(sorted(assumed(outcome).items())) for outcome in trace.outcomes} == {
            (("-m limit --limit 5/sec", True), (first, True)),
            (("-m limit --limit 5/sec", False), (first, True)),
        }

    def test_without_translation_nothing_is_asked(self) -> None:
        trace = established(filter_("FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT"), dst=POD)
        assert trace.certain


class TestByTheTable:
    def test_it_settles_the_translation(self) -> None:
        trace = established(ONE_POD, connections=TABLE)
        packet = only(trace).packet
        assert (packet.dnat, packet.snat, trace.certain) == ("10.42.0.8:8080", f"{ME}:61000", True)

    def test_and_the_mark(self) -> None:
        dump = ONE_POD + mangle("FORWARD -m connmark --mark 0x7 -j LOG")
        assert rules_met(only(established(dump, connections=TABLE))) == ["mangle FORWARD 1"]

    def test_an_answer_is_found_by_what_it_looks_like_as_it_comes(self) -> None:
        answer = {"src": "10.42.0.8", "sport": "8080", "dst": ME, "dport": "61000", "in_": "cni0"}
        outcome = only(established(ONE_POD, connections=TABLE, **answer))
        packet = outcome.packet
        assert (outcome.end, packet.sport, packet.dport, packet.out) == ("forwarded", 80, 40000, "eth0")
        assert outcome.packet.dnat is None

    def test_of_several_that_fit_it_is_one(self) -> None:
        trace = established(ONE_POD, connections=TABLE, src="", sport="")
        assert {outcome.packet.dnat for outcome in trace.outcomes} == {"10.42.0.8:8080", f"{POD}:8080"}
        assert {len(outcome.assumptions) for outcome in trace.outcomes} == {1}

    def test_a_port_is_enough_to_tell_it(self) -> None:
        trace = established(ONE_POD, connections=TABLE, src="", sport="40001")
        assert (only(trace).packet.dnat, trace.certain) == (f"{POD}:8080", True)

    def test_none_that_fits_is_said(self) -> None:
        trace = established(ONE_POD, connections=TABLE, sport="1")
        whys = {each.why for outcome in trace.outcomes for each in outcome.assumptions if each.match == OPENED}
        assert whys == {"the table of connections given has none that the packet fits"}

    def test_what_nobody_answered_is_not_established(self) -> None:
        trace = established(ONE_POD, connections=TABLE, proto="udp", sport="50", dport="53")
        assert not trace.certain
        answer = {"src": POD, "sport": "53", "dst": CLIENT, "dport": "50", "in_": "cni0"}
        assert only(established(ONE_POD, connections=TABLE, proto="udp", **answer)).packet.sport == 53

    def test_protocols_without_ports(self) -> None:
        trace = established(ONE_POD, connections=TABLE, proto="icmp", sport="", dport="")
        assert (only(trace).packet.dnat, trace.certain) == (POD, True)

    def test_a_translation_without_rules_is_followed_all_the_same(self) -> None:
        assert only(established(filter_(), connections=TABLE)).packet.dnat == "10.42.0.8:8080"

    def test_two_zones_with_the_same_ends_are_not_told_apart(self) -> None:
        twice = TABLE + TABLE.replace("10.42.0.8", "10.42.0.9").replace("mark=7", "mark=7 zone=2")
        assert not established(ONE_POD, connections=twice).certain

    @pytest.mark.parametrize(
        ("line", "why"),
        [
            ("tcp 6 1 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2", "expected “PROTOCOL NUMBER"),
            ("tcp 6 1 src=10.0.0.1 sport=1 src=10.0.0.2 dst=10.0.0.1", "a destination (dst=) is missing"),
            ("tcp 6 1 src=10.0.0.300 dst=10.0.0.2 src=10.0.0.2 dst=10.0.0.1", "is no IPv4 address"),
            ("tcp 6 1 src=10.0.0.1 dst=10.0.0.2 sport=70000 dport=1 src=10.0.0.2 dst=10.0.0.1", "“70000” is no port"),
            ("<conntrack>", "XML is not read"),
        ],
    )
    def test_a_damaged_table_is_refused_with_the_line(self, line: str, why: str) -> None:
        with pytest.raises(UsageError, match=r"^connections") as caught:
            established(ONE_POD, connections=f"\n{line}\n")
        assert why in str(caught.value)
        assert "XML" in why or "line 2" in str(caught.value)


class TestItsReply:
    def test_the_answer_to_a_later_packet(self) -> None:
        trace = established(ONE_POD, connections=TABLE, reply=True)
        reply = only(trace).reply
        assert reply is not None
        packet = only(reply).packet
        assert (packet.sport, packet.dport, trace.answer) == (80, 40000, "yes")

    def test_the_answer_to_an_answer_is_a_packet_of_the_client(self) -> None:
        answer = {"src": "10.42.0.8", "sport": "8080", "dst": ME, "dport": "61000", "in_": "cni0"}
        trace = established(ONE_POD, connections=TABLE, reply=True, assume=("by way of this host=yes",), **answer)
        reply = only(trace).reply
        assert reply is not None
        assert only(reply).packet.dnat == "10.42.0.8:8080"
