"""`kptui trace --json` field by field, as ../shared/contract.md has it: names and types, nothing renamed or missing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kptui.ask.request import Request
from kptui.report.trace_json import trace_json
from kptui.tracing import Session
from tests.support import NODE, SAMPLE_NAMES, only, sample, session_of, trace_of

Kinds = Mapping[str, tuple[type, ...]]
NONE = type(None)
TRACE: Kinds = {"packet": (dict,), "answer": (str,), "outcomes": (list,)}
PACKET: Kinds = {
    "family": (int,), "proto": (str,), "src": (str, NONE), "sport": (int, NONE), "dst": (str, NONE),
    "dport": (int, NONE), "in": (str, NONE), "out": (str, NONE), "mark": (str,), "ctmark": (str,), "ctstate": (str,),
    "origin": (str,), "tcp_flags": (str, NONE), "icmp_type": (int, NONE), "icmp_code": (int, NONE),
    "length": (int, NONE), "ttl": (int, NONE), "tos": (int, NONE), "mss": (int, NONE), "uid": (int, NONE),
    "gid": (int, NONE), "mac_source": (str, NONE), "payload": (str, NONE),
}  # fmt: skip
OUTCOME: Kinds = {
    "verdict": (str,), "end": (str,), "probability": (float, NONE), "assumptions": (list,), "dnat": (str, NONE),
    "snat": (str, NONE), "packet": (dict,), "path": (list,),
}  # fmt: skip
ASSUMPTION: Kinds = {"line": (int, NONE), "match": (str,), "assumed": (bool,), "why": (str,)}
FINAL: Kinds = {
    "src": (str, NONE), "sport": (int, NONE), "dst": (str, NONE), "dport": (int, NONE), "mark": (str, NONE),
    "out": (str, NONE),
}  # fmt: skip
STEP: Kinds = {
    "hook": (str,), "table": (str,), "chain": (str,), "rule": (int, NONE), "line": (int,), "text": (str,),
    "effect": (str,),
}  # fmt: skip
ENDS = {"forwarded", "delivered", "sent", "dropped", "rejected", "queued", "lost"}
GETS_THROUGH = {"forwarded", "delivered", "sent"}
HOOKS = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}


def has_fields(found: Mapping[str, Any], kinds: Kinds) -> None:
    """Every field is there, and of its type; more fields may be there."""
    assert set(kinds) <= set(found), set(kinds) - set(found)
    for name, kind in kinds.items():
        assert type(found[name]) in kind, (name, found[name])


def conforms(found: dict[str, Any], lines: list[str]) -> None:
    """The whole contract of a trace; `lines` are the dump's."""
    assert found["schema"] == "kptui.trace/1"
    through = {outcome["end"] in GETS_THROUGH for outcome in found["outcomes"]}
    assert found["answer"] == ("yes" if through == {True} else "no" if through == {False} else "depends")
    outcomes_conform(found, lines, ENDS)


def outcomes_conform(found: dict[str, Any], lines: list[str], ends: set[str]) -> None:
    """What a trace and that of a reply have in common."""
    assert json.loads(json.dumps(found)) == found
    has_fields(found, TRACE)
    has_fields(found["packet"], PACKET)
    assert found["packet"]["origin"] in {"external", "local"}
    assert found["outcomes"]
    for outcome in found["outcomes"]:
        has_fields(outcome, OUTCOME)
        assert outcome["end"] in ends
        assert (outcome["verdict"] == "ACCEPT") is (outcome["end"] in GETS_THROUGH) or outcome["end"] == "bypassed"
        assert outcome["probability"] is None or 0 < outcome["probability"] <= 1
        has_fields(outcome["packet"], FINAL)
        for each in outcome["assumptions"]:
            has_fields(each, ASSUMPTION)
        for step in outcome["path"]:
            steps_conform(step, lines)
    shown = ("end", "verdict", "reason", "packet", "dnat", "snat", "assumptions")
    seen = [json.dumps([outcome[name] for name in shown]) for outcome in found["outcomes"]]
    assert len(seen) == len(set(seen))


def steps_conform(step: dict[str, Any], lines: list[str]) -> None:
    has_fields(step, STEP)
    assert step["hook"] in HOOKS
    assert lines[step["line"] - 1].strip() == step["text"]
    if step["rule"] is None:
        assert step["effect"] == "return" or step["effect"].startswith("policy ")
        assert step["text"].startswith(f":{step['chain']} ")
    else:
        assert f"-A {step['chain']} " in step["text"]
    assert ("matched" in step) is ("why" in step)
    if "matched" in step:
        assert step["matched"] is False
        assert step["why"]


