"""Matches on what only the host or the packet's bytes tell: rpfilter, socket, policy, time, string, u32 and such.

One table: none of them can be decided from a dump and a packet's header fields.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test, told
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.facts import negate
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Given


def _inverted(inner: MatchExtension) -> MatchExtension:
    """Rpfilter has --invert instead of `!`."""

    def compile_all(given: Sequence[Option], scope: Scope) -> list[Test]:
        [test] = inner.compile([option for option in given if option.name != "invert"], scope)
        inverted = any(option.name == "invert" for option in given)
        return [(lambda packet: negate(test(packet))) if inverted else test]

    return MatchExtension(inner.options, compile_all, inner.say)


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


def _string(given: Sequence[Given]) -> str | None:
    for option in given:
        if option.name == "string" and len(option.values[0].encode("utf-8", "surrogateescape")) > 128:
            return "--string: at most 128 bytes are looked for"
    return None


def _label(given: Sequence[Given]) -> str | None:
    """A label is a bit from 0 to 127, or a name of /etc/xtables/connlabel.conf."""
    for option in given:
        if option.name == "label" and re.fullmatch(r"\d+", option.values[0]) and int(option.values[0][:9]) > 127:
            return "--label: bits go from 0 to 127"
    return None


_HOOKS_IN = "PREROUTING INPUT FORWARD"
_GENRES = "the operating system that sent it"
MATCHES = {
    "rpfilter": _inverted(
        told(
            "rpfilter",
            declare("loose", "validmark", "accept-local", "invert", tables="raw mangle", hooks="PREROUTING"),
            "whether the way back to the source passes the reverse path test is not known",
            "by the reverse path test",
        )
    ),
    "socket": told(
        "socket",
        declare("transparent", "nowildcard", "restore-skmark", hooks="PREROUTING INPUT"),
        "whether a socket of this host is open for the packet is not known",
        "a socket of this host is open for it",
    ),
    "policy": told(
        "policy",
        declare(
            "dir: enum(in|out)", "pol: enum(none|ipsec)", "strict", "! reqid*: u32", "! spi*: u32",
            "! proto*: protocol", "! mode*: enum(tunnel|transport)", "! tunnel-src*: network",
            "! tunnel-dst*: network", "next*",
            needed="dir pol", also="next=strict", check=_policy,
        ),
        "which IPsec policy covers the packet is not known",
        "by IPsec policy",
    ),
    "time": told(
        "time",
        declare(
            "datestart: date", "datestop: date", "timestart: time", "timestop: time", "! monthdays: text(1-)",
            "! weekdays: text(1-)", "contiguous", "localtz", "utc", "kerneltz",
            alone="utc|localtz|kerneltz",
        ),
        "the time of day the packet comes is not known",
        "by the time",
    ),
    "string": told(
        "string",
        declare(
            "! string: text", "! hex-string: text(1-)", "algo: enum(bm|kmp)", "from: u16", "to: u16", "icase",
            needed="string|hex-string algo", alone="string|hex-string", check=_string,
        ),
        "what is in the packet is not known",
        "what is in the packet",
    ),
    "u32": told(
        "u32", declare("! u32: text(1-)", needed="u32"), "the packet's bytes are not known", "by the packet's bytes"
    ),
    "bpf": told(
        "bpf",
        declare("bytecode: text(1-)", "object-pinned: text(1-)", needed="bytecode|object-pinned"),
        "what the BPF program answers is not known",
        "by a BPF program",
    ),
    "cgroup": told(
        "cgroup",
        declare(
            "! path: text(1-)", "! cgroup: u32", needed="path|cgroup", alone="path|cgroup",
            hooks="INPUT OUTPUT POSTROUTING",
        ),
        "the socket's control group is not known",
        "by control group",
    ),
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
    "helper": told(
        "helper",
        declare("! helper: text", needed="helper"),
        "the connection's helper is not known",
        "by conntrack helper",
    ),
    "realm": told(
        "realm",
        declare("! realm: text(1-)", needed="realm", hooks="INPUT FORWARD OUTPUT POSTROUTING"),
        "the route's realm is not known",
        "by routing realm",
    ),
    "cpu": told(
        "cpu", declare("! cpu: u32", needed="cpu"), "which CPU handles the packet is not known", "by CPU"
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
