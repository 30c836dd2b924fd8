"""The reply to a packet: un-NAT without the nat table, rules at each hook, and whether it comes back at all.

What is claimed here of the kernel is what tests/kernel/test_replies.py sees it do.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from kptui.netfilter.trace import Outcome, Trace
from tests.netfilter.test_journey import filter_, nat
from tests.support import assumed, only, rules_met, trace_of

ME, CLIENT, POD, VIP = "192.168.50.10", "203.0.113.9", "10.42.0.7", "10.96.0.1"
ROUTES = (
    "192.168.50.0/24 dev eth0 src 192.168.50.10",
    "10.42.0.0/24 dev cni0 src 10.42.0.1",
    "default dev eth0 via 192.168.50.1",
)
MASQUERADED = (f"PREROUTING -d {VIP} -j DNAT --to-destination {POD}:8080", "POSTROUTING -j MASQUERADE")
TRANSLATED = MASQUERADED[:1]


def mangle(*rules: str) -> str:
    """A mangle table with all its base chains."""
    chains = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
    lines = "".join(f"-A {rule}\n" for rule in rules)
    return "*mangle\n" + "".join(f":{chain} ACCEPT [0:0]\n" for chain in chains) + f"{lines}COMMIT\n"


def raw(*rules: str) -> str:
    """A raw table with its base chains."""
    lines = "".join(f"-A {rule}\n" for rule in rules)
    return f"*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n{lines}COMMIT\n"


def asked(dump: str, **request: Any) -> Trace:
    """A packet of the client to the Service on a node whose addresses and routes are known, and its reply."""
    usual = {"src": CLIENT, "sport": "40000", "dst": VIP, "dport": "80", "in_": "eth0", "local": (ME, "10.42.0.1")}
    return trace_of(dump, reply=True, **(usual | {"routes": ROUTES} | request))


def reply_of(trace: Trace) -> Trace:
    """The reply to the one outcome of a trace."""
    reply = only(trace).reply
    assert reply is not None, only(trace)
    return reply


def ends(outcome: Outcome) -> tuple[str, Any, str, Any]:
    """From where to where a packet goes in the end."""
    from kptui.netfilter.address import show

    packet = outcome.packet
    assert isinstance(packet.src, int)
    assert isinstance(packet.dst, int)
    return show(packet.src, 4), packet.sport, show(packet.dst, 4), packet.dport


class TestForwarded:
    def test_it_comes_back_from_the_address_that_was_asked(self) -> None:
        trace = asked(nat(*MASQUERADED))
        reply = only(reply_of(trace))
        assert trace.answer == "yes"
        assert trace.certain
        assert ends(reply) == (VIP, 80, CLIENT, 40000)
        assert reply.packet.out == "eth0"

    def test_no_rule_of_nat_is_asked(self) -> None:
        dump = nat("PREROUTING -j LOG", *MASQUERADED, "POSTROUTING -j LOG")
        assert rules_met(only(reply_of(asked(dump)))) == []

    def test_each_hook_sees_the_addresses_of_its_moment(self) -> None:
        """Un-SNAT after mangle in PREROUTING, un-DNAT after mangle in POSTROUTING."""
        before, between, after = f"-s {POD} -d 10.42.0.1", f"-s {POD} -d {CLIENT}", f"-s {VIP} -d {CLIENT}"
        seen = [
            f"{hook} {when} -j LOG"
            for hook in ("PREROUTING", "FORWARD", "POSTROUTING")
            for when in (before, between, after)
        ]
        trace = asked(nat(*MASQUERADED, more=mangle(*seen)))
        assert rules_met(only(reply_of(trace))) == [
            "mangle PREROUTING 1", "mangle FORWARD 2", "mangle POSTROUTING 2"
        ]  # fmt: skip

    def test_a_firewall_without_a_rule_for_it_drops_it(self) -> None:
        rules = ("FORWARD -p tcp --dport 8080 -j ACCEPT", "FORWARD -j DROP")
        trace = asked(nat(*MASQUERADED, more=filter_(*rules)))
        assert (trace.forward, trace.answer) == ("yes", "no")
        reply = only(reply_of(trace))
        assert (reply.end, rules_met(reply)) == ("dropped", ["filter FORWARD 2"])

    def test_a_rule_for_what_is_established_lets_it_pass(self) -> None:
        rules = (
            "FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            "FORWARD -p tcp --dport 8080 -j ACCEPT",
            "FORWARD -j DROP",
        )
        trace = asked(nat(*MASQUERADED, more=filter_(*rules)))
        assert trace.answer == "yes"
        assert rules_met(only(reply_of(trace))) == ["filter FORWARD 1"]

    def test_the_connection_s_mark_comes_back(self) -> None:
        rules = (
            "PREROUTING -m conntrack --ctstate NEW -j MARK --set-mark 0x7",
            "PREROUTING -m mark --mark 0x7 -j CONNMARK --save-mark",
            "PREROUTING -j CONNMARK --restore-mark",
            "FORWARD -m mark ! --mark 0x7 -j DROP",
        )
        reply = only(reply_of(asked(nat(*MASQUERADED, more=mangle(*rules)))))
        assert reply.packet.mark == 7
        assert rules_met(reply) == ["mangle PREROUTING 3"]

    def test_a_syn_is_answered_by_syn_ack(self) -> None:
        dump = filter_(
            "FORWARD -p tcp -m tcp --tcp-flags SYN,ACK SYN,ACK -j ACCEPT", "FORWARD --protocol tcp --syn -j ACCEPT"
        )
        reply = only(reply_of(asked(dump, dst=POD)))
        assert rules_met(reply) == ["filter FORWARD 1"]

    def test_a_ping_is_answered(self) -> None:
        dump = filter_("FORWARD -p icmp -m icmp --icmp-type 0 -j LOG", "FORWARD -p icmp -m icmp --icmp-type 8 -j LOG")
        reply = only(reply_of(asked(dump, dst=POD, proto="icmp", sport="", dport="")))
        assert rules_met(reply) == ["filter FORWARD 1"]

    def test_shares_are_those_of_the_replies_of_one_outcome(self) -> None:
        rules = ("FORWARD -s 10.42.0.7 -m statistic --mode random --probability 0.25 -j DROP",)
        trace = asked(nat(*MASQUERADED, more=filter_(*rules)))
        assert {each.end: each.probability for each in reply_of(trace).outcomes} == {
            "forwarded": Fraction(3, 4),
            "dropped": Fraction(1, 4),
        }
        assert trace.answer == "depends"
        assert trace.certain


class TestOfThisHost:
    def test_what_was_redirected_to_it_answers_from_the_address_that_was_asked(self) -> None:
        dump = nat(
            "PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080",
            more=filter_("OUTPUT -p tcp --sport 8080 -j LOG"),
        )
        trace = asked(dump, dst=ME)
        reply = only(reply_of(trace))
        assert (reply.end, ends(reply)) == ("sent", (ME, 80, CLIENT, 40000))
        assert rules_met(reply) == ["filter OUTPUT 1"]

    def test_the_answer_to_a_process_is_turned_back_on_both_sides(self) -> None:
        dump = nat(f"OUTPUT -d {VIP} -j DNAT --to-destination {POD}:8080", "POSTROUTING -j SNAT --to-source 10.42.0.1")
        trace = asked(dump, src=ME, in_="", origin="local")
        reply = only(reply_of(trace))
        assert (reply.end, ends(reply)) == ("delivered", (VIP, 80, ME, 40000))

    @pytest.mark.parametrize(("backend", "source"), [("nft", VIP), ("legacy", POD)])
    def test_security_sees_it_after_nat_or_before(self, backend: Any, source: str) -> None:
        """iptables-nft puts security behind nat in INPUT, iptables-legacy before it."""
        security = f"*security\n:INPUT ACCEPT [0:0]\n-A INPUT -s {source} -j LOG\nCOMMIT\n"
        dump = nat(f"OUTPUT -d {VIP} -j DNAT --to-destination {POD}:8080", more=security)
        reply = only(reply_of(asked(dump, src=ME, in_="", origin="local", backend=backend)))
        assert rules_met(reply) == ["security INPUT 1"]

    def test_over_the_loopback_device(self) -> None:
        dump = nat("OUTPUT -d 192.168.50.10 -p tcp --dport 80 -j DNAT --to-destination 127.0.0.1:8080")
        reply = only(reply_of(asked(dump, src="127.0.0.1", dst=ME, in_="", origin="local")))
        assert (reply.end, ends(reply)) == ("delivered", (ME, 80, "127.0.0.1", 40000))


class TestWithoutAConnection:
    def test_a_reply_that_is_not_tracked_is_not_turned_back(self) -> None:
        trace = asked(nat(*MASQUERADED, more=raw(f"PREROUTING -s {POD} -j CT --notrack")))
        reply = only(reply_of(trace))
        assert trace.answer == "no"
        assert (reply.end, reply.verdict) == ("delivered", "LOST")
        assert reply.reason == f"the reply goes to 10.42.0.1, not back to {CLIENT}"

    def test_the_answer_to_an_untracked_syn_is_invalid(self) -> None:
        rules = ("FORWARD -m conntrack --ctstate INVALID -j DROP",)
        trace = asked(raw("PREROUTING -i eth0 -j CT --notrack") + filter_(*rules), dst=POD)
        assert only(reply_of(trace)).end == "dropped"

    def test_the_answer_to_an_untracked_datagram_opens_a_connection(self) -> None:
        dump = nat("PREROUTING -s 10.42.0.7 -j LOG", more=raw("PREROUTING -i eth0 -j CT --notrack"))
        assert rules_met(only(reply_of(asked(dump, dst=POD, proto="udp")))) == ["nat PREROUTING 1"]


class TestThePathBack:
    def test_masqueraded_it_surely_comes_back_here(self) -> None:
        assert asked(nat(*MASQUERADED), routes=(), local=(ME,)).certain
        assert asked(nat(*MASQUERADED), local=(ME,)).certain

    def test_from_a_pod_of_this_node_too(self) -> None:
        trace = asked(nat(*TRANSLATED))
        assert (trace.answer, trace.certain) == ("yes", True)

    def test_from_another_host_it_is_not_known(self) -> None:
        dump = nat(f"PREROUTING -d {VIP} -j DNAT --to-destination 10.42.1.7:8080")
        trace = asked(dump)
        here, past = reply_of(trace).outcomes
        question = f"10.42.1.7 answers {CLIENT} by way of this host"
        assert (assumed(here), here.through) == ({question: True}, True)
        assert (assumed(past), past.through, past.end) == ({question: False}, False, "bypassed")
        assert past.reason is not None
        assert f"from 10.42.1.7:8080, not from {VIP}:80" in past.reason
        assert trace.answer == "depends"

    def test_the_user_can_tell(self) -> None:
        dump = nat(f"PREROUTING -d {VIP} -j DNAT --to-destination 10.42.1.7:8080")
        assert asked(dump, assume=("by way of this host=yes",)).answer == "yes"
        assert asked(dump, assume=("by way of this host=no",)).answer == "no"

    def test_past_this_host_is_no_harm_without_translation(self) -> None:
        trace = asked(filter_(), dst="10.42.1.7", assume=("by way of this host=no",))
        assert (only(reply_of(trace)).end, trace.answer) == ("bypassed", "yes")

    def test_two_on_one_link_talk_without_it(self) -> None:
        dump = nat(f"PREROUTING -d {VIP} -j DNAT --to-destination 192.168.50.20:8080")
        trace = asked(dump, src="192.168.50.2")
        assert (trace.forward, trace.answer, trace.certain) == ("yes", "no", True)

    def test_two_on_one_bridge_need_bridge_nf_call_iptables(self) -> None:
        trace = asked(nat(*TRANSLATED), src="10.42.0.8", in_="cni0")
        assert trace.answer == "depends"
        why = reply_of(trace).outcomes[0].assumptions[0].why
        assert "bridge-nf-call-iptables" in why

    def test_to_oneself(self) -> None:
        trace = asked(nat(*TRANSLATED), src=POD, in_="cni0")
        reply = only(reply_of(trace))
        assert (reply.through, reply.reason) == (
            False,
            f"{POD} is sent a packet from its own address, which it throws away",
        )

    def test_without_routes_and_addresses_it_says_so(self) -> None:
        trace = trace_of(nat(*TRANSLATED), reply=True, src=CLIENT, dst=VIP, dport="80", local=(ME,))
        assert trace.answer == "depends"
        assert {each.end for each in reply_of(trace).outcomes} == {"forwarded", "bypassed"}


class TestWithoutAnAnswer:
    @pytest.mark.parametrize(
        ("request_", "why"),
        [
            ({"proto": "icmp", "icmp_type": "destination-unreachable"}, "ICMP type 3 asks for no answer"),
            ({"tcp_flags": "RST", "ctstate": "NEW"}, "a reset is not answered"),
        ],
    )
    def test_nothing_is_expected(self, request_: dict[str, str], why: str) -> None:
        ports = {"sport": "", "dport": ""} if "proto" in request_ else {}
        trace = asked(filter_(), **({"dst": POD} | ports | request_))
        assert (only(trace).reply, only(trace).unanswered) == (None, why)
        assert trace.answer == "yes"

    def test_what_is_dropped_has_no_reply(self) -> None:
        trace = asked(filter_("FORWARD -j DROP"), dst=POD)
        assert (only(trace).reply, only(trace).unanswered, trace.answer) == (None, None, "no")


class TestAssumptions:
    def test_what_was_learnt_on_the_way_there_holds_on_the_way_back(self) -> None:
        rules = ("FORWARD -s 203.0.113.0/24 -j ACCEPT", "FORWARD -d 203.0.113.0/24 -j ACCEPT", "FORWARD -j DROP")
        trace = asked(
            filter_(*rules), src="", dst=POD, local=(ME,), assume=("by way of this host=yes", "an address of this=no")
        )
        [there] = [outcome for outcome in trace.outcomes if outcome.through]
        assert there.reply is not None
        assert (rules_met(only(there.reply)), only(there.reply).assumptions) == (["filter FORWARD 2"], ())

    def test_what_a_packet_was_lucky_with_its_reply_need_not_be(self) -> None:
        rules = ("FORWARD -m limit --limit 5/sec -j ACCEPT", "FORWARD -j DROP")
        trace = asked(filter_(*rules), dst=POD)
        [there] = [outcome for outcome in trace.outcomes if outcome.through]
        assert there.reply is not None
        assert {(each.end, each.assumptions[0].assumed) for each in there.reply.outcomes} == {
            ("forwarded", True),
            ("dropped", False),
        }


class TestMatchesOnTheConnection:
    def matched(self, match: str, **request: Any) -> bool:
        """Whether the reply to a packet that was translated both ways matches."""
        reply = only(reply_of(asked(nat(*MASQUERADED, more=mangle(f"FORWARD -m conntrack {match} -j LOG")), **request)))
        assert reply.assumptions == ()
        return rules_met(reply) == ["mangle FORWARD 1"]

    @pytest.mark.parametrize(
        "match",
        [
            "--ctstate ESTABLISHED", "--ctstate DNAT", "--ctstate SNAT,INVALID", "--ctdir REPLY", "--ctproto 6",
            f"--ctorigsrc {CLIENT}", f"--ctorigdst {VIP}", "--ctorigsrcport 40000", "--ctorigdstport 80",
            f"--ctreplsrc {POD}", "--ctrepldst 10.42.0.1", "--ctreplsrcport 8080", "--ctrepldstport 40000",
            "--ctstatus SEEN_REPLY", "--ctstatus ASSURED,CONFIRMED", f"! --ctorigdst {POD}",
        ],
    )  # fmt: skip
    def test_it_matches(self, match: str) -> None:
        assert self.matched(match)

    @pytest.mark.parametrize(
        "match",
        [
            "--ctstate NEW,RELATED", "--ctdir ORIGINAL", f"--ctorigsrc {POD}", f"--ctreplsrc {VIP}",
            "--ctreplsrcport 80", "--ctstatus ASSURED", "--ctstatus EXPECTED", "! --ctstate DNAT",
            f"! --ctorigsrc {CLIENT}",
        ],
    )  # fmt: skip
    def test_it_does_not(self, match: str) -> None:
        assert not self.matched(match)

    def test_a_translation_to_the_same_is_none(self) -> None:
        dump = nat(
            f"PREROUTING -d {POD} -j DNAT --to-destination {POD}",
            more=mangle("FORWARD -m conntrack --ctstate DNAT -j LOG"),
        )
        assert rules_met(only(reply_of(asked(dump, dst=POD)))) == []

    def test_the_number_of_an_echo_is_not_known(self) -> None:
        dump = mangle("FORWARD -p icmp -m icmp --icmp-type 0 -m conntrack --ctorigsrcport 80 -j DROP")
        reply = reply_of(asked(dump, dst=POD, proto="icmp", sport="", dport=""))
        assert {outcome.end for outcome in reply.outcomes} == {"forwarded", "dropped"}
