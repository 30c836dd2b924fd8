"""REJECT: drop, and tell the sender (ipt_REJECT.c, ip6t_REJECT.c)."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import Apply, Effect, Scope, TargetExtension
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.packet import Packet
from kptui.syntax.ast import Option

_KINDS = {
    "icmp-net-unreachable": "type 3, code 0", "icmp-host-unreachable": "type 3, code 1",
    "icmp-proto-unreachable": "type 3, code 2", "icmp-port-unreachable": "type 3, code 3",
    "icmp-net-prohibited": "type 3, code 9", "icmp-host-prohibited": "type 3, code 10",
    "icmp-admin-prohibited": "type 3, code 13",
    "icmp6-no-route": "type 1, code 0", "icmp6-adm-prohibited": "type 1, code 1",
    "icmp6-addr-unreachable": "type 1, code 3", "icmp6-port-unreachable": "type 1, code 4",
    "icmp6-policy-fail": "type 1, code 5", "icmp6-reject-route": "type 1, code 6",
}  # fmt: skip
"""What the sender gets, by the name that iptables-save prints."""
_SHORT = {
    "net-unreach": "icmp-net-unreachable", "host-unreach": "icmp-host-unreachable",
    "proto-unreach": "icmp-proto-unreachable", "port-unreach": "icmp-port-unreachable",
    "net-prohib": "icmp-net-prohibited", "host-prohib": "icmp-host-prohibited",
    "admin-prohib": "icmp-admin-prohibited", "tcp-rst": "tcp-reset",
}  # fmt: skip
_SHORT6 = {
    "no-route": "icmp6-no-route", "adm-prohibited": "icmp6-adm-prohibited", "addr-unreach": "icmp6-addr-unreachable",
    "port-unreach": "icmp6-port-unreachable", "policy-fail": "icmp6-policy-fail",
    "reject-route": "icmp6-reject-route", "tcp-rst": "tcp-reset",
}  # fmt: skip
_RST = 0x04


def _with(options: Sequence[Option], family: int) -> str:
    """The answer's full name; port-unreachable where none is named."""
    given = next((option.value.lower() for option in options if option.name == "reject-with"), "port-unreach")
    short = _SHORT if family == 4 else _SHORT6
    full = [name for name in (*_KINDS, "tcp-reset") if name.startswith(given)]
    return short.get(given) or (full[0] if full else given)


def _compile(options: Sequence[Option], scope: Scope) -> Apply:
    answer = _with(options, scope.host.family)
    six = "v6" if answer.startswith("icmp6") else ""
    kind = "a TCP RST" if answer == "tcp-reset" else f"ICMP{six} {_KINDS[answer]}"
    told = f"the sender is told: {answer} ({kind})"

    def apply(packet: Packet) -> Effect:
        if answer == "tcp-reset" and isinstance(packet.tcp_flags, int) and packet.tcp_flags & _RST:
            # nf_reject_ip_tcphdr_get: no RST for a RST.
            return Effect(packet, "REJECT", f"REJECT {answer}", "the sender is told nothing: a RST is not answered")
        return Effect(packet, "REJECT", f"REJECT {answer}", told)

    return apply


def _say(options: Sequence[Option]) -> str:
    """A reset says no as a closed port does, ICMP says why."""
    given = next((option.value for option in options if option.name == "reject-with"), "port-unreachable")
    if given.startswith("tcp-r"):
        return "reject it: drop it and reset the sender's connection (TCP RST)"
    kind, _, why = given.removeprefix("icmp").partition("-")
    name = "ICMPv6" if kind == "6" else "ICMP"
    why = why if given.startswith("icmp") else given
    return f"reject it: drop it and tell the sender so ({name} {why.replace('-', ' ')})"


TARGETS = {
    "REJECT": TargetExtension(
        declare("reject-with: reject", tables="filter", hooks="INPUT FORWARD OUTPUT"),
        _compile,
        _say,
    )
}
