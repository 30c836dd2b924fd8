"""Two traces beside each other: what is the same stands in one line, what differs has its sign, whatever its number."""

from __future__ import annotations

import pytest

from kptui.ask.request import Request
from kptui.loading import parse
from kptui.report.side_by_side import Row, Side, differences, side_by_side
from kptui.sources import SourceText
from kptui.tracing import Session
from tests.nodes.variants import Change, replaced, text_of, without

SVC, SEP = "KUBE-SVC-OVTWZ4GROBJZO4C5", "KUBE-SEP-UIOQG3KKGTPDCR56"
ASKED = Request(src="192.168.50.2", dst="10.110.199.45", dport="80", proto="tcp", local=("192.168.50.10",))


def side(change: Change = lambda text: text, asked: Request = ASKED) -> Side:
    """The sample, changed, and the trace of a packet in it."""
    session = Session(parse(SourceText("rules", change(text_of("nginx-nodeport")))), "rules")
    return Side(session.trace(asked), session.ruleset, lambda table, chain: None)


def compared(change: Change, asked: Request = ASKED) -> list[Row]:
    """What was changed, beside the sample as it is."""
    return side_by_side(side(change, asked), side())


def differing(rows: list[Row]) -> list[tuple[str, str, str, str]]:
    """The lines with a sign."""
    return [(row.sign, row.what, row.left, row.right) for row in rows if row.sign]


def test_a_trace_beside_itself_has_no_difference() -> None:
    rows = compared(lambda text: text)
    assert differing(rows) == []
    assert differences(rows) == "no difference"
    assert rows[0].left == rows[0].right == "yes, certain"
    assert [row.what for row in rows if row.depth == 0] == [
        "answer", "how it ends", "PREROUTING", "FORWARD", "POSTROUTING",
    ]  # fmt: skip


def test_a_rule_that_only_moved_is_the_same_hop_with_another_number() -> None:
    more = replaced(
        ("-A KUBE-FORWARD -m conntrack", "-A KUBE-FORWARD -s 203.0.113.0/24 -j DROP\n-A KUBE-FORWARD -m conntrack")
    )
    rows = compared(more)
    assert differing(rows) == []
    accepted = next(row for row in rows if row.what == "filter KUBE-FORWARD")
    assert (accepted.left, accepted.right) == ("3 ✓ ACCEPT", "2 ✓ ACCEPT")


def test_counters_comments_and_spelling_are_no_difference() -> None:
    spelt = replaced(
        ("-A FORWARD -m comment --comment \"kubernetes forwarding rules\" -j", "[5:300] -A FORWARD -j"),
        ("-d 10.110.199.45/32 -p tcp", "-p 6 -d 10.110.199.45"),
    )  # fmt: skip
    assert differing(compared(spelt)) == []


def test_another_endpoint_is_the_same_kind_of_hop_with_another_target() -> None:
    rows = compared(replaced(("10.42.0.200", "10.42.0.201"), (SEP, "KUBE-SEP-AAAAAAAAAAAAAAAA")))
    assert differing(rows) == [
        ("-", "✓ ⇒ 10.42.0.201:80 masq", "1/2", ""),
        ("+", "✓ ⇒ 10.42.0.200:80 masq", "", "1/2"),
        ("~", f"nat {SVC}", "3 → KUBE-SEP-AAAAAAAAAAAAAAAA", f"3 → {SEP}"),
        ("~", "nat KUBE-SEP-…", "2 ⇒ DNAT 10.42.0.201:80", "2 ⇒ DNAT 10.42.0.200:80"),
    ]
    assert differences(rows) == "2 other ends, 2 other hops"
    last = next(row for row in rows if row.what == "nat KUBE-SEP-…")
    assert last.full[0].endswith("--to-destination 10.42.0.201:80")
    assert last.full[1].startswith("line 91: ")


def test_an_endpoint_more_changes_the_shares_and_stands_alone() -> None:
    fewer = without(f"-A {SVC}", SEP)
    rows = compared(
        lambda text: fewer(
            replaced((" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-ZGUC", " -j KUBE-SEP-ZGUC"))(
                text
            )
        )
    )
    assert differing(rows) == [
        ("~", "✓ ⇒ 10.42.0.199:80 masq", "all", "1/2"),
        ("+", "✓ ⇒ 10.42.0.200:80 masq", "", "1/2"),
        ("~", f"nat {SVC}", "2 → KUBE-SEP-ZGUCVTBPJNCW75NN", "2 → KUBE-SEP-ZGUCVTBPJNCW75NN"),
        ("+", f"nat {SVC}", "", f"3 → {SEP}"),
        ("+", f"nat {SEP}", "", "2 ⇒ DNAT 10.42.0.200:80"),
    ]


def test_another_answer_is_told_first() -> None:
    rows = compared(
        replaced(
            ("-m mark --mark 0x4000/0x4000 -j ACCEPT", "-m mark --mark 0x4000/0x4000 -j DROP"),
        )
    )
    assert rows[0].sign == "~"
    assert (rows[0].left, rows[0].right) == ("no, certain", "yes, certain")
    assert "it does not get through" in rows[0].full[0]
    assert differences(rows).startswith("the answers differ, ")
    assert any(row.sign == "~" and row.what == "filter KUBE-FORWARD" and "✗ DROP" in row.left for row in rows)


def test_another_packet_is_told_and_goes_another_way() -> None:
    rows = compared(
        lambda text: text,
        Request(src="10.42.0.7", dst="10.110.199.45", dport="80", proto="tcp", local=("192.168.50.10",)),
    )
    assert (rows[1].what, rows[1].left, rows[1].right) == ("from", "10.42.0.7", "192.168.50.2")
    assert rows[2].what == "how it ends"
    assert differences(rows).startswith("other packets, ")
    marked = next(row for row in rows if row.what == "nat KUBE-MARK-MASQ")
    assert (marked.sign, marked.left) == ("+", "")


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_what_is_assumed_is_told_in_full(answer: str) -> None:
    nowhere = Request(dst="10.110.199.45", dport="80", proto="tcp")
    rows = compared(lambda text: text, nowhere)
    assert any(" if …" in row.left for row in rows)
    assert any(f"assumed {answer}: " in row.full[0] for row in rows)
    assert ", certain" not in rows[0].left
