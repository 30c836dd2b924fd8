"""A trace for people, as firewalls print theirs: hook by hook, what matched, what changed, one line with the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from kptui.netfilter.address import show
from kptui.netfilter.facts import Unknown
from kptui.netfilter.journey import Origin
from kptui.netfilter.packet import ICMP, ICMPV6, WITH_PORTS, Number, Packet
from kptui.netfilter.path import Step
from kptui.netfilter.protocols import protocol_name
from kptui.netfilter.trace import Assumption, Outcome, Trace
from kptui.text import visible

Paint = Callable[[str, str], str]
"""Colours a text: (text, one of good, bad, unsure, dim, strong) -> text."""


def plain(text: str, kind: str) -> str:
    """No colour at all."""
    return text


def trace_text(trace: Trace, paint: Paint = plain, name: Callable[[str], str | None] = lambda chain: None) -> str:
    """The whole trace; `name` says what a chain stands for."""
    lines = [paint(packet_words(trace), "strong"), ""]
    for number, outcome in enumerate(trace.outcomes, 1):
        lines += _outcome(number, len(trace.outcomes), outcome, paint, name)
        lines.append("")
    kind = {"yes": "good", "no": "bad", "depends": "unsure"}[trace.answer]
    lines.append(paint(f"answer: {trace.answer}", kind) + " · " + answer_words(trace))
    return "\n".join(lines)


def packet_words(trace: Trace) -> str:
    """The packet of a trace in one line."""
    return packet_line(trace.packet, trace.origin)


def packet_line(packet: Packet, origin: Origin) -> str:
    """A packet in one line: what it is, from where to where, and where it starts."""
    proto = protocol_name(packet.proto) if isinstance(packet.proto, int) else "some protocol"
    if packet.proto in (ICMP, ICMPV6) and isinstance(packet.icmp_type, int):
        proto += f" type {packet.icmp_type}"
    came = "sent by this host" if origin == "local" else "from outside the host"
    if packet.in_ and not isinstance(packet.in_, Unknown):
        came += f" by {visible(packet.in_)}"
    return f"{proto} {place(packet, 'src')} → {place(packet, 'dst')} · {came} · {packet.ctstate}"


def place(packet: Packet, side: str) -> str:
    """Address and port of one side; `?` where the address isn't known."""
    address: Number = getattr(packet, side)
    port: Number = packet.sport if side == "src" else packet.dport
    text = "?" if isinstance(address, Unknown) else show(address, packet.family)
    if isinstance(address, Unknown) and address.local:
        text = f"({address.label})"
    if packet.proto not in WITH_PORTS or isinstance(port, Unknown):
        return text
    return f"[{text}]:{port}" if ":" in text else f"{text}:{port}"


def share_text(share: Fraction | None) -> str:
    """A share as fraction and percentage; words where there is none."""
    if share is None:
        return "share not known"
    if share == 1:
        return "every packet"
    return f"{share} ({float(share) * 100:.4g} %)" if share.denominator < 1000 else f"{float(share) * 100:.4g} %"


def ending(outcome: Outcome) -> str:
    """How an outcome ends, in a few words."""
    packet = outcome.packet
    words = {
        "forwarded": "forwarded",
        "delivered": "delivered to this host",
        "sent": "sent",
        "dropped": "dropped",
        "rejected": "rejected",
        "queued": "queued to user space",
        "lost": "lost",
    }[outcome.end]
    if outcome.end in ("forwarded", "sent") and packet.out and not isinstance(packet.out, Unknown):
        words += f" by {visible(packet.out)}"
    return words


