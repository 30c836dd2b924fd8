"""physdev: the bridge ports a bridged packet came by and leaves by (xt_physdev.c).

Where bridge-nf-call-iptables is off, or no bridge is met, a packet has none, and then only negated options match.
"""

from __future__ import annotations

from typing import Literal

from kptui.netfilter.address import name_number, name_region
from kptui.netfilter.extensions.base import Scope, Test, TestOf, independent, setting
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.words import said
from kptui.netfilter.facts import Answer, Unknown, within
from kptui.netfilter.packet import Name, Packet
from kptui.syntax.ast import Option

_PORTS: dict[str, Unknown] = {
    "in": Unknown("bridge port it came in by", 120),
    "out": Unknown("bridge port it leaves by", 120),
}
_ANY_PORT = ((1, (1 << 120) - 1),)


def _port(scope: Scope, side: Literal["in", "out"], packet: Packet) -> Name:
    """The port, empty for none; `--set physdev-in=NAME` (or `none`) tells it."""
    if packet.in_ in ("", "lo"):
        # What this host sends has met no bridge yet where rules see it.
        return ""
    told = scope.host.settings.get(f"physdev-{side}")
    return _PORTS[side] if told is None else "" if told == "none" else told


def _named(side: Literal["in", "out"]) -> TestOf:
    def test_of(option: Option, scope: Scope) -> Test:
        region = name_region(option.value)

        def test(packet: Packet) -> Answer:
            port = _port(scope, side, packet)
            if port == "":
                return False
            return within(port if isinstance(port, Unknown) else name_number(port), region, f"the {_PORTS[side].label}")

        return test

    return test_of


def _has(side: Literal["in", "out"]) -> TestOf:
    def test_of(option: Option, scope: Scope) -> Test:
        told = scope.host.settings.get(option.name)
        if told is not None:
            return setting(scope, option.name, None, "")

        def test(packet: Packet) -> Answer:
            port = _port(scope, side, packet)
            number = port if isinstance(port, Unknown) else name_number(port)
            return within(number, _ANY_PORT, "whether the packet crosses a bridge")

        return test

    return test_of


MATCHES = {
    "physdev": independent(
        declare(
            "! physdev-in: interface", "! physdev-out: interface", "! physdev-is-in", "! physdev-is-out",
            "! physdev-is-bridged",
            needed="physdev-in|physdev-out|physdev-is-in|physdev-is-out|physdev-is-bridged",
        ),
        {
            "physdev-in": (_named("in"), said("arriving by the bridge port {}", "not arriving by the bridge port {}")),
            "physdev-out": (_named("out"), said("leaving by the bridge port {}", "not leaving by the bridge port {}")),
            "physdev-is-in": (_has("in"), said("arriving by a bridge port", "not arriving by a bridge port")),
            "physdev-is-out": (_has("out"), said("leaving by a bridge port", "not leaving by a bridge port")),
            # Only what is bridged has a port to leave by, and that not before FORWARD.
            "physdev-is-bridged": (_has("out"), said("bridged, not routed", "routed, not bridged")),
        },
    )
}  # fmt: skip
