"""The same question to the tracer and to the kernel, and where their answers part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kptui.kernel.messages import Event, Place, Probe, Seen
from kptui.kernel.packets import build
from kptui.netfilter.address import network, parse, show
from kptui.netfilter.facts import Unknown
from kptui.netfilter.host import Host, Route
from kptui.netfilter.ipsets import read_ipsets
from kptui.netfilter.journey import Origin
from kptui.netfilter.packet import ICMP, ICMPV6, TCP, UDPLITE, WITH_PORTS, Packet
from kptui.netfilter.path import Step
from kptui.netfilter.trace import Outcome, Trace

_ENDS = {
    "forwarded": "out",
    "sent": "out",
    "delivered": "delivered",
    "dropped": "dropped",
    "rejected": "dropped",
    "queued": "dropped",
    "lost": "lost",
}
_NEW_FLAGS = frozenset({2, 16, 24, 10})
_ASKS = {4: frozenset({8, 13, 15, 17}), 6: frozenset({128})}


def host_of(place: Place, settings: dict[str, str] | None = None) -> Host:
    """The tracer's host facts of a place."""
    family = place.family
    local = [address for leg in place.legs for address in leg.addresses] + list(place.local)
    routes = tuple(
        Route(network(way.to, family), way.device, parse(way.source, family) if way.source else None)
        for way in place.routes
    )
    sets = read_ipsets(place.ipsets) if place.ipsets else None
    return Host(family, tuple(network(each, family) for each in local), routes, settings or {}, (), sets)


def conntrack_state(probe: Probe, family: int) -> str:
    """What conntrack makes of a first packet (nf_conntrack_proto_tcp.c, -_icmp.c, -_icmpv6.c)."""
    if probe.proto == UDPLITE and probe.leg is not None:
        # What comes in is checked with the pseudo header of UDP, so a right checksum is wrong (nf_checksum_partial).
        return "INVALID"
    if probe.proto == TCP:
        return "NEW" if probe.tcp_flags in _NEW_FLAGS else "INVALID"
    if probe.proto == ICMPV6 and family == 6 and 130 <= probe.icmp_type <= 137:
        return "UNTRACKED"
    if probe.proto == (ICMP if family == 4 else ICMPV6):
        return "NEW" if probe.icmp_type in _ASKS[family] else "INVALID"
    return "NEW"


def packet_of(probe: Probe, family: int, length: int) -> tuple[Packet, Origin]:
    """The tracer's packet of a probe, with nothing left unknown but what no packet on a TUN device has."""
    ports: dict[str, Any] = {}
    if probe.proto in WITH_PORTS:
        ports = {"sport": probe.sport, "dport": probe.dport}
    if probe.proto == TCP and probe.options.startswith("0204"):
        ports["mss"] = int(probe.options[4:8], 16)
    packet = Packet(
        family=family,
        proto=probe.proto,
        src=parse(probe.src, family),
        dst=parse(probe.dst, family),
        in_=probe.leg or "",
        mark=probe.mark if probe.leg is None else 0,
        ctstate=conntrack_state(probe, family),
        tcp_flags=probe.tcp_flags,
        icmp_type=probe.icmp_type,
        icmp_code=probe.icmp_code,
        ttl=probe.ttl,
        tos=probe.tos,
        length=length,
        **ports,
    )
    if probe.leg is None:
        return packet.but(uid=probe.uid, gid=0), "local"
    return packet, "external"


def disagreement(trace: Trace, seen: Seen) -> str | None:
    """None if what the kernel did is among the trace's outcomes, else where it parts from each of them, in words."""
    reasons = []
    for outcome in trace.outcomes:
        why = _path(outcome.steps, seen.events) or _end(outcome, seen) or _packet(outcome, seen, trace.packet.family)
        if why is None:
            return None
        reasons.append(f"{outcome.end}: {why}")
    return "; ".join(reasons)