def answer_words(trace: Trace) -> str:
    """Why the answer is what it is, in one sentence."""
    if not trace.outcomes:
        return "nothing is known of this packet's end"
    through = [outcome for outcome in trace.outcomes if outcome.through]
    reasons = sorted({outcome.reason or outcome.verdict for outcome in trace.outcomes if not outcome.through})
    certainty = "certain" if trace.certain else "whatever is assumed"
    if trace.answer == "yes":
        targets = {outcome.packet.dnat for outcome in through}
        where = (
            f"to {len(targets)} targets" if len(targets) > 1 else f"to {targets.pop()}" if None not in targets else ""
        )
        return " ".join(filter(None, ["it gets through", where])) + f"; {certainty}"
    if trace.answer == "no":
        return f"it does not get through ({visible('; '.join(reasons))}); {certainty}"
    open_questions = dict.fromkeys(each.match for outcome in trace.outcomes for each in outcome.assumptions)
    if not open_questions:
        return f"by chance: some packets get through, others do not ({visible('; '.join(reasons))})"
    asked = list(open_questions)
    more = f" and {len(asked) - 3} more" if len(asked) > 3 else ""
    return f"on what the dump does not say: {visible('; '.join(asked[:3]))}{more}"


def assumption_words(assumption: Assumption) -> str:
    """An assumption as one clause."""
    at = f"line {assumption.line}: " if assumption.line else ""
    answer = "yes" if assumption.assumed else "no"
    return f"assumed {answer}: {at}{visible(assumption.match)} — {visible(assumption.why)}"


def _outcome(
    number: int, total: int, outcome: Outcome, paint: Paint, name: Callable[[str], str | None]
) -> Iterator[str]:
    packet = outcome.packet
    mark = "✓" if outcome.through else "✗"
    head = [f"{mark} outcome {number} of {total}", share_text(outcome.probability), ending(outcome)]
    if packet.dnat:
        head.append(f"⇒ DNAT {visible(packet.dnat)}")
    if packet.snat:
        head.append(packet.snat if packet.snat == "MASQUERADE" else f"SNAT {visible(packet.snat)}")
    yield paint(" · ".join(head), "good" if outcome.through else "bad")
    for assumption in outcome.assumptions:
        yield paint(f"  ? {assumption_words(assumption)}", "unsure")
    hook = ""
    for step in worth_telling(outcome.steps):
        if step.hook != hook:
            hook = step.hook
            yield f"  {hook}"
        yield _step(step, paint, name)
    if outcome.reason:
        yield f"  because: {visible(outcome.reason)}"


def _step(step: Step, paint: Paint, name: Callable[[str], str | None]) -> str:
    where = visible(step.chain) + (f" {step.rule}" if step.rule else "")
    named = name(step.chain)
    about = f"  {visible(named)}" if named else ""
    line = f"line {step.line}" if step.line else ""
    maybe = "  (only some)" if step.maybe else ""
    if not step.matched:
        return paint(f"    {step.table:<8} {where:<29} no match: {visible(step.why or '')}  {line}", "dim")
    aside = paint(line + about + maybe, "dim")
    return f"    {step.table:<8} {where:<29} {visible(effect_words(step)):<34} {aside}".rstrip()


def effect_words(step: Step) -> str:
    """What a step did, with the sign that goes with it."""
    signs = {
        "jump": "→",
        "goto": "⇢",
        "return": "↩",
        "DNAT": "⇒",
        "REDIRECT": "⇒",
        "ACCEPT": "✓",
        "DROP": "✗",
        "REJECT": "✗",
    }
    first, _, rest = step.effect.partition(" ")
    if first in ("jump", "goto"):
        return f"{signs[first]} {rest}"
    if first == "policy":
        return f"{'✗' if rest == 'DROP' else '✓'} policy {rest}"
    return f"{signs[first]} {step.effect}" if first in signs else step.effect


def worth_telling(steps: list[Step]) -> list[Step]:
    """The steps without those that say nothing: chains left by their end, policies of tables where no rule matched."""
    used = {(step.hook, step.table) for step in steps if step.rule is not None}
    return [
        step
        for step in steps
        if step.rule is not None
        or (step.effect != "return" and ((step.hook, step.table) in used or "DROP" in step.effect))
    ]
