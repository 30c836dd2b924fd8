"""Rules that nothing is left for: what is claimed, what isn't, that it is true, and that it doesn't take ages."""

from __future__ import annotations

import random
from textwrap import indent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kptui.ask.request import Request
from kptui.errors import UsageError
from kptui.netfilter.sets import cover
from kptui.netfilter.sets.boxes import Box, holds
from kptui.netfilter.sets.cover import Needless, needless
from kptui.netfilter.sets.taking import Taking
from tests.kernel.rulesets import Maker
from tests.support import ruleset_of, session_of

HEAD = """*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:A - [0:0]
:B - [0:0]
"""


def found(*rules: str, table: str = "filter", chain: str = "INPUT", head: str = HEAD) -> list[Needless]:
    """What is needless in a chain."""
    ruleset = ruleset_of(
        f"{head}{chr(10).join(f'-A {rule}' for rule in rules)}\nCOMMIT\n".replace("*filter", f"*{table}")
    )
    there = ruleset.table(table)
    assert there is not None
    return list(needless(there.chains[chain].rules, Taking(there)))


def lines(*rules: str) -> list[tuple[int, list[int]]]:
    """Rule number, and the numbers of those that take its packets."""
    return [
        (each.rule.number, [rule.number for rule in each.by]) for each in found(*(f"INPUT {rule}" for rule in rules))
    ]


@pytest.mark.parametrize(
    "rules",
    [
        ("-s 10.0.0.0/8 -j DROP", "-s 10.1.0.0/16 -j ACCEPT"),
        ("-d 10.0.0.0/8 -j RETURN", "-d 10.1.2.3/32 -p tcp -m tcp --dport 80 -j ACCEPT"),
        ("-p tcp -j DROP", "-p tcp -m tcp --dport 22 -j ACCEPT"),
        ("! -s 10.0.0.0/8 -j DROP", "-s 192.168.0.0/16 -j ACCEPT"),
        ("-i eth+ -j DROP", "-i eth0 -j ACCEPT"),
        ("! -i lo -j DROP", "-i eth+ -p udp -j ACCEPT"),
        ("-p tcp -m tcp --dport 1:1023 -j DROP", "-p tcp -m multiport --dports 22,80:90 -j ACCEPT"),
        ("-p tcp -m multiport --dports 22,80 -j DROP", "-p tcp -m tcp --dport 80 -j ACCEPT"),
        ("-m mark --mark 0x4000/0x4000 -j DROP", "-m mark --mark 0x4001/0xffff -j ACCEPT"),
        ("-m mark ! --mark 0x0/0xf -j DROP", "-m mark --mark 0x3/0x3 -j ACCEPT"),
        ("-m conntrack --ctstate NEW,RELATED -j DROP", "-m state --state NEW -j ACCEPT"),
        ("-m conntrack ! --ctstate ESTABLISHED -j DROP", "-m conntrack --ctstate INVALID -j ACCEPT"),
        ("-p tcp -m tcp --tcp-flags SYN SYN -j DROP", "-p tcp -m tcp --tcp-flags SYN,ACK SYN,ACK -j ACCEPT"),
        ("-p tcp -m tcp ! --syn -j DROP", "-p tcp -m tcp --tcp-flags ACK ACK -j ACCEPT"),
        ("-m addrtype --dst-type LOCAL -j DROP", "-p tcp -m addrtype --dst-type LOCAL -j ACCEPT"),
        ("-m set --match-set a src -j DROP", "-p tcp -m set --match-set a src -j ACCEPT"),
        ("-m iprange --src-range 10.0.0.1-10.0.0.9 -j DROP", "-s 10.0.0.4/30 -j ACCEPT"),
        ("-m length --length 100: -j DROP", "-m length --length 200:300 -j ACCEPT"),
        ("-s 10.0.0.7/255.0.0.255 -j DROP", "-s 10.0.0.7/255.0.0.255 -p tcp -j ACCEPT"),
        ("-p tcp -g A", "-p tcp -m tcp --dport 80 -j ACCEPT"),
    ],
    ids=" then ".join,
)  # fmt: skip
def test_a_rule_takes_what_a_later_one_asks_for(rules: tuple[str, str]) -> None:
    assert lines(*rules) == [(2, [1])]