PACKETS: list[dict[str, Any]] = [
    {"src": "192.168.50.2", "dst": NODE, "dport": "32754"},
    {"src": "10.42.0.7", "dst": "10.96.0.10", "dport": "53", "proto": "udp"},
    {"proto": "icmp", "dst": "10.0.0.9"},
    {"origin": "local", "dst": "198.51.100.20", "dport": "443"},
    {"ctstate": "ESTABLISHED", "src": "10.42.0.12", "in_": "cali6b0d4e8a2c1"},
    {},
]


@pytest.mark.parametrize("packet", PACKETS, ids=str)
@pytest.mark.parametrize("name", [name for name in SAMPLE_NAMES if name != "dual-stack-ipv6"])
@pytest.mark.parametrize("misses", [False, True])
def test_every_trace_of_every_sample_conforms(name: str, packet: dict[str, Any], misses: bool) -> None:
    if name == "calico-policy" and not packet:
        packet = {"dst": "10.42.0.31"}  # knowing nothing at all of a packet takes seconds there
    session = Session.open(sample(name))
    for local in ((NODE,), ()):
        conforms(trace_json(session.trace(Request(local=local, **packet), misses)), list(session.ruleset.lines))


@pytest.mark.parametrize("packet", [{"src": "fd00:10:42::7", "dst": "fd00:10:96::c72d", "dport": "80"}, {}], ids=str)
def test_so_do_traces_of_ipv6(packet: dict[str, Any]) -> None:
    session = Session.open(sample("dual-stack-ipv6"))
    found = trace_json(session.trace(Request(**packet)))
    conforms(found, list(session.ruleset.lines))
    assert found["packet"]["family"] == 6


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["calico-policy", "nginx-nodeport", "plain-firewall"]),
    st.fixed_dictionaries(
        {},
        optional={
            "src": st.sampled_from(["10.42.0.12", "10.42.0.199", "203.0.113.9", "127.0.0.1", NODE]),
            "dst": st.sampled_from(["10.96.77.20", "10.110.199.45", NODE, "10.42.0.31", "127.0.0.1"]),
            "dport": st.sampled_from(["80", "32754", "22", "8080"]),
            "mark": st.sampled_from(["0x4000", "0xffffffff"]),
            "in_": st.sampled_from(["eth0", "lo", "cali1f3a9c5e7d2"]),
            "ctstate": st.sampled_from(["NEW", "INVALID", "RELATED", "UNTRACKED"]),
            "origin": st.sampled_from(["local", "external"]),
        },
    ),
)
def test_so_does_any_packet(name: str, packet: dict[str, Any]) -> None:
    session = OPEN.setdefault(name, Session.open(sample(name)))
    conforms(trace_json(session.trace(Request(local=(NODE,), **packet))), list(session.ruleset.lines))


OPEN: dict[str, Session] = {}


