"""iprange: addresses from one to another (xt_iprange.c)."""

from __future__ import annotations

from kptui.netfilter.address import parse
from kptui.netfilter.extensions.base import Scope, Test, TestOf, independent
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.facts import within
from kptui.syntax.ast import Option


def _range(field: str, what: str) -> TestOf:
    def test_of(option: Option, scope: Scope) -> Test:
        low, dash, high = option.value.partition("-")
        region = ((parse(low, scope.host.family), parse(high if dash else low, scope.host.family)),)
        return lambda packet: within(getattr(packet, field), region, f"the {what} address")

    return test_of


MATCHES = {
    "iprange": independent(
        declare("! src-range: addressrange", "! dst-range: addressrange", needed="src-range|dst-range"),
        {
            "src-range": (_range("src", "source"), lambda option: f"from {option.value}"),
            "dst-range": (_range("dst", "destination"), lambda option: f"to {option.value}"),
        },
    )
}
