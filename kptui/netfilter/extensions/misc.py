"""Targets that change nothing that kptui's packet has, or that a dump can't tell the effect of: one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kptui.netfilter.extensions.base import Apply, Effect, Scope, TargetExtension, passing, spoken
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.values import number
from kptui.netfilter.facts import Fact, Unknown, Unsure, within
from kptui.netfilter.intervals import normal
from kptui.netfilter.packet import Packet, flags
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
    named = {option.name: option.value for option in options}
    first = number(named.get("hmark-offset", "0"))
    last = min(first + number(named["hmark-mod"]) - 1, 0xFFFFFFFF)

    def apply(packet: Packet) -> Effect:
        # A packet that there is nothing to hash of keeps its mark (hmark_pkt_set_htuple_ipv4, _ipv6).
        old = packet.mark
        kept = None if isinstance(old, Unknown) else normal([(first, last), (old, old)])
        return Effect(packet.but(mark=Unknown(f"mark by {words} from {old}", 32, possible=kept)), None, words)

    return apply


def _synproxy(options: Sequence[Option], scope: Scope) -> Apply:
    """The kernel answers what opens a connection, and the client's ACK to that, itself; others pass (xt_SYNPROXY.c)."""
    opening = flags("SYN,ACK,FIN,RST")

    def apply(packet: Packet) -> Effect:
        on = Effect(packet, None, "SYNPROXY passes it on")
        answered = Effect(packet, "DROP", "SYNPROXY", "the kernel answers in the server's place")
        taken = normal([(bits, bits) for bits in range(64) if bits & opening in (flags("SYN"), flags("ACK"))])
        answer = within(packet.tcp_flags, taken, "the TCP flags")
        if isinstance(answer, Unsure):
            return replace(answered, unsure=answer, otherwise=on)
        return answered if answer else on

    return apply


def _cluster_ip(options: Sequence[Option], scope: Scope) -> Apply:
    """A node of the cluster drops what another one is to answer (ipt_CLUSTERIP.c)."""
    fact = Fact(("clusterip", scope.line))
    unsure = Unsure(fact, "whether this node of the cluster answers the packet is not known")

    def apply(packet: Packet) -> Effect:
        dropped = Effect(packet, "DROP", "CLUSTERIP", "another node of the cluster answers")
        return Effect(packet, None, "CLUSTERIP: this node answers", None, unsure, dropped)

    return apply


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
    "CLUSTERIP": TargetExtension(
        declare(
            "new", "hashmode: enum(sourceip|sourceip-sourceport|sourceip-sourceport-destport)", "clustermac: mac",
            "total-nodes: u16(1-16)", "local-node: u16(1-16)", "hash-init: u32",
            hooks="INPUT", check=_clusterip,
        ),
        _cluster_ip,
        lambda options: "share the address among a cluster's nodes",
    ),
}  # fmt: skip
