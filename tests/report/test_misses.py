"""`--all`: every rule that was tried, with the first condition that failed; the text folds long runs."""

from __future__ import annotations

from typing import Any

import pytest

from kptui.ask.request import Request
from kptui.report.misses import runs
from kptui.report.trace_json import trace_json
from kptui.report.trace_text import trace_text
from kptui.tracing import Session
from tests.support import NODE, SAMPLE_NAMES, only, sample, trace_of

V6 = {"src": "2001:db8:50::2", "dst": "2001:db8:50::10", "local": ("2001:db8:50::10",)}


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_no_rule_between_is_left_out(name: str) -> None:
    """Wherever a chain is walked, the numbers of its rules are told without gaps, to its end or where it is left."""
    session = Session.open(sample(name))
    packet: dict[str, Any] = V6 if "ipv6" in name else {"src": "192.168.50.2", "dst": NODE, "local": (NODE,)}
    trace = session.trace(Request(sport="1000", dport="32754", in_="eth0", out="eth0", **packet), misses=True)
    for outcome in trace.outcomes:
        reached: dict[tuple[str, str, str], int] = {}
        for step in outcome.steps:
            place = (step.hook, step.table, step.chain)
            before = reached.get(place, 0)
            if step.rule is None:
                chain = session.ruleset.chain(step.table, step.chain)
                assert chain is not None
                assert before == len(chain.rules)
            else:
                # Again where a chain is walked once more, or a rule matched some packets only.
                assert step.rule in (1, before, before + 1)
                reached[place] = step.rule


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("-s 10.0.0.0/8 -d 10.0.0.0/8 -p udp", "-s 10.0.0.0/8"),
        ("! -s 192.0.2.0/24 -p udp", "! -s 192.0.2.0/24"),
        ("-p udp -m udp --dport 53", "-p udp"),
        ("-p tcp -m tcp --sport 1 --dport 80", "-m tcp --sport 1 --dport 80"),
        ("-p tcp -m multiport --dports 1,2 -m mark --mark 0x1", "-m multiport --dports 1,2"),
        ("-m mark --mark 0x1", "-m mark --mark 0x1"),
        ("-i eth1", "-i eth1"),
    ],
)
def test_the_first_condition_that_failed_is_named(rule: str, why: str) -> None:
    trace = trace_of(
        f"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT {rule} -j DROP\nCOMMIT\n",
        misses=True, src="192.0.2.1", dst=NODE, sport="1000", dport="22", in_="eth0", local=(NODE,),
    )  # fmt: skip
    step = only(trace).steps[0]
    assert (step.matched, step.rule) == (False, 1)
    assert (step.why or "").endswith(why)
    assert f"no match: {step.why}" in trace_text(trace)


def many(count: int) -> str:
    rules = [f"-A A -d 10.96.{n // 250}.{n % 250}/32 -j DROP" for n in range(count - 2)]
    rules += ["-A A -p udp -j DROP", "-A A -m mark --mark 0x7 -j DROP"]
    return "\n".join(["*filter", ":INPUT ACCEPT [0:0]", ":A - [0:0]", "-A INPUT -j A", *rules, "COMMIT", ""])


def test_a_long_run_is_one_line_with_what_failed_and_json_has_all() -> None:
    trace = trace_of(many(5000), misses=True, src="192.0.2.1", dst=NODE, local=(NODE,))
    (line,) = (line for line in trace_text(trace).split("\n") if "did not match" in line)
    assert line.split("·")[0].split() == ["A", "1–5000"]
    assert line.endswith("5,000 did not match: destination 4,998, protocol 1, mark 1")
    steps = trace_json(trace)["outcomes"][0]["path"]
    assert sum(step.get("matched") is False for step in steps) == 5000


def test_a_short_run_is_told_rule_by_rule() -> None:
    trace = trace_of(many(10), misses=True, src="192.0.2.1", dst=NODE, local=(NODE,))
    text = trace_text(trace)
    assert text.count("no match: ") == 10
    assert "did not match" not in text


def test_runs_end_where_another_chain_begins() -> None:
    trace = trace_of(
        "*filter\n:INPUT ACCEPT [0:0]\n:A - [0:0]\n-A INPUT -p udp\n-A INPUT -j A\n-A INPUT -p sctp\n"
        "-A A -p icmp\nCOMMIT\n",
        misses=True, src="192.0.2.1", dst=NODE, local=(NODE,),
    )  # fmt: skip
    misses = [step for step in only(trace).steps if not step.matched]
    assert [run.where for run in runs(misses)] == ["INPUT 1", "A 1", "INPUT 3"]
