"""What each match decides from the packet, the host and --set, what stays open, and what one answer settles."""

from __future__ import annotations

from typing import Any

import pytest

from kptui.netfilter.address import network, parse
from kptui.netfilter.facts import Unknown
from kptui.netfilter.host import Host, Route
from kptui.netfilter.packet import ICMP, NO_MSS, NO_SOCKET, UDP, Packet
from kptui.netfilter.trace import Outcome, Trace, Tracer
from tests.support import ruleset_of

PACKET = Packet(src=parse("192.0.2.1", 4), dst=parse("203.0.113.1", 4), sport=4000, dport=80, in_="eth0", out="eth1")
YES, NO, OPEN = {"dropped"}, {"forwarded"}, {"dropped", "forwarded"}


Told = dict[str, str] | None


def traced(rules: str, table: str = "filter", hook: str = "FORWARD", told: Told = None, **packet: Any) -> Trace:
    """The trace of the packet through rules parted by `;`."""
    lines = "".join(f"-A {hook} {rule.strip()}\n" for rule in rules.split(";"))
    ruleset = ruleset_of(f"*{table}\n:{hook} ACCEPT [0:0]\n{lines}COMMIT\n")
    routes = (Route(PACKET_NET, "eth1", None), Route(SOURCE_NET, "eth0", None))
    host = Host(local=(), routes=routes, settings=told or {})
    local = packet.get("in_") == ""
    return Tracer(ruleset, host).trace(PACKET.but(**packet), "local" if local else "external")


def ends(trace: Trace) -> set[str]:
    """How its outcomes end; what is sent counts as forwarded, so that one table does for both."""
    return {outcome.end.replace("sent", "forwarded") for outcome in trace.outcomes}


PACKET_NET, SOURCE_NET = network("203.0.113.0/24", 4), network("192.0.2.0/24", 4)
_CODE = Unknown("ICMP code", 8)