class TestValues:
    def test_marks_are_hexadecimal_and_flags_are_names(self) -> None:
        found = trace_json(trace_of(PASS, dst=NODE, local=(NODE,), mark="16384", tcp_flags="ACK,SYN"))
        assert (found["packet"]["mark"], found["packet"]["ctmark"], found["packet"]["tcp_flags"]) == (
            "0x4000",
            "0x0",
            "SYN,ACK",
        )

    def test_what_another_protocol_has_is_null(self) -> None:
        packet = trace_json(trace_of(PASS, dst=NODE, local=(NODE,), proto="icmp"))["packet"]
        assert (packet["sport"], packet["dport"], packet["tcp_flags"]) == (None, None, None)
        assert (packet["icmp_type"], packet["icmp_code"]) == (8, 0)
        tcp = trace_json(trace_of(PASS, dst=NODE, local=(NODE,)))["packet"]
        assert (tcp["icmp_type"], tcp["icmp_code"]) == (None, None)

    @pytest.mark.parametrize(("proto", "name"), [("17", "udp"), ("132", "sctp"), ("1", "icmp"), ("253", "253")])
    def test_protocols_have_their_names(self, proto: str, name: str) -> None:
        assert trace_json(trace_of(PASS, dst=NODE, local=(NODE,), proto=proto))["packet"]["proto"] == name

    def test_a_share_is_a_float_and_exact_beside_it(self) -> None:
        rule = "-A INPUT -m statistic --mode random --probability 0.33333333349 -j DROP"
        found = trace_json(trace_of(f"*filter\n:INPUT ACCEPT [0:0]\n{rule}\nCOMMIT\n", dst=NODE, local=(NODE,)))
        assert {(o["end"], o["probability"], o["share"]) for o in found["outcomes"]} == {
            ("dropped", 1 / 3, "1/3"),
            ("delivered", 2 / 3, "2/3"),
        }
        assert found["answer"] == "depends"

    def test_an_unknown_share_is_null(self) -> None:
        dump = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m limit --limit 1/sec -j DROP\nCOMMIT\n"
        found = trace_json(trace_of(dump, dst=NODE, local=(NODE,)))
        assert {o["probability"] for o in found["outcomes"]} == {None}

    def test_ipv6_targets_have_brackets(self) -> None:
        rule = "-A PREROUTING -s ::/0 -p tcp -j DNAT --to-destination [fd00::5]:8080"
        dump = f"*nat\n:PREROUTING ACCEPT [0:0]\n{rule}\nCOMMIT\n"
        found = trace_json(trace_of(dump, dst="fd00::1", local=("fd00::9",)))
        assert found["outcomes"][0]["dnat"] == "[fd00::5]:8080"
        assert found["outcomes"][0]["packet"]["dst"] == "fd00::5"

    def test_the_final_packet_is_the_packet_after_every_rule(self) -> None:
        dump = """\
        *nat
        :PREROUTING ACCEPT [0:0]
        :POSTROUTING ACCEPT [0:0]
        -A PREROUTING -p tcp -j DNAT --to-destination 10.0.0.5:8080
        -A POSTROUTING -p tcp -j SNAT --to-source 10.0.0.1:4000
        COMMIT
        *mangle
        :FORWARD ACCEPT [0:0]
        -A FORWARD -j MARK --set-xmark 0xa/0xff
        COMMIT
        """
        request: dict[str, Any] = {"src": "192.0.2.1", "sport": "999", "dst": "192.0.2.2", "dport": "80"}
        trace = trace_of(dump, local=("10.0.0.1",), routes=("default dev e0",), **request)
        (outcome,) = trace_json(trace)["outcomes"]
        assert outcome["packet"] == {
            "src": "10.0.0.1", "sport": 4000, "dst": "10.0.0.5", "dport": 8080, "mark": "0xa", "out": "e0",
        }  # fmt: skip
        assert (outcome["dnat"], outcome["snat"]) == ("10.0.0.5:8080", "10.0.0.1:4000")

    def test_lost_says_why(self) -> None:
        found = trace_json(trace_of(PASS, src="1.1.1.1", dst="2.2.2.2", local=(NODE,), routes=("10.0.0.0/8 dev e0",)))
        assert (found["outcomes"][0]["end"], found["outcomes"][0]["reason"]) == ("lost", "no route to 2.2.2.2")
        assert found["answer"] == "no"


PASS = "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n"


def test_the_path_keeps_the_kernel_s_order_and_counts_rules_from_one() -> None:
    session = session_of(
        """\
        *filter
        :INPUT ACCEPT [0:0]
        :A - [0:0]
        -A INPUT -p udp -j DROP
        -A INPUT -j A
        -A INPUT -j LOG
        -A A -j LOG
        COMMIT
        """
    )
    end = only(session.trace(Request(dst=NODE, local=(NODE,))))
    assert [(step.chain, step.rule, step.line, step.effect) for step in end.steps] == [
        ("INPUT", 2, 5, "jump A"),
        ("A", 1, 7, "LOG"),
        ("A", None, 3, "return"),
        ("INPUT", 3, 6, "LOG"),
        ("INPUT", None, 2, "policy ACCEPT"),
    ]


@pytest.mark.parametrize("packet", PACKETS[:-1], ids=str)
@pytest.mark.parametrize("name", [name for name in SAMPLE_NAMES if name != "dual-stack-ipv6"])
def test_replies_have_the_form_of_traces(name: str, packet: dict[str, Any]) -> None:
    session = Session.open(sample(name))
    found = trace_json(session.trace(Request(local=(NODE,), **packet), reply=True))
    outcomes_conform(found, list(session.ruleset.lines), ENDS)
    assert found["answer_forward"] in {"yes", "no", "depends"}
    for outcome in found["outcomes"]:
        reply = outcome["reply"]
        assert (reply is None) is (outcome["end"] not in GETS_THROUGH)
        if reply is not None and reply["expected"]:
            outcomes_conform(reply, list(session.ruleset.lines), ENDS | {"bypassed"})
        elif reply is not None:
            assert reply["reason"]


def test_what_conntrack_does_without_a_rule_stands_beside_the_path() -> None:
    session = Session.open(sample("nginx-nodeport"))
    request = Request(src="192.168.50.2", sport="40000", dst=NODE, dport="32754", local=(NODE,))
    [reply, _] = [outcome["reply"] for outcome in trace_json(session.trace(request, reply=True))["outcomes"]]
    done = reply["outcomes"][0]["conntrack"]
    assert [each["hook"] for each in done] == ["PREROUTING", "POSTROUTING"]
    assert done[1]["effect"] == "un-DNAT 10.42.0.199:80 -> 192.168.50.10:32754"
    assert 0 < done[0]["after"] < done[1]["after"] <= len(reply["outcomes"][0]["path"])
