"""An outcome beside what the kernel did, both made up: every kind of difference is found, and the first is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kptui.confirm.compare import Parting, agrees, disagreement, parting, partings
from kptui.kernel.messages import Event, Header, Pass, Seen
from kptui.netfilter.trace import Outcome
from tests.support import NODE, only, trace_of

DUMP = (
    "*filter\n:FORWARD DROP [0:0]\n:A - [0:0]\n-A FORWARD -j A\n-A FORWARD -m limit --limit 1/sec -j LOG\n"
    "-A FORWARD -j ACCEPT\n-A A -j MARK --set-mark 5\nCOMMIT\n"
)
HEADER = Header("192.0.2.1", "198.51.100.1", 6, 63, 0, 40, 1000, 80)
EVENTS = (
    Event("FORWARD", "filter", "FORWARD", 1, "rule", "jump A"),
    Event("FORWARD", "filter", "A", 1, "rule"),
    Event("FORWARD", "filter", "A", None, "return"),
    Event("FORWARD", "filter", "FORWARD", 3, "rule", "ACCEPT"),
)
SEEN = Seen(EVENTS, (Pass("leave", "POSTROUTING", HEADER, 5, "", "eth1"),), "eth1", HEADER)


def outcome() -> Outcome:
    packet = {"src": "192.0.2.1", "dst": "198.51.100.1", "sport": "1000", "dport": "80", "out": "eth1"}
    return only(trace_of(DUMP, **packet, local=(NODE,)))  # type: ignore[arg-type]


def test_they_agree_with_what_only_some_do_and_without() -> None:
    logged = (*EVENTS[:3], Event("FORWARD", "filter", "FORWARD", 2, "rule"), EVENTS[3])
    for events in (EVENTS, logged):
        seen = replace(SEEN, events=events)
        assert parting(outcome(), seen, 4) is None
        assert agrees(outcome(), outcome().steps, seen, 4)
        assert partings([outcome()], seen, 4) == []


@pytest.mark.parametrize(
    ("change", "after", "words"),
    [
        ({"events": EVENTS[1:]}, 0, "kernel: FORWARD filter A 1"),
        ({"events": EVENTS[:2]}, 2, "kernel: nothing more"),
        (
            {"events": (*EVENTS, Event("POSTROUTING", "nat", "POSTROUTING", None, "policy", "ACCEPT"))},
            4,
            "kptui: nothing",
        ),
        ({"events": (replace(EVENTS[0], verdict="goto A"), *EVENTS[1:])}, 0, "goto A"),
        ({"events": (*EVENTS[:3], replace(EVENTS[3], rule=None, kind="policy", verdict="DROP"))}, 3, "policy DROP"),
        ({"wire": None, "left": None}, 4, "kptui: forwarded, kernel: lost"),
        ({"wire": "eth2"}, 4, "kptui: out by eth1, kernel: out by eth2"),
        ({"left": replace(HEADER, dst="198.51.100.2")}, 4, "kernel: destination 198.51.100.2"),
        ({"left": replace(HEADER, src="198.51.100.2")}, 4, "kernel: source 198.51.100.2"),
        ({"left": replace(HEADER, dport=81)}, 4, "kptui: destination port 80, kernel: destination port 81"),
        ({"left": replace(HEADER, sport=1)}, 4, "kernel: source port 1"),
        ({"passes": (replace(SEEN.passes[0], mark=4),)}, 4, "kptui: mark 0x5, kernel: mark 0x4"),
    ],
)
def test_every_difference_is_found(change: dict[str, Any], after: int, words: str) -> None:
    seen = replace(SEEN, **change)
    found = parting(outcome(), seen, 4)
    assert isinstance(found, Parting)
    assert found.after == after
    assert words in str(found)
    assert not agrees(outcome(), outcome().steps, seen, 4)


def test_of_several_the_nearest_comes_first_and_all_are_told() -> None:
    trace = trace_of(
        DUMP.replace("-A FORWARD -j ACCEPT", "-A FORWARD -s 10.0.0.0/8 -j DROP"), dst="198.51.100.1", local=(NODE,)
    )
    far, near = partings(trace.outcomes, replace(SEEN, events=EVENTS[:3]), 4)[::-1]
    assert near.after >= far.after
    assert (disagreement(trace, SEEN) or "").count("kptui:") == len(trace.outcomes)


def test_no_outcome_at_all_is_no_agreement() -> None:
    assert partings([], SEEN, 4)
    assert disagreement(replace(trace_of(DUMP, local=(NODE,)), outcomes=()), SEEN)
