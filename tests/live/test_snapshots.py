"""Snapshots one after the other: what of a reading is new, rates, resets, the same rules found again, what is news."""

from __future__ import annotations

import pytest

from kptui.errors import CancelledError
from kptui.live.alignment import Key
from kptui.live.examine import Examiner
from kptui.live.meter import Rate
from kptui.live.snapshot import Snapshot, empty_ruleset
from kptui.live.underway import Underway
from kptui.sources.text import SourceText
from kptui.syntax.ast import Rule
from kptui.tracing import Session
from tests.live.support import Clock, dump

SVC = "KUBE-SVC-OVTWZ4GROBJZO4C5"
KEY: Key = (4, "nat")


def readings(*texts: str, seconds: float = 2.0) -> list[Snapshot]:
    """The snapshot after each text, read so many seconds apart."""
    examiner, found = Examiner(), [Snapshot.empty(Session(empty_ruleset("x"), "x"))]
    for number, text in enumerate(texts, 1):
        found.append(found[-1].later(examiner.look(SourceText("x", text), number * seconds, 0.0, number)))
    return found[1:]


def rule(snapshot: Snapshot, chain: str, number: int) -> Rule:
    found = snapshot.session.ruleset.chain("nat", chain)
    assert found is not None
    return found.rules[number - 1]


def test_the_first_reading_has_totals_and_no_rates() -> None:
    [only] = readings(dump(all=10))
    assert only.counted(rule(only, "PREROUTING", 1)) == (10, 600)
    assert only.meter.rate(rule(only, "PREROUTING", 1).line) is None
    assert not only.meter.rated


def test_counters_alone_change_nothing_but_rates() -> None:
    first, second = readings(dump(all=10), dump(all=30).replace("10:00:00", "10:00:02"))
    assert not second.rules_changed
    assert second.session is first.session
    assert second.meter.rate(rule(second, "PREROUTING", 1).line) == Rate(10.0, 0.0)
    assert second.meter.rate(rule(second, "KUBE-SERVICES", 1).line) == Rate(0.0, 0.0)
    assert second.meter.chain_rate((KEY, "KUBE-SERVICES")) == Rate(10.0, 0.0)
    assert second.changes == ()


def test_a_base_chain_counts_what_its_policy_decides() -> None:
    _, second = readings(dump(policy=1), dump(policy=5))
    assert not second.rules_changed
    assert second.meter.chain_rate((KEY, "PREROUTING")) == Rate(2.0, 0.0)


def test_a_counter_that_fell_was_set_to_zero_in_between() -> None:
    _, second = readings(dump(all=1000), dump(all=6))
    assert second.meter.rate(rule(second, "PREROUTING", 1).line) == Rate(3.0, 300.0)


def test_a_rule_that_moved_down_keeps_its_history_and_the_one_above_has_none() -> None:
    new = f"[7:0] -A {SVC} -s 10.1.2.3/32 -j RETURN\n"
    *_, third = readings(dump(one=0), dump(one=4), dump(one=10, first=new))
    assert third.rules_changed
    added, moved = rule(third, SVC, 1), rule(third, SVC, 2)
    assert third.meter.history(moved.line) == [Rate(2.0, 0.0), Rate(3.0, 0.0)]
    assert third.meter.history(added.line) == [None, None]
    assert third.sign(third.session.ruleset.tables[0], SVC, added.line) == "+"
    assert third.sign(third.session.ruleset.tables[0], SVC) == "~"
    assert third.sign(third.session.ruleset.tables[0], SVC, moved.line) == ""


def test_of_equal_rules_the_first_is_the_first() -> None:
    twin = f"[{{0}}:0] -A {SVC} -j RETURN\n[{{1}}:0] -A {SVC} -j RETURN\n"
    above = f"[0:0] -A {SVC} -s 10.9.9.9/32 -j RETURN\n"
    _, second = readings(dump(first=twin.format(10, 50)), dump(first=above + twin.format(12, 60)))
    rates = [second.meter.rate(rule(second, SVC, number).line) for number in (1, 2, 3)]
    assert rates == [None, Rate(1.0, 0.0), Rate(5.0, 0.0)]


def test_what_changed_is_told_by_service_and_stays_listed() -> None:
    *_, third, fourth = readings(dump(), dump(), dump(second="10.42.0.201"), dump(second="10.42.0.201", one=3))
    told = [(change.line.sign, change.line.head, change.line.old, change.line.new) for change in third.changes]
    assert ("~", "default/nginx:80-80 (tcp)", "", "") in told
    assert any(sign == "-" and old.startswith("10.42.0.200:80") for sign, _, old, _ in told)
    assert any(sign == "+" and new.startswith("10.42.0.201:80") for sign, _, _, new in told)
    assert fourth.changes == third.changes


def test_news_is_news_for_a_while() -> None:
    texts = [dump(), dump(second="10.42.0.201"), *(dump(second="10.42.0.201"),) * 8]
    found = readings(*texts)
    table = found[1].session.ruleset.tables[0]
    signs = [snapshot.sign(table, "KUBE-SEP-BBBBBBBBBBBBBBBB") for snapshot in found]
    assert signs[:3] == ["", "~", "~"]
    assert signs[-1] == ""


def test_the_busiest_rules_come_first_by_rate_and_by_total() -> None:
    first, second = readings(dump(all=100, svc=5), dump(all=101, svc=50))
    lines = {number: rule(first, chain, 1).line for number, chain in enumerate(("PREROUTING", "KUBE-SERVICES"))}
    assert first.meter.busiest(2) == [lines[0], lines[1]]
    assert second.meter.busiest(9) == [lines[1], lines[0]]


def test_a_dump_without_counters_is_compared_all_the_same() -> None:
    plain = "\n".join(line.partition("] ")[2] if line.startswith("[") else line for line in dump().split("\n"))
    _, second = readings(plain, plain.replace("10.42.0.200", "10.42.0.9"))
    assert second.meter.counters is None
    assert second.changes


def test_a_reading_can_be_given_up_while_the_services_are_read() -> None:
    look = Examiner().look(SourceText("x", dump()), 2.0, 0.0, 1)
    # Asked as the rules are told apart, then as the dispatch chains are read.
    asked = iter([False, True])
    with pytest.raises(CancelledError):
        Snapshot.empty(Session(empty_ruleset("x"), "x")).later(look, Underway(Clock()), lambda: next(asked))