def told(seen: Seen) -> str:
    """The kernel's path, a line each."""
    lines = [f"  {e.hook} {e.table} {e.chain} {e.rule or e.kind} {e.verdict or ''}" for e in seen.events]
    return "\n".join([*lines, f"  = {seen.end} {seen.wire} {seen.header} mark {seen.mark:#x} {seen.refused or ''}"])


def told_trace(trace: Trace) -> str:
    """The tracer's outcomes, a line a step."""
    lines = []
    for outcome in trace.outcomes:
        for step in outcome.steps:
            maybe = "(maybe) " if step.maybe else ""
            lines.append(f"  {maybe}{step.hook} {step.table} {step.chain} {step.rule or '-'} {step.effect}")
        packet = outcome.packet
        words = f"{_shown(packet.src, packet)} -> {_shown(packet.dst, packet)} {packet.sport} {packet.dport}"
        lines.append(f"  = {outcome.end} {packet.out} {words} mark {packet.mark} {outcome.reason or ''}")
        lines += [f"    assumed {each.match}: {each.assumed} ({each.why})" for each in outcome.assumptions]
    return "\n".join(lines)


def _path(steps: Sequence[Step], events: Sequence[Event]) -> str | None:
    """Where the steps and the kernel's events part; a step marked `maybe` may be left out."""
    reached = {0}
    for step in steps:
        going = {at + 1 for at in reached if at < len(events) and _same(step, events[at])}
        if step.maybe:
            going |= reached
        if not going:
            at = max(reached)
            kernel = _named(events[at]) if at < len(events) else "nothing more"
            return f"kptui: {step.hook} {step.table} {step.chain} {step.rule} {step.effect}, kernel: {kernel}"
        reached = going
    return None if len(events) in reached else f"kptui: nothing more, kernel: {_named(events[max(reached)])}"


def _named(event: Event) -> str:
    return f"{event.hook} {event.table} {event.chain} {event.rule or event.kind} {event.verdict or ''}"


def _same(step: Step, event: Event) -> bool:
    if (step.hook, step.table, step.chain, step.rule) != (event.hook, event.table, event.chain, event.rule):
        return False
    if step.rule is None:
        return step.effect == (f"policy {event.verdict}" if event.kind == "policy" else "return")
    jumps = [words for words in (step.effect, event.verdict or "") if words.startswith(("jump ", "goto "))]
    return not jumps or step.effect == event.verdict


def _end(outcome: Outcome, seen: Seen) -> str | None:
    return None if _ENDS[outcome.end] == seen.end else f"kptui: {outcome.end}, kernel: {seen.end}"


def _packet(outcome: Outcome, seen: Seen, family: int) -> str | None:
    """Where the packet as it leaves differs; a value that kptui does not know has to be possible."""
    header, packet = seen.header, outcome.packet
    if seen.end not in ("out", "delivered") or header is None:
        return None
    pairs = [
        ("source", packet.src, parse(header.src, family)),
        ("destination", packet.dst, parse(header.dst, family)),
        ("mark", packet.mark, seen.mark),
    ]
    if header.sport is not None and header.dport is not None:
        pairs += [("source port", packet.sport, header.sport), ("destination port", packet.dport, header.dport)]
    for name, mine, theirs in pairs:
        possible = (
            any(low <= theirs <= high for low, high in mine.space) if isinstance(mine, Unknown) else mine == theirs
        )
        if not possible:
            return f"{name}: kptui {mine}, kernel {theirs}"
    if seen.end == "out" and not isinstance(packet.out, Unknown) and packet.out != seen.wire:
        return f"device: kptui {packet.out}, kernel {seen.wire}"
    return None


def _shown(value: int | Unknown, packet: Packet) -> str:
    return show(value, packet.family) if isinstance(value, int) else value.label


def length_of(probe: Probe, family: int) -> int:
    """The total length of the packet that is sent."""
    return len(build(probe, 4 if family == 4 else 6, 1))
