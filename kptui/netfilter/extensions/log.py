"""LOG, NFLOG, ULOG, TRACE, AUDIT: write it down and go on."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import Apply, Effect, Scope, TargetExtension
from kptui.netfilter.extensions.declare import declare
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Declared


def _target(name: str, options: Declared, words: str) -> TargetExtension:
    def compile_it(given: Sequence[Option], scope: Scope) -> Apply:
        return lambda packet: Effect(packet, None, _said(name, given))

    return TargetExtension(options, compile_it, lambda given: _said(words, given))


def _said(words: str, options: Sequence[Option]) -> str:
    prefix = next((option.value for option in options if option.name.endswith("prefix")), None)
    return f"{words} “{prefix}”" if prefix is not None else words


TARGETS = {
    "LOG": _target(
        "LOG",
        declare(
            "log-level: syslog", "log-prefix: text(1-)", "log-tcp-sequence", "log-tcp-options", "log-ip-options",
            "log-uid", "log-macdecode",
        ),
        "log it",
    ),
    "NFLOG": _target(
        "NFLOG",
        declare(
            "nflog-group: u16", "nflog-prefix: text(1-)", "nflog-range: u32", "nflog-size: u32",
            "nflog-threshold: u16",
            alone="nflog-range|nflog-size",
        ),
        "log it by nfnetlink",
    ),
    "ULOG": _target(
        "ULOG",
        declare(
            "ulog-nlgroup: u8(1-32)", "ulog-prefix: text(1-)", "ulog-cprange: u64", "ulog-qthreshold: u64(1-50)"
        ),
        "log it by ulog",
    ),
    "TRACE": _target("TRACE", declare(tables="raw"), "trace its way through the rules"),
    "AUDIT": _target("AUDIT", declare("type: enum(accept|drop|reject)", needed="type"), "record it for auditing"),
}  # fmt: skip
