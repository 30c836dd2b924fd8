"""What a trace says, in words: its packet, shares, ends, assumptions, steps; what text and explorer have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from kptui.netfilter.address import show
from kptui.netfilter.facts import Unknown
from kptui.netfilter.journey import Origin
from kptui.netfilter.packet import ICMP, ICMPV6, WITH_PORTS, Number, Packet
from kptui.netfilter.path import Step
from kptui.netfilter.protocols import protocol_name
from kptui.netfilter.trace import Assumption, Outcome, Trace
from kptui.text import visible


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
        "bypassed": "past this host",
    }[outcome.end]
    if outcome.end in ("forwarded", "sent") and packet.out and not isinstance(packet.out, Unknown):
        words += f" by {visible(packet.out)}"
    return words


def short_end(outcome: Outcome) -> str:
    """Where an outcome ends, in as few words as a row has room for."""
    packet = outcome.packet
    # With a target, where it is forwarded to is plain.
    words = [
        f"⇒ {packet.dnat}" if packet.dnat else "",
        "" if packet.dnat and outcome.end == "forwarded" else ending(outcome),
    ]
    if packet.snat:
        words.append("masq" if packet.snat == "MASQUERADE" else f"from {packet.snat}")
    return " ".join(filter(None, words))


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
    return f"assumed {'yes' if assumption.assumed else 'no'}: {visible(question(assumption))}"


def question(assumption: Assumption) -> str:
    """What had to be assumed one way or the other: the match with its line, and why it is open."""
    at = f"line {assumption.line}: " if assumption.line else ""
    return f"{at}{assumption.match} — {assumption.why}"


def assumed_words(assumption: Assumption, asked: Mapping[str, str]) -> str:
    """An assumption by the short name of its question."""
    return f"{asked[question(assumption)]} {'yes' if assumption.assumed else 'no'}"


def numbers_words(numbers: Iterable[int]) -> str:
    """Numbers from 0 as they are shown, from 1, with ranges: 1–3, 7."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(f"{low + 1}–{high + 1}" if high > low else f"{low + 1}" for low, high in found)


def effect_words(step: Step) -> str:
    """What a step did, with the sign that goes with it."""
    signs = {
        "jump": "→",
        "goto": "⇢",
        "return": "↩",
        "DNAT": "⇒",
        "SNAT": "⇒",
        "MASQUERADE": "⇒",
        "REDIRECT": "⇒",
        "NETMAP": "⇒",
        "ACCEPT": "✓",
        "DROP": "✗",
        "REJECT": "✗",
    }
    if step.by_conntrack:
        return f"⇒ {step.effect.split()[1]} by conntrack"
    effect = step.effect.replace(" -> ", " → ")
    first, _, rest = effect.partition(" ")
    if first in ("jump", "goto"):
        return f"{signs[first]} {rest}"
    if first == "policy":
        return f"{'✗' if rest == 'DROP' else '✓'} policy {rest}"
    return f"{signs[first]} {effect}" if first in signs else effect