@pytest.mark.parametrize(
    ("match", "packet", "told", "expected"),
    [
        ("-m length --length 100:200", {"length": 150}, {}, YES),
        ("-m length --length 100:200", {}, {}, OPEN),
        ("-m ttl --ttl-eq 63", {"ttl": 64}, {}, YES),
        ("-m dscp --dscp-class EF", {"tos": 0xB8}, {}, YES),
        ("-m ecn --ecn-ip-ect 2", {"tos": 0x02}, {}, YES),
        ("-m mac --mac-source 0:11:22:33:44:55", {"mac_source": "00:11:22:33:44:55"}, {}, YES),
        ("-m mac ! --mac-source 00:11:22:33:44:55", {"mac_source": ""}, {}, NO),
        ("-m mac ! --mac-source 00:11:22:33:44:55", {"in_": "lo"}, {}, NO),
        ("-m pkttype --pkt-type unicast", {}, {}, YES),
        ("-m pkttype ! --pkt-type broadcast", {}, {}, YES),
        ("-m physdev --physdev-in vnet0", {}, {}, OPEN),
        ("-m physdev --physdev-in vnet+", {}, {"physdev-in": "vnet3"}, YES),
        ("-m physdev ! --physdev-is-in", {}, {"physdev-in": "none"}, YES),
        ("-m physdev --physdev-is-in", {}, {"physdev-is-in": "yes"}, YES),
        ("-f", {}, {}, NO),
        ("-f", {"fragment": True}, {}, YES),
        ("-p tcp -m tcp ! --dport 81", {"fragment": True}, {}, NO),
        ("-p tcp -m tcp --tcp-flags SYN,ACK SYN", {"tcp_flags": Unknown("TCP flags", 6)}, {}, OPEN),
        ("-p tcp -m tcp --tcp-option 2", {"mss": 1460}, {}, OPEN),
        ("-p tcp -m tcpmss --mss 1000:1460", {"mss": 1460}, {}, YES),
        ("-p tcp -m tcpmss ! --mss 1000:1460", {"mss": NO_MSS}, {}, YES),
        ("-p tcp -m multiport --ports 80,443", {"sport": Unknown("source port", 16)}, {}, YES),
        ("-p tcp -m multiport --ports 22", {"sport": Unknown("source port", 16)}, {}, OPEN),
        ("-p icmp -m icmp --icmp-type 3/0:5", {"proto": ICMP, "icmp_type": 3, "icmp_code": 4}, {}, YES),
        ("-p icmp -m icmp ! --icmp-type 3/4", {"proto": ICMP, "icmp_type": 8, "icmp_code": _CODE}, {}, YES),
        ("-m helper --helper ftp", {}, {}, NO),
        ("-m helper ! --helper ftp", {}, {}, YES),
        ("-m helper --helper ftp", {"ctstate": "RELATED"}, {}, OPEN),
        ("-m realm --realm 5", {}, {"realm": "5"}, YES),
        ("-m realm --realm 0x10/0xf0", {}, {"realm": "0x15"}, YES),
        ("-m cpu --cpu 1", {}, {"cpu": "0"}, NO),
        ("-m policy --dir in --pol none", {}, {"ipsec": "no"}, YES),
        ("-m policy --dir in --pol ipsec", {}, {"ipsec": "no"}, NO),
        ("-m conntrack --ctstatus NONE", {}, {}, NO),
        ("-m conntrack ! --ctstatus SEEN_REPLY,ASSURED", {}, {}, YES),
        ("-m conntrack --ctstatus SEEN_REPLY", {"ctstate": "ESTABLISHED"}, {}, YES),
        ("-m conntrack --ctstatus ASSURED", {"ctstate": "ESTABLISHED"}, {}, OPEN),
        ("-m conntrack --ctreplsrc 203.0.113.1", {}, {}, YES),
        ("-m conntrack --ctrepldstport 4000", {}, {}, YES),
        ("-m conntrack --ctstate DNAT", {"ctstate": "ESTABLISHED"}, {}, OPEN),
        ("-m string --algo bm --string abc", {"payload": "00616263"}, {}, YES),
        ("-m string --algo bm --string ABC --icase", {"payload": "00616263"}, {}, YES),
        ("-m string --algo bm --hex-string a|6263|", {"payload": "00616263"}, {}, YES),
        ("-m string --algo bm --string abc --from 28", {"payload": "00616263", "proto": UDP}, {}, YES),
        ("-m string --algo bm --string abc --from 30", {"payload": "00616263", "proto": UDP}, {}, NO),
        ("-m string --algo bm --string abc --from 28", {"payload": "00", "proto": UDP}, {}, NO),
        ("-m string --algo bm --string abc", {"payload": "00"}, {}, OPEN),
        ("-m time --timestart 10:00 --timestop 12:00", {}, {"time": "2026-11-25T11:00"}, YES),
        ("-m time --timestart 10:00 --timestop 12:00", {}, {"time": "2026-11-25T12:00:01"}, NO),
        ("-m time --timestart 22:00 --timestop 04:00", {}, {"time": "2026-11-25T23:00"}, YES),
        ("-m time --timestart 10:00 --timestop 10:00", {}, {"time": "2026-11-25T23:00"}, YES),
        ("-m time --weekdays Wed,Thu", {}, {"time": "2026-11-25T23:00"}, YES),
        ("-m time ! --weekdays 3", {}, {"time": "2026-11-25T23:00"}, NO),
        ("-m time --monthdays 1,25th", {}, {"time": "2026-11-25T23:00"}, YES),
        ("-m time --timestart 22:00 --timestop 4:0 --weekdays Tue --contiguous", {}, {"time": "2026-11-25T01:00"}, YES),
        ("-m time --timestart 22:00 --timestop 4:0 --weekdays Wed --contiguous", {}, {"time": "2026-11-25T01:00"}, NO),
        ("-m time --datestart 2026-11 --datestop 2026-12-01", {}, {"time": "2026-11-25T01:00"}, YES),
        ("-m time --datestart 2026-11-25T02:00 ", {}, {"time": "2026-11-25T01:00"}, NO),
        ("-m time --timestart 10:00 --kerneltz", {}, {"time": "2026-11-25T11:00"}, OPEN),
        ("-m time --timestart 10:00", {}, {}, OPEN),
        ("-m time --timestart 10:00", {}, {"time": "no"}, NO),
    ],
)  # fmt: skip
def test_a_match_on_what_is_forwarded(match: str, packet: dict[str, Any], told: Told, expected: set[str]) -> None:
    assert ends(traced(f"{match} -j DROP", told=told, **packet)) == expected


@pytest.mark.parametrize(
    ("match", "packet", "told", "expected"),
    [
        ("-m owner --uid-owner 1000-1999", {"uid": 1337}, {}, YES),
        ("-m owner ! --uid-owner 0", {}, {}, OPEN),
        ("-m owner --socket-exists", {"uid": 0}, {}, YES),
        ("-m owner ! --uid-owner 0", {"uid": NO_SOCKET}, {}, YES),
        ("-m owner --socket-exists", {"uid": NO_SOCKET}, {}, NO),
        ("-m owner --gid-owner 5", {"gid": 0}, {}, NO),
        ("-m owner --gid-owner 5 --suppl-groups", {"gid": 0}, {}, OPEN),
        ("-m owner ! --gid-owner 5 --suppl-groups", {"gid": 5}, {}, NO),
        ("-m pkttype --pkt-type unicast", {}, {}, YES),
        ("-m physdev ! --physdev-is-in", {}, {}, YES),
    ],
)
def test_a_match_on_what_this_host_sends(match: str, packet: dict[str, Any], told: Told, expected: set[str]) -> None:
    assert ends(traced(f"{match} -j DROP", hook="OUTPUT", told=told, in_="", **packet)) == expected


