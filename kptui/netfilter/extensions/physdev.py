"""physdev: the bridge ports a bridged packet came by and leaves by (xt_physdev.c)."""

from __future__ import annotations

from kptui.netfilter.extensions.base import Scope, Test, independent, setting
from kptui.netfilter.extensions.declare import declare
from kptui.syntax.ast import Option


def _bridge(option: Option, scope: Scope) -> Test:
    return setting(scope, option.name, option.values, "whether the packet crosses a bridge is not known")


MATCHES = {
    "physdev": independent(
        declare(
            "! physdev-in: interface", "! physdev-out: interface", "! physdev-is-in", "! physdev-is-out",
            "! physdev-is-bridged",
            needed="physdev-in|physdev-out|physdev-is-in|physdev-is-out|physdev-is-bridged",
        ),
        {
            "physdev-in": (_bridge, lambda option: f"in by bridge port {option.value}"),
            "physdev-out": (_bridge, lambda option: f"out by bridge port {option.value}"),
            "physdev-is-in": (_bridge, lambda option: "came in by a bridge port"),
            "physdev-is-out": (_bridge, lambda option: "goes out by a bridge port"),
            "physdev-is-bridged": (_bridge, lambda option: "bridged, not routed"),
        },
    )
}  # fmt: skip
