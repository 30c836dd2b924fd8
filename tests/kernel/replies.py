"""The reply to a packet, sent for real: the tracer's reply against the kernel's, for every packet that gets through."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import replace

from kptui.confirm.compare import disagreement, parting
from kptui.kernel.judge import Judge
from kptui.kernel.messages import Header, Place, Probe, Seen
from kptui.loading import parse
from kptui.netfilter.trace import Trace, Tracer
from kptui.sources import SourceText
from kptui.syntax.ast import Backend, Family
from tests.kernel.compare import host_of, length_of, packet_of, told, told_trace
from tests.kernel.contest import Score
from tests.kernel.pools import PLACES
from tests.kernel.probes import random_probes
from tests.kernel.rulesets import random_dump

_ANSWERS = {8: 0, 13: 14, 15: 16, 17: 18, 128: 129}
_REPEATABLE = {1, 6, 17, 58}
"""Protocols whose answers can be made from nothing but the packet."""


def reply_contest(judge: Judge, dump: str, place: Place, backend: Backend, probes: Iterable[Probe], name: str) -> Score:
    """Load a dump, send every packet, and to each that gets through an answer; compare what becomes of the answers."""
    ruleset = parse(SourceText(name, dump))
    judge.load(place, ruleset, backend)
    told_of = {"route_localnet": "no", "reply-ttl": "64", "reply-tos": "0", "reply-uid": "0", "reply-gid": "0"}
    host = replace(host_of(place, told_of), assume=(("by way of this host", True),))
    tracer = Tracer(ruleset, host, backend)
    score = Score()
    draws = "--random" in dump
    for probe in probes:
        seen = judge.send(probe)
        answer = answer_of(probe, seen)
        if answer is None or (draws and probe.proto in (1, 58)):
            # The number of an echo may be another after NAT, and no header tells it.
            continue
        trace = tracer.trace(*packet_of(probe, place.family, length_of(probe, place.family)), reply=True)
        replies = _replies(trace, seen)
        if not replies:
            continue
        back = judge.send(answer, keep=True)
        score.packets += 1
        score.ends[back.end] += 1
        reasons = [disagreement(reply, back) for reply in replies]
        if None not in reasons:
            heading = f"{name}, IPv{place.family}, {backend}\n{probe}\n{answer}\n{reasons}"
            mine = "\n".join(map(told_trace, replies))
            score.disagreements.append(
                f"{heading}\nkernel:\n{told(seen)}\n{told(back)}\nkptui:\n{told_trace(trace)}\n{mine}"
            )
    return score


def random_reply_contest(judge: Judge, seed: int, family: Family, backend: Backend, packets: int) -> Score:
    """The ruleset and the packets of a seed."""
    probes = random_probes(seed, family, packets)
    return reply_contest(judge, random_dump(seed, family), PLACES[family], backend, probes, f"seed {seed}")


def answer_of(probe: Probe, seen: Seen) -> Probe | None:
    """The packet that answers another one as it was last seen, None if nobody would answer it."""
    header = seen.header
    if seen.end not in ("out", "delivered") or header is None or probe.proto not in _REPEATABLE:
        return None
    if (probe.proto in (1, 58) and probe.icmp_type not in _ANSWERS) or probe.tcp_flags & 4:
        return None
    if seen.wire is None and ipaddress.ip_address(header.dst).is_loopback:
        # A raw socket may send from there to anywhere, the kernel's own sockets may not.
        return None
    return Probe(
        probe.proto,
        header.dst,
        header.src,
        seen.wire,
        sport=_port(probe, header, probe.dport if header.dport is None else header.dport),
        dport=header.sport or 0,
        tcp_flags=0x12 if probe.tcp_flags & 2 else 0x10,
        icmp_type=_ANSWERS.get(probe.icmp_type, 0),
    )


def _port(probe: Probe, header: Header, port: int) -> int:
    """The source port; of an ICMP echo it is the number that the answer repeats."""
    return probe.sport if probe.proto in (1, 58) else port


def _replies(trace: Trace, seen: Seen) -> list[Trace]:
    """The replies of the outcomes that are what the kernel did; those that don't come by the host can't be compared."""
    fitting = [outcome for outcome in trace.outcomes if parting(outcome, seen, trace.packet.family) is None]
    replies = [outcome.reply for outcome in fitting if outcome.reply is not None]
    return [reply for reply in replies if not any(each.end == "bypassed" for each in reply.outcomes)]
