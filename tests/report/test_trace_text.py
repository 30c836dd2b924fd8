"""A trace for people: hook by hook, with signs, never with anything that acts on a terminal."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from kptui.ask.request import Request
from kptui.netfilter.trace import Trace
from kptui.report.trace_text import trace_text
from kptui.report.words import share_text
from kptui.tracing import Session
from tests.support import NODE, sample, trace_of

HOOKS = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}


def lines_of(trace: Trace) -> list[str]:
    return trace_text(trace).split("\n")


def nginx(**request: Any) -> str:
    session = Session.open(sample("nginx-nodeport"))
    return session.text(session.trace(Request(local=(NODE,), **request)))


def test_it_begins_with_the_packet_and_ends_with_the_answer() -> None:
    text = nginx(src="192.168.50.2", sport="40000", dst="10.110.199.45", dport="80").split("\n")
    assert text[0].startswith("tcp 192.168.50.2:40000 → 10.110.199.45:80")
    assert text[-1].startswith("answer: yes · it gets through to 2 targets; certain")


def test_each_outcome_says_its_share_end_and_translation() -> None:
    text = nginx(src="192.168.50.2", dst="10.110.199.45", dport="80").split("\n")
    for number, pod in ((1, "10.42.0.199:80"), (2, "10.42.0.200:80")):
        assert f"✓ {number}  1/2 (50 %)  forwarded  ⇒ {pod}  MASQUERADE" in text


def test_steps_stand_under_their_hook_in_order_and_what_is_shared_is_told_once() -> None:
    text = nginx(src="192.168.50.2", dst="10.110.199.45", dport="80").split("\n")
    hooks = [line.partition(" ")[0] for line in text if line.partition(" ")[0] in HOOKS]
    assert hooks == ["PREROUTING", "FORWARD", "POSTROUTING"]
    at = next(number for number, line in enumerate(text) if "→ KUBE-SVC-OVTWZ4GROBJZO4C5" in line)
    assert text[at].split()[-2] == "line"
    assert text[at + 1].strip() == "default/nginx:80-80"
    assert sum("KUBE-FORWARD 2" in line for line in text) == 1


def test_where_ways_part_each_has_its_share_and_where_they_meet_it_is_said() -> None:
    text = nginx(src="192.168.50.2", dst="10.110.199.45", dport="80").split("\n")
    forks = [line for line in text if line[:1] in "┌├└" and line]
    assert forks == ["┌ 1/2 (50 %) · outcome 1", "├ 1/2 (50 %) · outcome 2", "└ then all alike"]
    inside = text[text.index(forks[0]) + 1 : text.index(forks[1])]
    assert [line.split()[-3] for line in inside] == ["KUBE-SEP-ZGUCVTBPJNCW75NN", "10.42.0.199:80"]


def test_what_a_hook_changed_stands_below_it() -> None:
    text = nginx(src="192.168.50.2", sport="40000", dst="10.110.199.45", dport="80").split("\n")
    changed = [line.split("=", 1)[1].strip() for line in text if line.startswith("  =")]
    assert changed[0] == "dst 10.110.199.45 → 10.42.0.199 or 10.42.0.200; mark 0x0 → 0x4000"
    assert changed[1].startswith("src 192.168.50.2")


def test_a_wide_terminal_has_the_service_on_the_line_of_the_jump() -> None:
    session = Session.open(sample("nginx-nodeport"))
    trace = session.trace(Request(src="10.42.0.7", dst="10.110.199.45", dport="80", local=(NODE,)))
    (jump,) = {line for line in session.text(trace, width=120).split("\n") if "→ KUBE-SVC-OVTWZ4GROBJZO4C5" in line}
    assert jump.endswith("default/nginx:80-80")


@pytest.mark.parametrize(
    ("name", "packet"),
    [
        ("nginx-nodeport", {"src": "192.168.50.2", "dst": NODE, "dport": "32754"}),
        ("three-pods", {"src": "10.42.0.7", "dst": "10.96.140.7", "dport": "80"}),
        ("session-affinity", {"src": "10.42.0.7", "dst": "10.96.12.34", "dport": "80"}),
        ("loadbalancer-source-ranges", {"src": "198.51.100.77", "dst": "198.51.100.20", "dport": "443"}),
    ],
)
def test_eighty_columns_are_enough(name: str, packet: dict[str, Any]) -> None:
    session = Session.open(sample(name))
    text = session.text(session.trace(Request(local=(NODE,), **packet)))
    assert [line for line in text.split("\n") if len(line) > 80] == []


@pytest.mark.parametrize(
    ("rule", "signs"),
    [
        ("-j DROP", "✗ DROP"),
        ("-j REJECT", "✗ REJECT"),
        ("-j ACCEPT", "✓ ACCEPT"),
        ("-j RETURN", "↩ return"),
        ("-j A", "→ A"),
        ("-g A", "⇢ A"),
    ],
)
def test_colour_is_never_the_only_sign(rule: str, signs: str) -> None:
    trace = trace_of(f"*filter\n:INPUT ACCEPT [0:0]\n:A - [0:0]\n-A INPUT {rule}\nCOMMIT\n", dst=NODE, local=(NODE,))
    assert signs in trace_text(trace)


def test_what_is_assumed_is_said_with_line_match_and_reason() -> None:
    trace = trace_of("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 10.0.0.0/8 -j DROP\nCOMMIT\n", dst=NODE, local=(NODE,))
    text = trace_text(trace)
    assert "?1  line 3: -s 10.0.0.0/8 — the source address is not known" in text
    lines = [line.strip() for line in text.split("\n")]
    assert lines[lines.index("✓ 1  every packet  delivered to this host") + 1] == "if ?1 no"
    assert lines[lines.index("✗ 2  every packet  dropped") + 1] == "if ?1 yes"
    forks = {line[2:] for line in lines if line[:1] in ("┌", "├")}
    assert forks == {"?1 yes: -s 10.0.0.0/8 · outcome 2", "?1 no: -s 10.0.0.0/8 · outcome 1"}
    assert text.endswith("answer: depends · on what the dump does not say: -s 10.0.0.0/8")


def test_an_outcome_that_does_not_get_through_says_why() -> None:
    trace = trace_of("*filter\n:INPUT DROP [0:0]\nCOMMIT\n", dst=NODE, local=(NODE,))
    text = trace_text(trace)
    assert "✗ 1  every packet  dropped: policy of filter INPUT" in text
    assert text.endswith("answer: no · it does not get through (policy of filter INPUT); certain")


def test_what_only_some_packets_did_is_marked() -> None:
    trace = trace_of(
        "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m limit --limit 1/sec -j LOG\nCOMMIT\n", dst=NODE, local=(NODE,)
    )
    assert any("LOG" in line and "(only some)" in line for line in lines_of(trace))


def test_nothing_of_a_hostile_dump_or_packet_acts_on_the_terminal() -> None:
    dump = (
        "*filter\n:INPUT ACCEPT [0:0]\n:\x1b[5mX - [0:0]\n-A INPUT -j \x1b[5mX\n"
        '-A \x1b[5mX -i \x1b[5m -j LOG --log-prefix "\x1b[31m\u202e"\nCOMMIT\n'
    )
    text = trace_text(trace_of(dump, dst=NODE, local=(NODE,), origin="external"))
    assert not {"\x1b", "\u202e"} & set(text)
    assert "\\x1b[5mX" in text


def test_paint_gets_whole_lines_and_kinds_it_knows() -> None:
    kinds: set[str] = set()

    def paint(text: str, kind: str) -> str:
        assert "\n" not in text
        kinds.add(kind)
        return text

    trace = trace_of("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 10.0.0.0/8 -j DROP\nCOMMIT\n", dst=NODE, local=(NODE,))
    trace_text(trace, paint)
    assert kinds == {"strong", "good", "bad", "unsure", "dim"}


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, "share not known"),
        (Fraction(1), "every packet"),
        (Fraction(1, 3), "1/3 (33.33 %)"),
        (Fraction(1, 2000), "0.05 %"),
    ],
)
def test_shares_in_words(share: Fraction | None, text: str) -> None:
    assert share_text(share) == text
