"""Matches on what only the host or the packet's bytes tell: socket, policy, u32, bpf, cgroup, helper and such.

One table; what can be decided of some of them all the same stands above it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test, independent, told, told_number
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.values import is_number, number
from kptui.netfilter.facts import Answer, Fact, Unsure, under_mask, within
from kptui.netfilter.packet import Packet
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Given


def _policy(given: Sequence[Given]) -> str | None:
    """Elements are parted by --next; with --strict none may be empty; tunnel addresses need --mode tunnel."""
    elements: list[dict[str, str]] = [{}]
    strict = any(option.name == "strict" for option in given)
    for option in given:
        if option.name == "next":
            elements.append({})
        elif option.name not in ("dir", "pol", "strict"):
            if option.name in elements[-1]:
                return f"--{option.name} can only be used once in a policy element"
            elements[-1][option.name] = option.values[0]
    if strict and not all(elements):
        return "--strict needs something in every policy element"
    for element in elements:
        if strict and {"tunnel-src", "tunnel-dst"} & set(element) and element.get("mode") != "tunnel":
            return "--tunnel-src and --tunnel-dst need --mode tunnel"
    return None


def _label(given: Sequence[Given]) -> str | None:
    """A label is a bit from 0 to 127, or a name of /etc/xtables/connlabel.conf."""
    for option in given:
        if option.name == "label" and re.fullmatch(r"\d+", option.values[0]) and int(option.values[0][:9]) > 127:
            return "--label: bits go from 0 to 127"
    return None


def _ipsec(inner: MatchExtension) -> MatchExtension:
    """`--pol none` and `--pol ipsec` are answers to one question, as long as nothing else is asked (xt_policy.c)."""

    def compile_all(given: Sequence[Option], scope: Scope) -> list[Test]:
        named = {option.name: option.value for option in given if option.values}
        if "policy" in scope.host.settings or set(named) != {"dir", "pol"} or len(given) > 2:
            return inner.compile(given, scope)
        covered = named["pol"] == "ipsec"
        told = scope.host.settings.get("ipsec", "").lower()
        if told in ("yes", "no"):
            return [lambda packet: (told == "yes") == covered]
        why = "whether an IPsec policy covers the packet is not known"
        unsure = Unsure(Fact(("ipsec", named["dir"], scope.hook)), why, covered)
        return [lambda packet: unsure]

    return MatchExtension(inner.options, compile_all, inner.say)


def _sent_here(inner: MatchExtension) -> MatchExtension:
    """What is forwarded belongs to no socket of this host, and the match fails, negated or not (xt_cgroup.c)."""

    def compile_all(given: Sequence[Option], scope: Scope) -> list[Test]:
        return [lambda packet: packet.in_ == "" or scope.hook == "INPUT", *inner.compile(given, scope)]

    return MatchExtension(inner.options, compile_all, inner.say)


def _of_expected(inner: MatchExtension) -> MatchExtension:
    """Only a connection that another one's helper expected has one here (helper_mt): the first packet is RELATED."""

    def compile_all(given: Sequence[Option], scope: Scope) -> list[Test]:
        [asked] = inner.compile(given, scope)
        negated = any(option.negated for option in given)

        def test(packet: Packet) -> Answer:
            expected = packet.state in ("ESTABLISHED", "RELATED")
            return asked(packet) if expected else negated

        return [test]

    return MatchExtension(inner.options, compile_all, inner.say)


def _realm(option: Option, scope: Scope) -> Test:
    value, mask = _valued(option.value, "realm")
    realm = told_number(scope, "realm", "route's realm", 32)
    return lambda packet: under_mask(realm, mask, value, "the route's realm")


def _valued(text: str, what: str) -> tuple[int, int]:
    """VALUE or VALUE/MASK; raises ValueError for a name, whose number only the host knows."""
    value, slash, mask = text.partition("/")
    if not is_number(value, 0, 0xFFFFFFFF) or (slash and not is_number(mask, 0, 0xFFFFFFFF)):
        raise ValueError(f"which {what} is called “{text}” is not in a dump")
    return number(value), number(mask) if slash else 0xFFFFFFFF


