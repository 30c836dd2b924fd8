"""LOG, NFLOG, ULOG, TRACE, AUDIT: write it down and go on."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import Apply, Effect, Scope, TargetExtension
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.words import SayAll, constant, each_said, said
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Declared


def _target(name: str, options: Declared, say: SayAll) -> TargetExtension:
    def compile_it(given: Sequence[Option], scope: Scope) -> Apply:
        return lambda packet: Effect(packet, None, _prefixed(name, given))

    return TargetExtension(options, compile_it, say)


def _prefixed(words: str, options: Sequence[Option]) -> str:
    prefix = next((option.value for option in options if option.name.endswith("prefix")), None)
    return f"{words} “{prefix}”" if prefix is not None else words


_LOG = {
    "log-prefix": said("as “{}”"),
    "log-level": said("at level {}"),
    "log-tcp-sequence": said("with TCP sequence numbers"),
    "log-tcp-options": said("with TCP options"),
    "log-ip-options": said("with IP options"),
    "log-uid": said("with the sender's user"),
    "log-macdecode": said("with MAC addresses"),
}
_NFLOG = {
    "nflog-group": said("to group {}"),
    "nflog-prefix": said("as “{}”"),
    "nflog-size": said("its first {} bytes"),
    "nflog-range": said("its first {} bytes"),
    "nflog-threshold": said("{} packets at a time"),
}
_ULOG = {
    "ulog-nlgroup": said("to group {}"),
    "ulog-prefix": said("as “{}”"),
    "ulog-cprange": said("its first {} bytes"),
    "ulog-qthreshold": said("{} packets at a time"),
}
TARGETS = {
    "LOG": _target(
        "LOG",
        declare(
            "log-level: syslog", "log-prefix: text(1-)", "log-tcp-sequence", "log-tcp-options", "log-ip-options",
            "log-uid", "log-macdecode",
        ),
        each_said(_LOG, "log it", ", ", "log it, "),
    ),
    "NFLOG": _target(
        "NFLOG",
        declare(
            "nflog-group: u16", "nflog-prefix: text(1-)", "nflog-range: u32", "nflog-size: u32",
            "nflog-threshold: u16",
            alone="nflog-range|nflog-size",
        ),
        each_said(_NFLOG, "log it through NFLOG", ", ", "log it through NFLOG, "),
    ),
    "ULOG": _target(
        "ULOG",
        declare(
            "ulog-nlgroup: u8(1-32)", "ulog-prefix: text(1-)", "ulog-cprange: u64", "ulog-qthreshold: u64(1-50)"
        ),
        each_said(_ULOG, "log it through ULOG", ", ", "log it through ULOG, "),
    ),
    "TRACE": _target("TRACE", declare(tables="raw"), constant("log every rule that it meets from here on")),
    "AUDIT": _target(
        "AUDIT",
        declare("type: enum(accept|drop|reject)", needed="type"),
        each_said({"type": said("write an audit record of type {}")}),
    ),
}  # fmt: skip
