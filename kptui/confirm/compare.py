"""An outcome and what the kernel did: where they part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kptui.kernel.messages import Event, Seen
from kptui.netfilter.address import parse, show
from kptui.netfilter.facts import Unknown
from kptui.netfilter.path import Step
from kptui.netfilter.trace import Outcome, Trace
from kptui.records import dataclass

_ENDS = {
    "forwarded": "out",
    "sent": "out",
    "delivered": "delivered",
    "dropped": "dropped",
    "rejected": "dropped",
    "queued": "dropped",
    "lost": "lost",
}
_KERNEL_ENDS = {"out": "leaves", "delivered": "delivered", "dropped": "dropped", "lost": "lost by no rule's doing"}


@dataclass(frozen=True, slots=True)
class Parting:
    """The first difference: after how many of the kernel's steps, and what each of both says there.

    `step` is the outcome's step there, `event` the kernel's; both None where the end or the packet differs.
    """

    after: int
    mine: str
    kernel: str
    step: Step | None = None
    event: Event | None = None

    def __str__(self) -> str:
        """Both in one line."""
        return f"kptui: {self.mine}, kernel: {self.kernel}"


def agrees(outcome: Outcome, steps: Sequence[Step], seen: Seen, family: int) -> bool:
    """Whether an outcome (and its steps) is what the kernel did; what is quickly told apart is looked at first."""
    return not (_end(outcome, seen) or _packet(outcome, seen, family) or _path(steps, seen.events))


def parting(outcome: Outcome, seen: Seen, family: int) -> Parting | None:
    """Where an outcome and what the kernel did part, None if they agree: steps, end, addresses, ports, mark, device."""
    return _path(outcome.steps, seen.events) or _end(outcome, seen) or _packet(outcome, seen, family)


def partings(outcomes: Iterable[Outcome], seen: Seen, family: int) -> list[Parting]:
    """Where each of some outcomes parts from what the kernel did, the one that goes along furthest first.

    Empty if one agrees.
    """
    found: list[Parting] = []
    for outcome in outcomes:
        each = parting(outcome, seen, family)
        if each is None:
            return []
        found.append(each)
    return sorted(found, key=lambda each: -each.after) or [Parting(0, "no outcome", seen.end)]


def disagreement(trace: Trace, seen: Seen) -> str | None:
    """None if what the kernel did is among the trace's outcomes, else where it parts from each of them, in words."""
    return "; ".join(map(str, partings(trace.outcomes, seen, trace.packet.family))) or None


def _path(steps: Sequence[Step], events: Sequence[Event]) -> Parting | None:
    """Where the steps and the kernel's events part; a step marked `maybe` may be left out."""
    reached = {0}
    for step in steps:
        if step.by_conntrack:
            continue
        going = {at + 1 for at in reached if at < len(events) and _same(step, events[at])}
        if step.maybe:
            going |= reached
        if not going:
            at = max(reached)
            event = events[at] if at < len(events) else None
            return Parting(at, _told(step), _named(event) if event else "nothing more", step, event)
        reached = going
    if len(events) in reached:
        return None
    event = events[max(reached)]
    return Parting(max(reached), "nothing more", _named(event), None, event)


def _told(step: Step) -> str:
    return f"{step.hook} {step.table} {step.chain} {step.rule or ''} {step.effect}".replace("  ", " ")


def _named(event: Event) -> str:
    return f"{event.hook} {event.table} {event.chain} {event.rule or event.kind} {event.verdict or ''}".rstrip()


def _same(step: Step, event: Event) -> bool:
    if (step.hook, step.table, step.chain, step.rule) != (event.hook, event.table, event.chain, event.rule):
        return False
    if step.rule is None:
        return step.effect == (f"policy {event.verdict}" if event.kind == "policy" else "return")
    jumps = [words for words in (step.effect, event.verdict or "") if words.startswith(("jump ", "goto "))]
    return not jumps or step.effect == event.verdict


def _end(outcome: Outcome, seen: Seen) -> Parting | None:
    if _ENDS[outcome.end] == seen.end:
        return None
    return Parting(len(seen.events), outcome.end, _KERNEL_ENDS[seen.end])


def _packet(outcome: Outcome, seen: Seen, family: int) -> Parting | None:
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
        possible = mine.may_be(theirs) if isinstance(mine, Unknown) else mine == theirs
        if not possible:
            return Parting(len(seen.events), _value(name, mine, family), _value(name, theirs, family))
    if seen.end == "out" and not isinstance(packet.out, Unknown) and packet.out != seen.wire:
        return Parting(len(seen.events), f"out by {packet.out}", f"out by {seen.wire}")
    return None


def _value(name: str, value: int | Unknown, family: int) -> str:
    if isinstance(value, Unknown):
        return f"{name} {value.label}"
    if name == "mark":
        return f"mark {value:#x}"
    return f"{name} {show(value, family) if name in ('source', 'destination') else value}"
