"""REJECT: drop, and tell the sender (ipt_REJECT.c, ip6t_REJECT.c)."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import Apply, Effect, Scope, TargetExtension
from kptui.netfilter.extensions.declare import declare
from kptui.syntax.ast import Option


def _with(options: Sequence[Option]) -> str:
    return next((option.value for option in options if option.name == "reject-with"), "port-unreachable")


def _compile(options: Sequence[Option], scope: Scope) -> Apply:
    answer = _with(options)
    return lambda packet: Effect(packet, "REJECT", f"REJECT {answer}", f"the sender is told: {answer}")


TARGETS = {
    "REJECT": TargetExtension(
        declare("reject-with: reject", tables="filter", hooks="INPUT FORWARD OUTPUT"),
        _compile,
        lambda options: f"reject with {_with(options)}",
    )
}
