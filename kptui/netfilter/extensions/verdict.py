"""ACCEPT, DROP, RETURN, QUEUE, NFQUEUE: verdicts (x_tables.c; xt_NFQUEUE.c)."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import Apply, Effect, Scope, TargetExtension, Verdict
from kptui.syntax.ast import Option


def _plain(verdict: Verdict, words: str) -> TargetExtension:
    def compile_it(options: Sequence[Option], scope: Scope) -> Apply:
        effect = "return" if verdict == "RETURN" else verdict
        return lambda packet: Effect(packet, verdict, effect)

    return TargetExtension({}, compile_it, lambda options: words)


def _queue(options: Sequence[Option], scope: Scope) -> Apply:
    return lambda packet: Effect(packet, "QUEUE", _words(options), "a program in user space decides what becomes of it")


def _words(options: Sequence[Option]) -> str:
    named = {option.name: option.value for option in options}
    return f"NFQUEUE {named.get('queue-balance', named.get('queue-num', '0'))}"


TARGETS = {
    "ACCEPT": _plain("ACCEPT", "accept: leave this table's hook"),
    "DROP": _plain("DROP", "drop it silently"),
    "RETURN": _plain("RETURN", "return to the calling chain"),
    "QUEUE": _plain("QUEUE", "hand it to a program in user space"),
    "NFQUEUE": TargetExtension(
        {"queue-num": 1, "queue-balance": 1, "queue-bypass": 0, "queue-cpu-fanout": 0},
        _queue,
        lambda options: "hand it to a program in user space, queue " + _words(options).removeprefix("NFQUEUE "),
    ),
}
