"""Matches on what only the host or the packet's bytes tell: socket, policy, u32, bpf, cgroup, helper and such.

One table; what can be decided of some of them all the same stands above it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test, independent, told, told_number
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.values import is_number, number
from kptui.netfilter.extensions.words import each_said, named, ports, said
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


def _with(words: str, extras: Sequence[str]) -> str:
    return words + (f" ({', '.join(extras)})" if extras else "")


def _given(options: Sequence[Option], phrases: Mapping[str, str]) -> list[str]:
    names = {option.name for option in options}
    return [words for name, words in phrases.items() if name in names]


def _say_socket(options: Sequence[Option]) -> str:
    kind = "transparent " if "transparent" in named(options) else ""
    more = {"nowildcard": "be it bound to any address", "restore-skmark": "whose mark it then takes"}
    return _with(f"with an open {kind}socket of this host", _given(options, more))


_ELEMENT = {
    "reqid": said("reqid {}", "reqid other than {}"),
    "spi": said("SPI {}", "SPI other than {}"),
    "proto": said("{}", "not {}"),
    "mode": said("{} mode", "not {} mode"),
    "tunnel-src": said("from the tunnel end {}", "not from the tunnel end {}"),
    "tunnel-dst": said("to the tunnel end {}", "not to the tunnel end {}"),
}


def _say_policy(options: Sequence[Option]) -> str:
    """Without --strict any transformation of the packet may be the one described, with it they are these, in order."""
    names = named(options)
    incoming, none = names["dir"].value == "in", names["pol"].value == "none"
    words = f"that {'came in' if incoming else 'goes out'} {'without' if none else 'by'} IPsec"
    elements: list[list[Option]] = [[]]
    for option in options:
        if option.name == "next":
            elements.append([])
        elif option.name in _ELEMENT:
            elements[-1].append(option)
    described = [each_said(_ELEMENT)(element) for element in elements if element]
    if not described:
        return words
    return f"{words}, {'with exactly ' if 'strict' in names else 'with '}{' and then '.join(described)}"


def _say_bpf(options: Sequence[Option]) -> str:
    names = named(options)
    if "object-pinned" in names:
        return f"that the BPF program {names['object-pinned'].value} takes"
    count = names["bytecode"].value.partition(",")[0]
    return f"that a BPF program of {count} instructions takes"


def _say_cluster(options: Sequence[Option]) -> str:
    names = named(options)
    node = names.get("cluster-local-node") or names["cluster-local-nodemask"]
    which = f"node {node.value}" if node.name == "cluster-local-node" else f"one of the nodes in the mask {node.value}"
    seed = names["cluster-hash-seed"].value
    no = "not " if node.negated else ""
    return f"{no}falling to {which} of {names['cluster-total-nodes'].value}, by its source's hash (seed {seed})"


def _say_label(options: Sequence[Option]) -> str:
    names = named(options)
    label = names["label"]
    words = f"connection {'without' if label.negated else 'with'} the label {label.value}"
    return f"{words}, which is set first if it can be" if "set" in names else words


def _say_helper(options: Sequence[Option]) -> str:
    option = named(options)["helper"]
    which = f"the helper {option.value}" if option.value else "any helper"
    return f"connection {'without' if option.negated else 'of'} {which}"


_METHODS = {"GATE": "routing (GATE)", "IPIP": "tunnel (IPIP)", "MASQ": "NAT (MASQ)"}
_IPVS = each_said(
    {
        "ipvs": said("in an IPVS connection", "in no IPVS connection"),
        "vproto": said("to a virtual service of protocol {}", "to a virtual service not of protocol {}", str.lower),
        "vaddr": said("to the virtual address {}", "not to the virtual address {}"),
        "vport": said("to the virtual {}", "not to the virtual {}", ports),
        "vdir": said("in the {} direction", show=str.lower),
        "vmethod": said("forwarded by {}", "not forwarded by {}", lambda text: _METHODS.get(text.upper(), text)),
        "vportctl": said(
            "whose controlling connection goes to {}", "whose controlling connection goes not to {}", ports
        ),
    }
)


def _say_ipvs(options: Sequence[Option]) -> str:
    asked = any(option.name == "ipvs" for option in options)
    return _IPVS(options) if asked else f"in an IPVS connection {_IPVS(options)}"


def _say_genre(options: Sequence[Option]) -> str:
    return said("sent by {}, by its SYN's fingerprint", "not sent by {}, by its SYN's fingerprint")(
        named(options)["genre"]
    )


_HOOKS_IN = "PREROUTING INPUT FORWARD"
_GENRES = "the operating system that sent it"
MATCHES = {
    "socket": told(
        "socket",
        declare("transparent", "nowildcard", "restore-skmark", hooks="PREROUTING INPUT"),
        "whether a socket of this host is open for the packet is not known",
        _say_socket,
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
        _say_policy,
    )),
    "u32": told(
        "u32", declare("! u32: text(1-)", needed="u32"), "the packet's bytes are not known",
        each_said({"u32": said("bytes that fit the u32 test {}", "bytes that do not fit the u32 test {}")}),
    ),
    "bpf": told(
        "bpf",
        declare("bytecode: text(1-)", "object-pinned: text(1-)", needed="bytecode|object-pinned"),
        "what the BPF program answers is not known",
        _say_bpf,
    ),
    "cgroup": _sent_here(told(
        "cgroup",
        declare(
            "! path: text(1-)", "! cgroup: u32", needed="path|cgroup", alone="path|cgroup",
            hooks="INPUT OUTPUT POSTROUTING",
        ),
        "the socket's control group is not known",
        each_said(
            {
                "path": said("socket in cgroup {}", "socket not in cgroup {}"),
                "cgroup": said("socket of net_cls class {}", "socket not of net_cls class {}"),
            }
        ),
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
        _say_cluster,
    ),
    "connlabel": told(
        "connlabel",
        declare("! label: text(1-)", "set", needed="label", check=_label),
        "the connection's labels are not known",
        _say_label,
    ),
    "helper": _of_expected(told(
        "helper",
        declare("! helper: text", needed="helper"),
        "the connection's helper is not known",
        _say_helper,
    )),
    "realm": independent(
        declare("! realm: text(1-)", needed="realm", hooks="INPUT FORWARD OUTPUT POSTROUTING"),
        {"realm": (_realm, said("route of realm {}", "route not of realm {}"))},
    ),
    "cpu": independent(
        declare("! cpu: u32", needed="cpu"), {"cpu": (_cpu, said("handled by CPU {}", "not handled by CPU {}"))}
    ),
    "devgroup": told(
        "devgroup",
        declare("! src-group: text(1-)", "! dst-group: text(1-)", needed="src-group|dst-group"),
        "the interface's group is not known",
        each_said(
            {
                "src-group": said("arriving by an interface of group {}", "not arriving by an interface of group {}"),
                "dst-group": said("leaving by an interface of group {}", "not leaving by an interface of group {}"),
            }
        ),
    ),
    "ipvs": told(
        "ipvs",
        declare(
            "! ipvs", "! vproto: protocol", "! vaddr: network", "! vport: port", "vdir: ienum(ORIGINAL|REPLY)",
            "! vmethod: ienum(GATE|IPIP|MASQ)", "! vportctl: port",
            needed="ipvs|vproto|vaddr|vport|vdir|vmethod|vportctl",
        ),
        "what IPVS does with the connection is not known",
        _say_ipvs,
    ),
    "osf": told(
        "osf",
        declare(
            "! genre: text(1-)", "ttl: u32(0-2)", "log: u32(0-2)",
            needed="genre", protocols="tcp", hooks=_HOOKS_IN,
        ),
        f"{_GENRES} is not known",
        _say_genre,
    ),
}  # fmt: skip
