"""Leaving rules out changes no answer: a long chain is walked rule by rule and by its candidates alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kptui.ask.request import Request
from kptui.netfilter import walk
from kptui.netfilter.candidates import Candidates
from kptui.report.trace_json import trace_json
from kptui.tracing import Session
from tests.bench.dumps import dump, services
from tests.support import SAMPLE_NAMES, sample, session_of

ADDRESSES = ("10.0.0.1", "10.0.0.2", "10.0.1.1")
PORTS = ("80", "443", "08", "http")
DESTINATIONS = st.sampled_from(
    ["", "", *(f"-d {a}/32" for a in ADDRESSES), "-d 10.0.0.1", "! -d 10.0.0.1/32", "-d 10.0.0.0/24", "-d 10.0.0.1/31"]
)
ASKS = st.sampled_from(
    [
        "", "-p tcp", "-p udp", "-p icmp", *(f"-p tcp -m tcp --dport {port}" for port in PORTS), "-p udp --dport 80",
        "-p tcp -m tcp ! --dport 80", "-p tcp -m tcp --dport 80:443", "-p tcp -m multiport --dports 80,443",
        "-m tcp --dport 80", "-p tcp -m tcp --sport 1 --dport 80", "-p sctp -m sctp --dport 80 --chunk-types any DATA",
    ]
)  # fmt: skip
ACTS = st.sampled_from(["-j LOG", "-j MARK --set-xmark 0x1/0x1", "-j X", "-g X", "-j RETURN", "-j DROP", "-j ACCEPT"])
MORE = st.sampled_from(
    ["", "", "-m recent --rcheck --name a --rsource", "-m statistic --mode random --probability 0.5"]
)
RULES = st.lists(st.tuples(DESTINATIONS, ASKS, MORE, ACTS).map(" ".join), min_size=1, max_size=10)
PACKETS = st.fixed_dictionaries(
    {},
    optional={
        "dst": st.sampled_from(ADDRESSES),
        "dport": st.sampled_from(["80", "443", "8", "22"]),
        "proto": st.sampled_from(["tcp", "udp"]),
    },
)


def both(session_text: Any, monkeypatch: pytest.MonkeyPatch, **request: Any) -> None:
    found = []
    for long in (0, 1_000_000):
        monkeypatch.setattr(walk, "LONG", long)
        session = session_text()
        found.append(trace_json(session.trace(Request(**request))))
    assert found[0] == found[1]


@settings(max_examples=250, deadline=None)
@given(RULES, RULES, PACKETS)
def test_random_chains(first: list[str], second: list[str], packet: dict[str, str]) -> None:
    lines = [*(f"-A FORWARD {rule}" for rule in first), *(f"-A X {r.replace(' X', ' DROP')}" for r in second)]
    text = "\n".join(["*filter", ":FORWARD ACCEPT [0:0]", ":X - [0:0]", *lines, "COMMIT", ""])
    with pytest.MonkeyPatch.context() as patch:
        both(lambda: session_of(text), patch, **packet)


@pytest.mark.parametrize("name", SAMPLE_NAMES)
@pytest.mark.parametrize("packet", [{}, {"dst": "10.96.0.10", "dport": "53", "proto": "udp"}, {"dst": "192.168.50.10"}])
def test_samples(name: str, packet: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    if "ipv6" in name:
        packet = {}
    both(lambda: Session.open(sample(name)), monkeypatch, **packet)


def test_few_rules_of_kube_services_are_tried() -> None:
    session = session_of(dump(200))
    chain = session.ruleset.chain("nat", "KUBE-SERVICES")
    assert chain is not None
    [service] = [each for each in services(200) if each.number == 150]
    packet = session.trace(Request(dst=service.cluster_ip, dport="80")).packet
    places = list(Candidates(chain.rules, 4).of([packet]))
    assert len(places) == 2
    assert chain.rules[places[0]].comment == f"{service.name} cluster IP"
    assert places[-1] == len(chain.rules) - 1
