"""kptui trace --json: a trace as the contract kptui.trace/1 has it."""

from __future__ import annotations

from typing import Any

from kptui.netfilter.address import show
from kptui.netfilter.facts import Unknown
from kptui.netfilter.packet import ICMP, ICMPV6, TCP, WITH_PORTS, Number, flag_names
from kptui.netfilter.path import Step
from kptui.netfilter.protocols import protocol_name
from kptui.netfilter.trace import Outcome, Trace


def trace_json(trace: Trace) -> dict[str, Any]:
    """The whole trace."""
    return {
        "schema": "kptui.trace/1",
        "packet": _packet(trace),
        "backend": trace.backend,
        "answer": trace.answer,
        "certain": trace.certain,
        "outcomes": [_outcome(outcome) for outcome in trace.outcomes],
    }


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
    return {
        "verdict": outcome.verdict,
        "end": outcome.end,
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
        "path": [step_json(step) for step in outcome.steps],
    }


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
