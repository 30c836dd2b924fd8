"""iprange: addresses from one to another (xt_iprange.c)."""

from __future__ import annotations

from kptui.netfilter.address import parse
from kptui.netfilter.extensions.base import Scope, Test, TestOf, independent
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.words import said
from kptui.netfilter.facts import within
from kptui.syntax.ast import Option


def _range(field: str, what: str) -> TestOf:
    def test_of(option: Option, scope: Scope) -> Test:
        low, dash, high = option.value.partition("-")
        region = ((parse(low, scope.host.family), parse(high if dash else low, scope.host.family)),)
        return lambda packet: within(getattr(packet, field), region, f"the {what} address")

    return test_of


def _shown(text: str) -> str:
    low, dash, high = text.partition("-")
    return f"an address from {low} to {high}" if dash and low != high else low


MATCHES = {
    "iprange": independent(
        declare("! src-range: addressrange", "! dst-range: addressrange", needed="src-range|dst-range"),
        {
            "src-range": (_range("src", "source"), said("from {}", show=_shown)),
            "dst-range": (_range("dst", "destination"), said("to {}", show=_shown)),
        },
    )
}