def _cpu(option: Option, scope: Scope) -> Test:
    wanted = number(option.value)
    cpu = told_number(scope, "cpu", "CPU that handles the packet", 32)
    return lambda packet: within(cpu, ((wanted, wanted),), "the CPU that handles the packet")


_HOOKS_IN = "PREROUTING INPUT FORWARD"
_GENRES = "the operating system that sent it"
MATCHES = {
    "socket": told(
        "socket",
        declare("transparent", "nowildcard", "restore-skmark", hooks="PREROUTING INPUT"),
        "whether a socket of this host is open for the packet is not known",
        "a socket of this host is open for it",
    ),
    "policy": _ipsec(told(
        "policy",
        declare(
            "dir: enum(in|out)", "pol: enum(none|ipsec)", "strict", "! reqid*: u32", "! spi*: u32",
            "! proto*: protocol", "! mode*: enum(tunnel|transport)", "! tunnel-src*: network",
            "! tunnel-dst*: network", "next*",
            needed="dir pol", also="next=strict", check=_policy,
        ),
        "which IPsec policy covers the packet is not known",
        "by IPsec policy",
    )),
    "u32": told(
        "u32", declare("! u32: text(1-)", needed="u32"), "the packet's bytes are not known", "by the packet's bytes"
    ),
    "bpf": told(
        "bpf",
        declare("bytecode: text(1-)", "object-pinned: text(1-)", needed="bytecode|object-pinned"),
        "what the BPF program answers is not known",
        "by a BPF program",
    ),
    "cgroup": _sent_here(told(
        "cgroup",
        declare(
            "! path: text(1-)", "! cgroup: u32", needed="path|cgroup", alone="path|cgroup",
            hooks="INPUT OUTPUT POSTROUTING",
        ),
        "the socket's control group is not known",
        "by control group",
    )),
    "cluster": told(
        "cluster",
        declare(
            "cluster-total-nodes: u32(1-32)", "! cluster-local-node: u32(1-32)", "! cluster-local-nodemask: u32(1-)",
            "cluster-hash-seed: u32",
            needed="cluster-local-node|cluster-local-nodemask cluster-total-nodes cluster-hash-seed",
            alone="cluster-local-node|cluster-local-nodemask",
        ),
        "which node of the cluster the packet falls to is not known",
        "by cluster node",
    ),
    "connlabel": told(
        "connlabel",
        declare("! label: text(1-)", "set", needed="label", check=_label),
        "the connection's labels are not known",
        "by connection label",
    ),
    "helper": _of_expected(told(
        "helper",
        declare("! helper: text", needed="helper"),
        "the connection's helper is not known",
        "by conntrack helper",
    )),
    "realm": independent(
        declare("! realm: text(1-)", needed="realm", hooks="INPUT FORWARD OUTPUT POSTROUTING"),
        {"realm": (_realm, lambda option: f"routing realm {option.value}")},
    ),
    "cpu": independent(
        declare("! cpu: u32", needed="cpu"), {"cpu": (_cpu, lambda option: f"handled by CPU {option.value}")}
    ),
    "devgroup": told(
        "devgroup",
        declare("! src-group: text(1-)", "! dst-group: text(1-)", needed="src-group|dst-group"),
        "the interface's group is not known",
        "by interface group",
    ),
    "ipvs": told(
        "ipvs",
        declare(
            "! ipvs", "! vproto: protocol", "! vaddr: network", "! vport: port", "vdir: ienum(ORIGINAL|REPLY)",
            "! vmethod: ienum(GATE|IPIP|MASQ)", "! vportctl: port",
            needed="ipvs|vproto|vaddr|vport|vdir|vmethod|vportctl",
        ),
        "what IPVS does with the connection is not known",
        "by IPVS",
    ),
    "osf": told(
        "osf",
        declare(
            "! genre: text(1-)", "ttl: u32(0-2)", "log: u32(0-2)",
            needed="genre", protocols="tcp", hooks=_HOOKS_IN,
        ),
        f"{_GENRES} is not known",
        f"by {_GENRES}",
    ),
}  # fmt: skip
