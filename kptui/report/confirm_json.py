"""What the kernel says of a trace, for programs: the field `kernel` of the contract kptui.trace/1."""

from __future__ import annotations

from typing import Any

from kptui.confirm.compare import Parting
from kptui.confirm.confirm import Confirmation, Sent
from kptui.confirm.shares import comparable
from kptui.confirm.steps import kernel_steps
from kptui.netfilter.trace import Trace
from kptui.report.trace_json import step_json
from kptui.syntax.ast import Family, Ruleset


def confirm_json(found: Confirmation, trace: Trace, ruleset: Ruleset) -> dict[str, Any]:
    """The confirmation; `path` is the kernel's own, of the packet that parts from the trace, else of the first."""
    family: Family = 6 if trace.packet.family == 6 else 4
    packets = [_packet(sent, trace, ruleset, family) for sent in found.sent]
    apart = next((packet for sent, packet in zip(found.sent, packets, strict=True) if sent.parting is not None), None)
    shown = apart or (packets[0] if packets else {})
    return {
        "agrees": found.agrees,
        "path": shown.get("path", []),
        "runs": found.runs,
        "parts": shown.get("parts"),
        "refused": found.refused,
        "system": found.kernel,
        "rootless": found.rootless,
        "packets": packets,
        "untried": [{"outcome": number + 1, "why": why} for number, why in sorted(found.untried.items())],
        "notes": list(found.notes),
    }


def _packet(sent: Sent, trace: Trace, ruleset: Ruleset, family: Family) -> dict[str, Any]:
    seen = sent.apart or sent.first
    totals: dict[int, int] = {}
    for group in comparable(trace.outcomes, sorted(sent.taken)):
        totals |= dict.fromkeys(group, sum(sent.taken[number] for number in group))
    return {
        "chosen": dict(sent.choice.chosen),
        "agrees": sent.agrees,
        "runs": sent.runs,
        "outcomes": [
            {
                "outcome": number + 1,
                "runs": count,
                "share": count / totals[number],
                "promised": None if outcome.probability is None else float(outcome.probability),
            }
            for number, count in sorted(sent.taken.items())
            for outcome in (trace.outcomes[number],)
        ],
        "left_out_by_assume": sent.aside,
        "path": [step_json(step) for step in kernel_steps(seen.events, ruleset, family)] if seen else [],
        "parts": None if sent.parting is None else _parts(sent.parting),
        "unlikely": sent.odds,
        "untold": sent.untold,
    }


def _parts(parting: Parting) -> dict[str, Any]:
    """After how many steps of the kernel's path they part, and what each has there."""
    return {"after": parting.after, "kptui": parting.mine, "kernel": parting.kernel}