@pytest.mark.parametrize(
    ("match", "expected"),
    [("-m owner --uid-owner 0", NO), ("-m owner ! --uid-owner 0", YES), ("-m cgroup ! --cgroup 5", NO),
     ("-m owner ! --socket-exists", YES)],
)  # fmt: skip
def test_what_is_forwarded_is_of_no_socket(match: str, expected: set[str]) -> None:
    assert ends(traced(f"{match} -j DROP", "mangle", "POSTROUTING")) == expected


@pytest.mark.parametrize(
    ("match", "packet", "expected"),
    [
        ("-m rpfilter", {}, YES),
        ("-m rpfilter --invert", {}, NO),
        ("-m rpfilter", {"in_": "eth1"}, NO),
        ("-m rpfilter --loose", {"in_": "eth1"}, YES),
        ("-m rpfilter --loose", {"src": parse("9.9.9.9", 4)}, NO),
        ("-m rpfilter", {"in_": Unknown("incoming interface", 120)}, OPEN),
        ("-m rpfilter", {"src": Unknown("source address", 32)}, OPEN),
    ],
)
def test_the_reverse_path_is_that_of_the_routes(match: str, packet: dict[str, Any], expected: set[str]) -> None:
    assert ends(traced(f"{match} -j DROP", "raw", "PREROUTING", **packet)) == expected


@pytest.mark.parametrize(
    "rules",
    [
        "-m mac --mac-source 00:11:22:33:44:55 -j ACCEPT; -m mac ! --mac-source 00:11:22:33:44:55 -j DROP",
        "-m ttl --ttl-gt 20 -j ACCEPT; -m ttl --ttl-lt 21 -j DROP",
        "-m dscp --dscp 0x2e -j ACCEPT; -m tos ! --tos 0xb8/0xfc -j DROP",
        "-p tcp -m tcp --tcp-flags SYN,ACK SYN -j ACCEPT; -p tcp -m tcp ! --tcp-flags ACK,SYN SYN -j DROP",
        "-p tcp -m tcp --tcp-flags SYN SYN -j ACCEPT; -p tcp -m tcp ! --tcp-flags SYN,RST SYN -j DROP",
        "-m physdev --physdev-is-in -j ACCEPT; -m physdev ! --physdev-in vnet+ -j DROP",
        "-m policy --dir in --pol none -j ACCEPT; -m policy --dir in --pol ipsec -j DROP",
        "-m time --timestart 09:00 --timestop 17:00 -j ACCEPT; -m time --timestart 17:00:01 --timestop 8:59:59 -j DROP",
        "-m time --weekdays Sat,Sun -j ACCEPT; -m time --weekdays Mon,Tue,Wed,Thu,Fri -j DROP",
        "-m length --length 0:100 -j ACCEPT; -m length --length 101:65535 -j DROP",
        "-m realm --realm 1/1 -j ACCEPT; -m realm --realm 0/1 -j DROP",
        "-s 10.0.0.7/255.0.0.255 -j ACCEPT; ! -s 10.0.0.7/255.0.0.255 -j DROP",
        "-s 10.0.0.0/8 -j ACCEPT; ! -s 10.0.0.7/255.0.0.255 -j DROP",
        "-m mark --mark 0x1/0x1 -j ACCEPT; -m mark ! --mark 0x3/0x3 -j DROP",
    ],
)
def test_one_answer_decides_the_next_question_of_the_same(rules: str) -> None:
    """With everything open, what is dropped is all that was not accepted: no third way is left."""
    nothing: dict[str, Any] = {
        "src": Unknown("source address", 32),
        "tcp_flags": Unknown("TCP flags", 6),
        "mark": Unknown("mark", 32),
        "in_": Unknown("incoming interface", 120),
    }
    trace = traced(rules, **nothing)
    assert ends(trace) == OPEN
    accepted = [outcome for outcome in trace.outcomes if outcome.end == "forwarded"]
    assert all(_accepted_by_a_rule(outcome) for outcome in accepted)


def _accepted_by_a_rule(outcome: Outcome) -> bool:
    return any(step.rule == 1 and not step.maybe for step in outcome.steps)


