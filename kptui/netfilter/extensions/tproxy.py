"""TPROXY: hand the packet to a local socket without changing it (xt_TPROXY.c)."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import Apply, Effect, Scope, TargetExtension
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.mark import FULL, pair
from kptui.netfilter.extensions.words import each_said, said
from kptui.netfilter.facts import Fact, Unsure, masked_out
from kptui.netfilter.packet import Packet
from kptui.syntax.ast import Option


def _port(options: Sequence[Option]) -> str:
    return next((option.value for option in options if option.name == "on-port"), "the packet's own port")


def _compile(options: Sequence[Option], scope: Scope) -> Apply:
    mark = next((pair(option.value) for option in options if option.name == "tproxy-mark"), (0, 0))

    def apply(packet: Packet) -> Effect:
        value, mask = mark
        new = masked_out(packet.mark, mask, value)
        unsure = Unsure(Fact(("tproxy", _port(options))), "whether the transparent proxy listens is not known")
        dropped = Effect(packet, "DROP", "TPROXY finds no socket", "no transparent proxy listens")
        return Effect(
            packet.but(mark=new, tproxy=True), "ACCEPT", f"TPROXY to port {_port(options)}", None, unsure, dropped
        )

    return apply


def _own_port(text: str) -> str:
    return "that it is sent to" if text == "0" else text


def _mark_words(text: str) -> str:
    value, mask = pair(text)
    return f"{value:#x}" if mask == FULL else f"{value:#x} in the bits {mask:#x}"


TARGETS = {
    "TPROXY": TargetExtension(
        declare(
            "on-port: port", "on-ip: address", "tproxy-mark: mark",
            needed="on-port", protocols="tcp udp", tables="mangle", hooks="PREROUTING",
        ),
        _compile,
        each_said(
            {
                "on-port": said("hand it unchanged to the local proxy on port {}", show=_own_port),
                "on-ip": said("at {}"),
                "tproxy-mark": said("setting its mark to {}", show=_mark_words),
            }
        ),
    )
}  # fmt: skip
