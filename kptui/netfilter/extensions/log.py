"""LOG, NFLOG, ULOG, TRACE, AUDIT: write it down and go on."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import Apply, Effect, Scope, TargetExtension
from kptui.syntax.ast import Option


def _target(name: str, options: dict[str, int], words: str) -> TargetExtension:
    def compile_it(given: Sequence[Option], scope: Scope) -> Apply:
        return lambda packet: Effect(packet, None, _said(name, given))

    return TargetExtension(options, compile_it, lambda given: _said(words, given))


def _said(words: str, options: Sequence[Option]) -> str:
    prefix = next((option.value for option in options if option.name.endswith("prefix")), None)
    return f"{words} “{prefix}”" if prefix is not None else words


TARGETS = {
    "LOG": _target(
        "LOG",
        {"log-level": 1, "log-prefix": 1, "log-tcp-sequence": 0, "log-tcp-options": 0, "log-ip-options": 0,
         "log-uid": 0, "log-macdecode": 0},
        "log it",
    ),
    "NFLOG": _target(
        "NFLOG",
        {"nflog-group": 1, "nflog-prefix": 1, "nflog-range": 1, "nflog-size": 1, "nflog-threshold": 1},
        "log it by nfnetlink",
    ),
    "ULOG": _target(
        "ULOG", {"ulog-nlgroup": 1, "ulog-prefix": 1, "ulog-cprange": 1, "ulog-qthreshold": 1}, "log it by ulog"
    ),
    "TRACE": _target("TRACE", {}, "trace its way through the rules"),
    "AUDIT": _target("AUDIT", {"type": 1}, "record it for auditing"),
}  # fmt: skip