@pytest.mark.parametrize(
    ("target", "match", "packet", "expected"),
    [
        ("TCPMSS --set-mss 1000", "-m tcpmss --mss 1000", {"mss": 1460}, YES),
        ("TCPMSS --set-mss 1000", "-m tcpmss --mss 536", {"mss": 536}, YES),
        ("TCPMSS --set-mss 1000", "-m tcpmss --mss 536", {"mss": NO_MSS, "payload": ""}, YES),
        ("TCPMSS --set-mss 1000", "-m length --length 44", {"mss": NO_MSS, "payload": "", "length": 40}, YES),
        ("TCPMSS --set-mss 1000", "-m tcpmss --mss 0:65535", {"mss": NO_MSS, "payload": "00"}, NO),
        ("TCPMSS --set-mss 1000", "-m tcpmss --mss 1001:65535", {}, NO),
        ("TCPMSS --clamp-mss-to-pmtu", "-m tcpmss --mss 1000", {"mss": 1460}, OPEN),
        ("TCPMSS --clamp-mss-to-pmtu", "-m tcpmss --mss 1461:2000", {"mss": 1460}, NO),
        ("TCPOPTSTRIP --strip-options mss", "-m tcpmss --mss 0:65535", {"mss": 1460}, NO),
        ("ECN --ecn-tcp-remove", "-m ecn --ecn-ip-ect 0", {"tos": 0}, YES),
        ("TTL --ttl-set 5", "-m ttl --ttl-eq 5", {}, YES),
        ("TTL --ttl-inc 5", "-m ttl --ttl-lt 5", {}, NO),
        ("TOS --or-tos 0x08", "-m tos --tos 0x08/0x08", {}, YES),
        ("DSCP --set-dscp 4", "-m dscp --dscp 4", {}, YES),
        ("HMARK --hmark-tuple src --hmark-mod 10 --hmark-offset 100 --hmark-rnd 1", "-m mark --mark 0x80/0x80", {}, NO),
        ("MARK --set-xmark 0x1/0xff", "-m mark --mark 0x1/0xff", {"mark": Unknown("mark")}, YES),
        ("MARK --or-mark 0x4000", "-m mark --mark 0x4000/0x4000", {"mark": Unknown("mark")}, YES),
        ("CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff", "-m mark --mark 0x0/0xff00",
         {"ctmark": Unknown("connection mark")}, YES),
        ("CONNMARK --set-xmark 0x3/0xf --left-shift-mark 4", "-m connmark --mark 0x30", {}, YES),
        ("CONNMARK --save-mark --nfmask 0xff --ctmask 0xff0 --left-shift-mark 4", "-m connmark --mark 0x120",
         {"mark": 0x12}, YES),
    ],
)  # fmt: skip
def test_what_a_target_changes_a_later_match_sees(
    target: str, match: str, packet: dict[str, Any], expected: set[str]
) -> None:
    rules = f"-p tcp -j {target}; -p tcp {match} -j DROP"
    assert ends(traced(rules, "mangle", "PREROUTING", **packet)) == expected


@pytest.mark.parametrize(
    ("flags", "expected"), [(0x02, {"dropped"}), (0x10, {"dropped"}), (0x12, {"forwarded"}), (0x04, {"forwarded"})]
)
def test_synproxy_answers_what_opens_a_connection_only(flags: int, expected: set[str]) -> None:
    assert ends(traced("-p tcp -j SYNPROXY --mss 1460", tcp_flags=flags)) == expected
    unknown = traced("-p tcp -j SYNPROXY --mss 1460", tcp_flags=Unknown("TCP flags", 6))
    assert ends(unknown) == OPEN


def test_a_reject_says_with_what() -> None:
    reasons = {
        "REJECT --reject-with icmp-admin-prohibited": "icmp-admin-prohibited (ICMP type 3, code 13)",
        "REJECT --reject-with port-unreach": "icmp-port-unreachable (ICMP type 3, code 3)",
        "REJECT": "icmp-port-unreachable (ICMP type 3, code 3)",
        "REJECT --reject-with tcp-reset": "tcp-reset (a TCP RST)",
    }
    for target, said in reasons.items():
        assert traced(f"-p tcp -j {target}").outcomes[0].reason == f"the sender is told: {said}"
    quiet = traced("-p tcp -j REJECT --reject-with tcp-reset", tcp_flags=4).outcomes[0].reason
    assert quiet == "the sender is told nothing: a RST is not answered"


def test_a_clusterip_node_may_leave_the_packet_to_another() -> None:
    assert ends(traced("-j CLUSTERIP", hook="FORWARD")) == OPEN


def test_a_ttl_that_a_rule_found_too_small_does_not_last() -> None:
    trace = traced("-m ttl --ttl-lt 2 -j MARK --set-mark 1", "mangle", "PREROUTING")
    assert ends(trace) == {"forwarded", "lost"}
