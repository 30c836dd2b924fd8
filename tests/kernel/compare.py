"""The same question to the tracer and to the kernel, and both answers in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kptui.kernel.messages import Place, Probe, Seen
from kptui.kernel.packets import build, conntrack_state
from kptui.netfilter.address import network, parse, show
from kptui.netfilter.facts import Unknown
from kptui.netfilter.host import Host, Route
from kptui.netfilter.ipsets import read_ipsets
from kptui.netfilter.journey import Origin
from kptui.netfilter.packet import DCCP, NO_MSS, SCTP, TCP, WITH_PORTS, Packet
from kptui.netfilter.trace import Trace


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


def told_of_the_place() -> dict[str, str]:
    """What --set tells of a namespace with TUN devices: no bridge, no link layer, no IPsec; and the time it is."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    nothing = {"physdev-in": "none", "physdev-out": "none", "pkt-type": "unicast", "realm": "0", "ipsec": "no"}
    return {"route_localnet": "no", "ipv6-headers": "none", "time": now, **nothing}


def packet_of(probe: Probe, family: int, length: int) -> tuple[Packet, Origin]:
    """The tracer's packet of a probe, with nothing left unknown but what no packet on a TUN device has."""
    ports: dict[str, Any] = {}
    if probe.proto in WITH_PORTS:
        ports = {"sport": probe.sport, "dport": probe.dport}
    if probe.proto == TCP:
        ports["mss"] = int(probe.options[4:8], 16) if probe.options.startswith("0204") else NO_MSS
    packet = Packet(
        family=family,
        proto=probe.proto,
        src=parse(probe.src, family),
        dst=parse(probe.dst, family),
        in_=probe.leg or "",
        mark=probe.mark if probe.leg is None else 0,
        ctstate=conntrack_state(probe, 4 if family == 4 else 6),
        tcp_flags=probe.tcp_flags,
        icmp_type=probe.icmp_type,
        icmp_code=probe.icmp_code,
        ttl=probe.ttl,
        tos=probe.tos,
        length=length,
        mac_source="",
        payload=None if probe.proto in (SCTP, DCCP) else "00" * probe.payload,
        **ports,
    )
    if probe.leg is None:
        return packet.but(uid=probe.uid, gid=0), "local"
    return packet, "external"


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


def _shown(value: int | Unknown, packet: Packet) -> str:
    return show(value, packet.family) if isinstance(value, int) else value.label


def length_of(probe: Probe, family: int) -> int:
    """The total length of the packet that is sent."""
    return len(build(probe, 4 if family == 4 else 6, 1))
