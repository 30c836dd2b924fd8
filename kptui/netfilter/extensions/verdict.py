"""ACCEPT, DROP, RETURN, QUEUE, NFQUEUE: verdicts (x_tables.c; xt_NFQUEUE.c)."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import Apply, Effect, Scope, TargetExtension, Verdict
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.values import number
from kptui.netfilter.extensions.words import named, span
from kptui.netfilter.facts import Fact, Unsure
from kptui.netfilter.packet import Packet
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Given


def _plain(verdict: Verdict, words: str) -> TargetExtension:
    def compile_it(options: Sequence[Option], scope: Scope) -> Apply:
        effect = "return" if verdict == "RETURN" else verdict
        return lambda packet: Effect(packet, verdict, effect)

    return TargetExtension(declare(), compile_it, lambda options: words)


def _queue(options: Sequence[Option], scope: Scope) -> Apply:
    why = "a program in user space decides what becomes of it"
    if not any(option.name == "queue-bypass" for option in options):
        return lambda packet: Effect(packet, "QUEUE", _words(options), why)
    unsure = Unsure(Fact(("queue", _words(options))), "whether a program listens on the queue is not known")

    def apply(packet: Packet) -> Effect:
        bypassed = Effect(packet, "ACCEPT", f"{_words(options)}, bypassed")
        return Effect(packet, "QUEUE", _words(options), why, unsure, bypassed)

    return apply


def _words(options: Sequence[Option]) -> str:
    named = {option.name: option.value for option in options}
    return f"NFQUEUE {named.get('queue-balance', named.get('queue-num', '0'))}"


def _check_queues(given: Sequence[Given]) -> str | None:
    """LOW:HIGH, not the whole range: the kernel counts the queues in 16 bits."""
    for option in given:
        if option.name == "queue-balance":
            low, colon, high = option.values[0].partition(":")
            first, last = number(low or "0"), number(high or "65534")
            if not colon or first >= last or (first, last) == (0, 65535):
                return "--queue-balance: expected LOW:HIGH, the lower first, of at most 65535 queues"
    return None


def _say_queue(options: Sequence[Option]) -> str:
    given = named(options)
    several = given.get("queue-balance")
    queue = given["queue-num"].value if "queue-num" in given else "0"
    which = f"one of the queues {span(several.value)}" if several else f"queue {queue}"
    words = f"hand it to the program on {which}, which decides"
    if several:
        words += ", chosen by the CPU" if "queue-cpu-fanout" in given else ", chosen by the connection"
    return words + (
        "; accept it if no program is there" if "queue-bypass" in given else "; drop it if no program is there"
    )


TARGETS = {
    "ACCEPT": _plain("ACCEPT", "accept it: the rest of this table is skipped at this hook"),
    "DROP": _plain("DROP", "drop it silently"),
    "RETURN": _plain("RETURN", "return to the rule after the one that led here"),
    "QUEUE": _plain("QUEUE", "hand it to a program (QUEUE), which decides"),
    "NFQUEUE": TargetExtension(
        declare(
            "queue-num: u16", "queue-balance: range16", "queue-bypass", "queue-cpu-fanout",
            alone="queue-num|queue-balance", also="queue-cpu-fanout=queue-balance", check=_check_queues,
        ),
        _queue,
        _say_queue,
    ),
}  # fmt: skip
