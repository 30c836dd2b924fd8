"""Targets that change nothing that kptui's packet has, or that a dump can't tell the effect of: one table."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import Apply, Effect, Scope, TargetExtension, passing, spoken
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.facts import Unknown
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Given


def _hmark(given: Sequence[Given]) -> str | None:
    names = {option.name for option in given}
    masks = {"hmark-sport-mask", "hmark-dport-mask", "hmark-sport", "hmark-dport"}
    if names & {"hmark-spi-mask", "hmark-spi"} and names & masks:
        return "--hmark-spi-mask and a port mask can't be used together"
    tuples = {"hmark-tuple", "hmark-src-prefix", "hmark-dst-prefix", "hmark-proto-mask", "hmark-rnd", *masks}
    return None if names & (tuples | {"hmark-spi-mask", "hmark-spi"}) else "nothing to hash is named"


def _hash(options: Sequence[Option], scope: Scope) -> Apply:
    """HMARK sets the mark to a hash, modulo --hmark-mod, plus --hmark-offset (xt_HMARK.c)."""
    words = " ".join(["HMARK", *map(spoken, options)])
    return lambda packet: Effect(packet.but(mark=Unknown(f"mark by {words}", 32)), None, words)


def _synproxy(options: Sequence[Option], scope: Scope) -> Apply:
    """The kernel answers the client itself; the packet goes no further here (xt_SYNPROXY.c)."""
    return lambda packet: Effect(packet, "DROP", "SYNPROXY", "the kernel answers in the server's place")


def _clusterip(given: Sequence[Given]) -> str | None:
    names = {option.name for option in given}
    if "new" in names and not {"hashmode", "clustermac", "total-nodes", "local-node"} <= names:
        return "--new needs --hashmode, --clustermac, --total-nodes and --local-node"
    return None


TARGETS = {
    "TEE": passing(
        "TEE", declare("gateway: address", "oif: interface", needed="gateway"), "send a copy to another host"
    ),
    "IDLETIMER": passing(
        "IDLETIMER",
        declare("timeout: u32(1-)", "label: text(1-)", "alarm", needed="timeout label"),
        "restart an idle timer",
    ),
    "LED": passing(
        "LED",
        declare("led-trigger-id: text(0-16)", "led-delay: text", "led-always-blink", needed="led-trigger-id"),
        "blink a light",
    ),
    "SECMARK": passing(
        "SECMARK", declare("selctx: text(1-)", needed="selctx", tables="mangle security"), "set the security context"
    ),
    "CONNSECMARK": passing(
        "CONNSECMARK",
        declare("save", "restore", needed="save|restore", alone="save|restore", tables="mangle security"),
        "copy the security context between packet and connection",
    ),
    "HMARK": TargetExtension(
        declare(
            "hmark-tuple: each(src|dst|sport|dport|spi|ct)", "hmark-src-prefix: length(mask)",
            "hmark-dst-prefix: length(mask)", "hmark-sport-mask: u16", "hmark-dport-mask: u16",
            "hmark-spi-mask: u32", "hmark-sport: u16", "hmark-dport: u16", "hmark-spi: u32",
            "hmark-proto-mask: u16", "hmark-rnd: u32", "hmark-mod: u32(1-)", "hmark-offset: u32",
            needed="hmark-mod", check=_hmark,
        ),
        _hash,
        lambda options: "set the mark to a hash: " + " ".join(spoken(o).removeprefix("--") for o in options),
    ),
    "SYNPROXY": TargetExtension(
        declare(
            "sack-perm", "timestamp", "wscale: u32(0-14)", "mss: u32", "ecn", protocols="tcp", hooks="INPUT FORWARD"
        ),
        _synproxy,
        lambda options: "answer the connection's opening in the server's place",
    ),
    "CLUSTERIP": passing(
        "CLUSTERIP",
        declare(
            "new", "hashmode: enum(sourceip|sourceip-sourceport|sourceip-sourceport-destport)", "clustermac: mac",
            "total-nodes: u16(1-16)", "local-node: u16(1-16)", "hash-init: u32",
            hooks="INPUT", check=_clusterip,
        ),
        "share the address among a cluster's nodes",
    ),
}  # fmt: skip
