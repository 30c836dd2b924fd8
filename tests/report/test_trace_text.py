"""A trace for people: hook by hook, with signs, never with anything that acts on a terminal."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from kptui.ask.request import Request
from kptui.netfilter.trace import Trace
from kptui.report.trace_text import share_text, trace_text
from kptui.tracing import Session
from tests.support import NODE, sample, trace_of


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
    text = nginx(src="192.168.50.2", dst="10.110.199.45", dport="80")
    for number, pod in ((1, "10.42.0.199:80"), (2, "10.42.0.200:80")):
        assert f"✓ outcome {number} of 2 · 1/2 (50 %) · forwarded · ⇒ DNAT {pod} · MASQUERADE" in text


def test_steps_stand_under_their_hook_in_order_with_their_lines_and_services() -> None:
    text = nginx(src="192.168.50.2", dst="10.110.199.45", dport="80").split("\n")
    hooks = [line.strip() for line in text if line.strip() in {"PREROUTING", "FORWARD", "POSTROUTING"}]
    assert hooks == ["PREROUTING", "FORWARD", "POSTROUTING"] * 2
    (jump,) = {line.strip() for line in text if "→ KUBE-SVC-OVTWZ4GROBJZO4C5" in line}
    assert jump.startswith("nat")
    assert "line " in jump
    assert any("KUBE-SVC-OVTWZ4GROBJZO4C5 2" in line and "default/nginx:80-80" in line for line in text)


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
    assert "? assumed yes: line 3: -s 10.0.0.0/8 — the source address is not known" in text
    assert "? assumed no: line 3: -s 10.0.0.0/8 — the source address is not known" in text
    assert text.endswith("answer: depends · on what the dump does not say: -s 10.0.0.0/8")


def test_an_outcome_that_does_not_get_through_says_why() -> None:
    trace = trace_of("*filter\n:INPUT DROP [0:0]\nCOMMIT\n", dst=NODE, local=(NODE,))
    text = trace_text(trace)
    assert "✗ outcome 1 of 1 · every packet · dropped" in text
    assert "because: policy of filter INPUT" in text
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
