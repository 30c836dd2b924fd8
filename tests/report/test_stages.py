"""A journey's stages: what entered each hook, what changed there, what left."""

from __future__ import annotations

from kptui.ask.request import Request
from kptui.netfilter.trace import Outcome
from kptui.report.stages import ROUTING, end_words, stages
from kptui.tracing import Session
from tests.support import NODE, sample


def _outcome(name: str, request: Request) -> tuple[list[str], list[str], Outcome]:
    session = Session.open(sample(name))
    trace = session.trace(request)
    found = stages(trace.packet, trace.outcomes[0])
    lines = [f"{stage.name}: {stage.entered} | {', '.join(stage.changed)} | {stage.left}" for stage in found]
    return lines, [stage.name for stage in found], trace.outcomes[0]


def test_a_packet_from_outside_is_translated_routed_and_masqueraded() -> None:
    request = Request(
        src="192.168.50.2", dst="10.110.199.45", dport="80", local=(NODE,), routes=("10.42.0.0/24 dev cni0",)
    )
    lines, names, outcome = _outcome("nginx-nodeport", request)
    assert names == ["PREROUTING", ROUTING, "FORWARD", "POSTROUTING"]
    assert lines[0] == (
        "PREROUTING: tcp 192.168.50.2 → 10.110.199.45:80 | dst 10.110.199.45 → 10.42.0.199, mark 0x0 → 0x4000 | "
        "tcp 192.168.50.2 → 10.42.0.199:80 · mark 0x4000"
    )
    assert lines[1].endswith("it goes on by cni0")
    assert lines[3].split(" | ")[1].startswith("src 192.168.50.2 →")
    assert end_words(outcome) == "✓ forwarded by cni0"


def test_what_is_refused_leaves_nothing() -> None:
    lines, names, outcome = _outcome(
        "no-endpoints", Request(src="10.42.0.7", dst="10.96.31.5", dport="80", local=(NODE,))
    )
    assert names[-1] == "FORWARD"
    assert lines[-1].endswith("| ")
    assert end_words(outcome).startswith("✗ rejected: ")


def test_every_step_worth_telling_is_in_one_stage() -> None:
    session = Session.open(sample("nginx-nodeport"))
    for request in (Request(dst="10.110.199.45", dport="80"), Request(dst="127.0.0.1", dport="32754", origin="local")):
        trace = session.trace(request)
        for outcome in trace.outcomes:
            told = [step for stage in stages(trace.packet, outcome) for step in stage.steps]
            assert [step.order for step in told] == sorted(step.order for step in told)
            assert {s.order for s in outcome.steps if s.rule is not None} == {
                s.order for s in told if s.rule is not None
            }