@pytest.mark.parametrize(
    "rules",
    [
        ("-s 10.1.0.0/16 -j DROP", "-s 10.0.0.0/8 -j ACCEPT"),
        ("-s 10.0.0.0/8 -j LOG", "-s 10.1.0.0/16 -j ACCEPT"),
        ("-s 10.0.0.0/8", "-s 10.1.0.0/16 -j ACCEPT"),
        ("-p tcp -j DROP", "-p udp -m udp --dport 22 -j ACCEPT"),
        ("-i eth0 -j DROP", "-i eth+ -j ACCEPT"),
        ("-m statistic --mode random --probability 0.5 -j DROP", "-p tcp -j ACCEPT"),
        ("-m limit --limit 1/sec -j DROP", "-m limit --limit 1/sec -j DROP"),
        ("-m recent --rcheck --name x --rsource -j DROP", "-m recent --rcheck --name x --rsource -j ACCEPT"),
        ("-m nfacct --nfacct-name n -p tcp -j DROP", "-p tcp -m tcp --dport 80 -j ACCEPT"),
        ("-m bpf --bytecode 1,6 -j DROP", "-p tcp -j ACCEPT"),
        ("-m mark --mark 0x1 -j DROP", "-m mark --mark 0x1/0x1 -j ACCEPT"),
        ("-m addrtype --dst-type LOCAL -j DROP", "-m addrtype --src-type LOCAL -j ACCEPT"),
        ("-m set --match-set a src -j DROP", "-m set --match-set a dst -j ACCEPT"),
        ("-p tcp -m tcp --dport 0:65535 -j DROP", "-p tcp -j ACCEPT"),
        ("-j A", "-p tcp -j ACCEPT"),
        ("-j NOSUCH --option", "-p tcp -j ACCEPT"),
    ],
    ids=" then ".join,
)  # fmt: skip
def test_what_is_not_certain_takes_nothing(rules: tuple[str, str]) -> None:
    assert lines(*rules) == []


@pytest.mark.parametrize(
    "rules",
    [
        ("-s 10.0.0.0/9 -j DROP", "-s 10.128.0.0/9 -j DROP", "-s 10.0.0.0/8 -j ACCEPT"),
        ("-p tcp -m tcp --dport 80 -j DROP", "-p tcp -m tcp --dport 81 -j DROP", "-p tcp -m multiport --dports 80,81"),
        ("-m mark --mark 0x1/0x1 -j DROP", "-m mark ! --mark 0x1/0x1 -j DROP", "-j ACCEPT"),
        ("-m addrtype --dst-type LOCAL -j DROP", "-m addrtype ! --dst-type LOCAL -j DROP", "-p tcp -j ACCEPT"),
        ("-i lo -j DROP", "! -i lo -j DROP", "-j ACCEPT"),
    ],
    ids=" then ".join,
)  # fmt: skip
def test_several_rules_take_it_together(rules: tuple[str, ...]) -> None:
    assert lines(*rules) == [(3, [1, 2])]


@pytest.mark.parametrize(
    "rule",
    [
        "-m mark --mark 0x10/0x1 -j DROP",
        "-m conntrack --ctstate NEW -m conntrack --ctstate ESTABLISHED -j DROP",
        "-m mark --mark 0x1/0x1 -m mark ! --mark 0x1/0x1 -j DROP",
        "-s 10.0.0.0/8 -m iprange --src-range 192.168.0.1-192.168.0.9 -j DROP",
        "-m addrtype --dst-type LOCAL -m addrtype ! --dst-type LOCAL -j DROP",
    ],
)  # fmt: skip
def test_conditions_that_contradict_each_other(rule: str) -> None:
    assert lines(rule) == [(1, [])]


def test_what_a_chain_ends_is_taken_by_the_jump_to_it() -> None:
    [each] = found(
        "INPUT -p tcp -j A",
        "INPUT -s 10.1.2.3/32 -p tcp -m tcp --dport 80 -j ACCEPT",
        "A -s 10.0.0.0/8 -j B",
        "B -p tcp -j DROP",
        "B -j RETURN",
    )
    assert ([rule.number for rule in each.by], each.same) == ([1], False)


