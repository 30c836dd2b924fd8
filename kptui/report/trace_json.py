"""kptui trace --json: a trace as the contract kptui.trace/1 has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kptui.netfilter.address import show
from kptui.netfilter.facts import Unknown
from kptui.netfilter.packet import ICMP, ICMPV6, TCP, WITH_PORTS, Number, flag_names
from kptui.netfilter.path import Step
from kptui.netfilter.protocols import protocol_name
from kptui.netfilter.trace import Outcome, Trace


def trace_json(trace: Trace) -> dict[str, Any]:
    """The whole trace."""
    forward = {"answer_forward": trace.forward} if trace.replied else {}
    return {"schema": "kptui.trace/1", **_told_of(trace), **forward}


def _told_of(trace: Trace) -> dict[str, Any]:
    outcomes = [_outcome(outcome) for outcome in trace.outcomes]
    if trace.replied:
        for found, outcome in zip(outcomes, trace.outcomes, strict=True):
            found["reply"] = _reply(outcome)
    return {
        "packet": _packet(trace),
        "backend": trace.backend,
        "answer": trace.answer,
        "certain": trace.certain,
        "notes": list(trace.notes),
        "outcomes": outcomes,
    }


def _reply(outcome: Outcome) -> dict[str, Any] | None:
    """The reply to an outcome, as a trace of its own; None where the packet doesn't get through."""
    if outcome.reply is not None:
        return {"expected": True, **_told_of(outcome.reply)}
    return {"expected": False, "reason": outcome.unanswered, "outcomes": []} if outcome.through else None


def _packet(trace: Trace) -> dict[str, Any]:
    packet = trace.packet
    icmp = packet.proto in (ICMP, ICMPV6)
    return {
        "family": packet.family,
        "proto": protocol_name(packet.proto) if isinstance(packet.proto, int) else None,
        "src": address(packet.src, packet.family),
        "sport": _told(packet.sport) if packet.proto in WITH_PORTS else None,
        "dst": address(packet.dst, packet.family),
        "dport": _told(packet.dport) if packet.proto in WITH_PORTS else None,
        "in": _name(packet.in_),
        "out": _name(packet.out),
        "mark": _mark(packet.mark),
        "ctmark": _mark(packet.ctmark),
        "ctstate": packet.ctstate,
        "origin": trace.origin,
        "tcp_flags": flag_names(packet.tcp_flags)
        if packet.proto == TCP and isinstance(packet.tcp_flags, int)
        else None,
        "icmp_type": _told(packet.icmp_type) if icmp else None,
        "icmp_code": _told(packet.icmp_code) if icmp else None,
        "length": _told(packet.length),
        "ttl": _told(packet.ttl),
        "tos": _told(packet.tos),
        "mss": _told(packet.mss),
        "uid": _told(packet.uid),
        "gid": _told(packet.gid),
        "mac_source": _name(packet.mac_source),
        "payload": packet.payload,
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    packet = outcome.packet
    steps = outcome.steps
    return {
        "verdict": outcome.verdict,
        "end": _end(outcome),
        "reason": outcome.reason,
        "probability": None if outcome.probability is None else float(outcome.probability),
        "share": None if outcome.probability is None else str(outcome.probability),
        "assumptions": [
            {"line": each.line, "match": each.match, "assumed": each.assumed, "why": each.why}
            for each in outcome.assumptions
        ],
        "dnat": packet.dnat,
        "snat": packet.snat,
        "packet": {
            "src": address(packet.src, packet.family),
            "sport": _told(packet.sport) if packet.proto in WITH_PORTS else None,
            "dst": address(packet.dst, packet.family),
            "dport": _told(packet.dport) if packet.proto in WITH_PORTS else None,
            "mark": _mark(packet.mark),
            "out": _name(packet.out),
        },
        "path": [step_json(step) for step in steps if not step.by_conntrack],
        "conntrack": list(_by_conntrack(steps)),
    }


def _end(outcome: Outcome) -> str:
    """A reply that comes out, but not as what was waited for, is lost: its reason tells."""
    return "lost" if outcome.verdict == "LOST" and outcome.end != "bypassed" else outcome.end


def _by_conntrack(steps: list[Step]) -> Iterator[dict[str, Any]]:
    """What conntrack did without any rule, and after how many steps of the path."""
    after = 0
    for step in steps:
        if step.by_conntrack:
            yield {"after": after, "hook": step.hook, "effect": step.effect.partition(": ")[2]}
        else:
            after += 1


def step_json(step: Step) -> dict[str, Any]:
    """One step of a path."""
    found: dict[str, Any] = {
        "hook": step.hook,
        "table": step.table,
        "chain": step.chain,
        "rule": step.rule,
        "line": step.line,
        "text": step.text,
        "effect": step.effect,
    }
    if not step.matched:
        found |= {"matched": False, "why": step.why}
    if step.backend:
        found["backend"] = step.backend
    if step.maybe:
        found["maybe"] = True
    return found


def address(number: Number, family: int) -> str | None:
    """An address as text, None if it isn't known."""
    return None if isinstance(number, Unknown) else show(number, family)


def _told(number: Number) -> int | None:
    return None if isinstance(number, Unknown) else number


def _name(name: str | Unknown) -> str | None:
    return None if isinstance(name, Unknown) or not name else name


def _mark(number: Number) -> str | None:
    return None if isinstance(number, Unknown) else f"{number:#x}"
