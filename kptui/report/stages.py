"""One outcome's journey as stages: each hook with the packet as it came in, what rules did there, and as it left."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from kptui.netfilter.facts import Unknown
from kptui.netfilter.hooks import FORWARD, INPUT, OUTPUT, PREROUTING
from kptui.netfilter.packet import Number, Packet
from kptui.netfilter.path import Step
from kptui.netfilter.protocols import protocol_name
from kptui.netfilter.trace import Outcome
from kptui.records import dataclass
from kptui.report.branches import worth_telling
from kptui.report.changes import changes_at
from kptui.report.words import ending, place
from kptui.text import visible

ROUTING = "routing"


@dataclass(frozen=True, slots=True)
class Stage:
    """A hook, or the routing decision between two: what entered, the steps worth telling, what changed, what left.

    `left` is empty where the packet ended here; `tables` are those whose rules were asked, in the kernel's order.
    """

    name: str
    entered: str
    steps: tuple[Step, ...] = ()
    changed: tuple[str, ...] = ()
    left: str = ""
    tables: tuple[str, ...] = ()


def stages(packet: Packet, outcome: Outcome) -> list[Stage]:
    """The stages of an outcome of a trace of that packet."""
    found: list[Stage] = []
    matched = [step for step in outcome.steps if step.matched]
    told = {id(step) for step in worth_telling(matched)}
    by_hook = [(hook, list(steps)) for hook, steps in groupby(matched, key=lambda step: step.hook)]
    for number, (hook, steps) in enumerate(by_hook):
        entered = packet
        for step in steps:
            packet = packet.but(**{name: new for name, _, new in step.changed})
        last = number == len(by_hook) - 1
        found.append(
            Stage(
                hook,
                packet_at(entered),
                tuple(step for step in steps if id(step) in told),
                tuple(changes_at(hook, [outcome])),
                "" if last and not outcome.through else packet_at(packet),
                tuple(dict.fromkeys(step.table for step in steps)),
            )
        )
        if not last:
            found += _routed(hook, by_hook[number + 1][0], packet, outcome)
    return found


def packet_at(packet: Packet) -> str:
    """A packet at one point of its way: protocol, ends, and the marks it has."""
    proto = protocol_name(packet.proto) if isinstance(packet.proto, int) else "some protocol"
    words = [f"{proto} {place(packet, 'src')} → {place(packet, 'dst')}"]
    words += [f"{name} {_mark(mark)}" for name, mark in (("mark", packet.mark), ("connmark", packet.ctmark)) if mark]
    return " · ".join(words)


def end_words(outcome: Outcome) -> str:
    """How an outcome ends, with the sign that goes with it, and why if it does not get through."""
    reason = f": {outcome.reason}" if outcome.reason else ""
    return visible(f"{'✓' if outcome.through else '✗'} {ending(outcome)}{reason}")


def _routed(hook: str, onward: str, packet: Packet, outcome: Outcome) -> Iterator[Stage]:
    """What routing decided between two hooks."""
    device = outcome.packet.out
    by = f" by {visible(device)}" if device and not isinstance(device, Unknown) else ""
    if hook == PREROUTING and onward in (INPUT, FORWARD):
        decided = "it is for this host" if onward == INPUT else f"it goes on{by}"
    elif hook == OUTPUT:
        decided = f"it leaves{by}"
    else:
        return
    yield Stage(ROUTING, packet_at(packet), left=decided)


def _mark(value: Number) -> str:
    return f"({value.label})" if isinstance(value, Unknown) else f"{value:#x}"
