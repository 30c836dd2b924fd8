"""ah, esp, ipcomp: IPsec's headers by their SPI, which is not in kptui's packet (xt_esp.c, ipt_ah.c, xt_ipcomp.c)."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test, told
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.ports import of_protocol
from kptui.netfilter.extensions.words import SayAll, each_said, said, span
from kptui.netfilter.protocols import protocol_number
from kptui.syntax.ast import Option


def _say(protocol: str) -> SayAll:
    return each_said(
        {
            f"{protocol}spi": said("SPI {}", "SPI not {}", span),
            f"{protocol}len": said("header length {}", "header length not {}"),
            f"{protocol}res": said("reserved field zero"),
            "compres": said("reserved field zero"),
        },
        f"with an {protocol.upper()} header",
        before=f"{protocol.upper()} ",
    )


def _spi(protocol: str, *more: str) -> MatchExtension:
    """A header by its SPI: never true for another protocol; without options true for its own."""
    inner = told(
        protocol,
        declare(f"! {protocol}spi: range32", *more, protocols=protocol),
        "the packet's SPI is not known",
        _say(protocol),
    )
    number = protocol_number(protocol)

    def compile_all(given: Sequence[Option], scope: Scope) -> list[Test]:
        return [lambda packet: of_protocol(packet, number), *(inner.compile(given, scope) if given else [])]

    return MatchExtension(inner.options, compile_all, inner.say)


MATCHES = {"ah": _spi("ah", "! ahlen: u32", "ahres"), "esp": _spi("esp"), "ipcomp": _spi("ipcomp", "compres")}