def test_what_returns_from_a_chain_is_not() -> None:
    assert (
        found(
            "INPUT -j A",
            "INPUT -s 10.1.0.0/16 -j ACCEPT",
            "INPUT -s 10.2.0.0/16 -j LOG",
            "A -s 10.1.0.0/16 -j RETURN",
            "A -s 10.0.0.0/8 -j DROP",
        )[0].rule.number
        == 3
    )


def test_a_mark_set_in_between_makes_the_question_another() -> None:
    assert (
        lines("-m mark --mark 0x1 -j DROP", "-j MARK --set-xmark 0x1/0xffffffff", "-m mark --mark 0x1 -j ACCEPT") == []
    )
    rules = ("INPUT -m mark --mark 0x1 -j DROP", "INPUT -j A", "INPUT -m mark --mark 0x1 -j ACCEPT", "A -j B")
    assert found(*rules, "B -p tcp -j MARK --set-xmark 0x1/0xffffffff", table="mangle", head=HEAD) == []
    assert [each.rule.number for each in found(*rules, "B -p tcp -j TOS --set-tos 0x10/0xff", table="mangle")] == [3]


def test_the_same_end_is_told_apart_from_another() -> None:
    assert [each.same for each in found("INPUT -s 10.0.0.0/8 -j ACCEPT", "INPUT -s 10.1.0.0/16 -j ACCEPT")] == [True]
    assert [each.same for each in found("INPUT -s 10.0.0.0/8 -j ACCEPT", "INPUT -s 10.1.0.0/16 -j DROP")] == [False]
    assert [each.same for each in found("INPUT -s 10.0.0.0/8 -j ACCEPT", "INPUT -s 10.1.0.0/16")] == [True]


def test_chains_that_go_in_a_circle_take_nothing() -> None:
    assert found("INPUT -j A", "INPUT -p tcp -j ACCEPT", "A -j B", "B -j A") == []


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9))
def test_no_trace_ever_meets_a_rule_that_is_called_needless(seed: int) -> None:
    """Over random rulesets: whatever may happen to packets, such a rule never matches."""
    chance = random.Random(seed)
    text = Maker(chance, 4).dump()
    ruleset = ruleset_of(text)
    claimed = {
        (table.name, each.rule.line)
        for table in ruleset.tables
        for chain in table.chains.values()
        for each in needless(list(chain.rules), Taking(table))
    }
    if not claimed:
        return
    session = session_of(text)
    for _ in range(12):
        request = Request(
            src=chance.choice(["10.1.2.3", "192.168.50.20", "10.42.0.7", "203.0.113.9", ""]),
            dst=chance.choice(["10.42.0.7", "192.168.50.10", "203.0.113.9", "10.1.2.9", "10.0.0.7"]),
            proto=chance.choice(["tcp", "udp", "icmp"]),
            in_=chance.choice(["eth0", "eth1", "cni0", ""]),
            mark=chance.choice(["0x0", "0x4000", "0x1"]),
            ctstate=chance.choice(["NEW", "ESTABLISHED", "INVALID"]),
            local=("192.168.50.10",),
        )  # fmt: skip
        try:
            outcomes = session.trace(request).outcomes
        except UsageError:
            # More ways than a trace keeps apart, as it says.
            continue
        for outcome in outcomes:
            met = {(step.table, step.line) for step in outcome.steps if step.rule is not None}
            assert not met & claimed, indent(text, "  ")


def test_ten_thousand_services_are_no_matter_of_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice the rules are about twice the work, not four times."""

    def rules(count: int) -> list[str]:
        return [
            f"INPUT -d 10.{n >> 14}.{(n >> 7) & 127}.{n & 127}/32 -p tcp -m tcp --dport {80 + n % 9} -j ACCEPT"
            for n in range(count)
        ]

    def compared(count: int) -> int:
        """How many boxes were compared."""
        text = f"{HEAD}{chr(10).join(f'-A {rule}' for rule in rules(count))}\nCOMMIT\n"
        there = ruleset_of(text).table("filter")
        assert there is not None
        boxes.clear()
        assert list(needless(list(there.chains["INPUT"].rules), Taking(there))) == []
        return len(boxes)

    boxes: list[Box] = []
    really = holds

    def counted(outer: Box, inner: Box) -> bool:
        boxes.append(inner)
        return really(outer, inner)

    monkeypatch.setattr(cover, "holds", counted)
    assert compared(10_000) <= 2.1 * compared(5_000) + 10
