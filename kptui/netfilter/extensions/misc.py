"""Targets that change nothing that kptui's packet has, or that a dump can't tell the effect of: one table."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import Apply, Effect, Scope, TargetExtension, passing
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.values import number
from kptui.netfilter.extensions.words import each_said, listed, named, said, spoken
from kptui.netfilter.facts import Fact, Unknown, Unsure, within
from kptui.netfilter.intervals import normal
from kptui.netfilter.packet import Packet, flags
from kptui.records import replace
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


_SYNPROXY = "answer the opening of the connection in the server's place, and open it there once the client is real"
_HASHED = {
    "src": "source", "dst": "destination", "sport": "source port", "dport": "destination port", "spi": "SPI",
    "ct": "the connection's first direction",
}  # fmt: skip
_MASKED = {
    "hmark-src-prefix": "source", "hmark-dst-prefix": "destination", "hmark-sport-mask": "source port",
    "hmark-dport-mask": "destination port", "hmark-spi-mask": "SPI", "hmark-proto-mask": "protocol",
    "hmark-sport": "source port", "hmark-dport": "destination port", "hmark-spi": "SPI",
}  # fmt: skip


def _say_hash(options: Sequence[Option]) -> str:
    given = named(options)
    parts = [_HASHED[part] for part in given["hmark-tuple"].value.split(",")] if "hmark-tuple" in given else []
    parts += [f"{words} ({'/' if 'prefix' in name else 'mask '}{given[name].value})" for name, words in _MASKED.items()
              if name in given]  # fmt: skip
    offset = given["hmark-offset"].value if "hmark-offset" in given else "0"
    seed = f", seed {given['hmark-rnd'].value}" if "hmark-rnd" in given else ""
    words = f"set the mark to {offset} plus a hash modulo {given['hmark-mod'].value}"
    return f"{words}, made of {listed(parts, 'and')}{seed}"


def _say_shared(options: Sequence[Option]) -> str:
    given = named(options)
    words = "share the address among a cluster's nodes"
    if "new" not in given:
        return words
    node, total = given["local-node"].value, given["total-nodes"].value
    return (
        f"{words}: this is node {node} of {total}, MAC address {given['clustermac'].value}, "
        f"spread by {given['hashmode'].value.replace('-', ', ')}"
    )


TARGETS = {
    "TEE": passing(
        "TEE",
        declare("gateway: address", "oif: interface", needed="gateway"),
        each_said({"gateway": said("send a copy to {}"), "oif": said("by {}")}, between=" "),
    ),
    "IDLETIMER": passing(
        "IDLETIMER",
        declare("timeout: u32(1-)", "label: text(1-)", "alarm", needed="timeout label"),
        each_said(
            {
                "label": said("restart the idle timer {}"),
                "timeout": said("which runs out after {} s"),
                "alarm": said("even while the host sleeps"),
            }
        ),
    ),
    "LED": passing(
        "LED",
        declare("led-trigger-id: text(0-16)", "led-delay: text", "led-always-blink", needed="led-trigger-id"),
        each_said(
            {
                "led-trigger-id": said("blink the light of the trigger {}"),
                "led-delay": said("for {} ms"),
                "led-always-blink": said("anew for every packet"),
            }
        ),
    ),
    "SECMARK": passing(
        "SECMARK",
        declare("selctx: text(1-)", needed="selctx", tables="mangle security"),
        each_said({"selctx": said("set its security context to {}")}),
    ),
    "CONNSECMARK": passing(
        "CONNSECMARK",
        declare("save", "restore", needed="save|restore", alone="save|restore", tables="mangle security"),
        each_said(
            {
                "save": said("save its security context to the connection"),
                "restore": said("restore its security context from the connection"),
            }
        ),
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
        _say_hash,
    ),
    "SYNPROXY": TargetExtension(
        declare(
            "sack-perm", "timestamp", "wscale: u32(0-14)", "mss: u32", "ecn", protocols="tcp", hooks="INPUT FORWARD"
        ),
        _synproxy,
        each_said(
            {
                "sack-perm": said("selective acknowledgements"),
                "timestamp": said("timestamps"),
                "ecn": said("ECN"),
                "wscale": said("window scale {}"),
                "mss": said("MSS {}"),
            },
            _SYNPROXY,
            before=f"{_SYNPROXY}, offering ",
        ),
    ),
    "CLUSTERIP": TargetExtension(
        declare(
            "new", "hashmode: enum(sourceip|sourceip-sourceport|sourceip-sourceport-destport)", "clustermac: mac",
            "total-nodes: u16(1-16)", "local-node: u16(1-16)", "hash-init: u32",
            hooks="INPUT", check=_clusterip,
        ),
        _cluster_ip,
        _say_shared,
    ),
}  # fmt: skip
