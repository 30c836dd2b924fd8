"""The extensions of iptables: one file a family, each with its options, its decision or effect, and its words.

To add one, write its file and name it here. Files are imported when a rule first uses them.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kptui.netfilter.protocols import protocol_number
from kptui.records import dataclass, replace

if TYPE_CHECKING:
    from kptui.netfilter.extensions.base import MatchExtension, TargetExtension
    from kptui.syntax.vocabulary import Declared, Options

# extension name -> file, where the two differ
_MATCH_FILES = {
    "tcp": "ports", "udp": "ports", "sctp": "ports", "udplite": "ports", "dccp": "ports", "multiport": "ports",
    "icmp": "icmp", "icmp6": "icmp", "icmpv6": "icmp", "ipv6-icmp": "icmp",
    "conntrack": "conntrack", "state": "conntrack",
    "mark": "mark", "connmark": "mark",
    "comment": "comment", "statistic": "statistic", "addrtype": "addrtype",
    "recent": "recent", "set": "ipset", "limit": "limit", "hashlimit": "limit",
    "owner": "owner", "physdev": "physdev", "iprange": "iprange",
    "length": "header", "ttl": "header", "hl": "header", "tos": "header", "dscp": "header", "ecn": "header",
    "mac": "header", "pkttype": "header", "tcpmss": "header",
    "nfacct": "count", "quota": "count", "connbytes": "count", "connlimit": "count", "rateest": "count",
    "ah": "ipsec", "esp": "ipsec", "ipcomp": "ipsec",
    "dst": "ipv6", "hbh": "ipv6", "rt": "ipv6", "frag": "ipv6", "ipv6header": "ipv6", "srh": "ipv6", "mh": "ipv6",
    "mobility-header": "ipv6", "eui64": "ipv6",
    "rpfilter": "rpfilter", "time": "clock", "string": "content",
    "socket": "host", "policy": "host", "u32": "host",
    "bpf": "host", "cgroup": "host", "cluster": "host", "connlabel": "host", "helper": "host", "realm": "host",
    "cpu": "host", "devgroup": "host", "ipvs": "host", "osf": "host",
}  # fmt: skip
_TARGET_FILES = {
    "ACCEPT": "verdict", "DROP": "verdict", "RETURN": "verdict", "QUEUE": "verdict", "NFQUEUE": "verdict",
    "REJECT": "reject",
    "MARK": "mark", "CONNMARK": "mark",
    "DNAT": "nat", "SNAT": "nat", "MASQUERADE": "nat", "REDIRECT": "nat", "NETMAP": "nat",
    "CT": "conntrack", "NOTRACK": "conntrack",
    "LOG": "log", "NFLOG": "log", "TRACE": "log", "AUDIT": "log", "ULOG": "log",
    "SET": "ipset", "RATEEST": "count", "SNPT": "ipv6", "DNPT": "ipv6",
    "TTL": "header", "HL": "header", "TOS": "header", "DSCP": "header", "TCPMSS": "header", "TCPOPTSTRIP": "header",
    "CHECKSUM": "header", "CLASSIFY": "header", "ECN": "header",
    "TPROXY": "tproxy",
    "TEE": "misc", "IDLETIMER": "misc", "LED": "misc", "SECMARK": "misc", "CONNSECMARK": "misc", "HMARK": "misc",
    "SYNPROXY": "misc", "CLUSTERIP": "misc",
}  # fmt: skip
# -p NAME loads the match of that protocol when one of its options is used; protocols go by several names.
_PROTOCOL_MATCHES = {6: "tcp", 17: "udp", 132: "sctp", 136: "udplite", 33: "dccp", 1: "icmp", 58: "icmp6",
                     51: "ah", 50: "esp", 108: "ipcomp", 135: "mh"}  # fmt: skip


def protocol_match(name: str) -> str:
    """The match that `-p NAME` stands for, the name itself if there is none."""
    try:
        return _PROTOCOL_MATCHES.get(protocol_number(name), name)
    except ValueError:
        return name


@cache
def match_extension(name: str) -> MatchExtension | None:
    """The match of that name, None if kptui does not know it."""
    file = _MATCH_FILES.get(name)
    return _sound(_load(file).MATCHES[name]) if file else None


@cache
def target_extension(name: str) -> TargetExtension | None:
    """The target of that name, None if kptui does not know it."""
    file = _TARGET_FILES.get(name)
    return _sound(_load(file).TARGETS[name]) if file else None


def match_names() -> list[str]:
    """Every match kptui knows."""
    return sorted(_MATCH_FILES)


def target_names() -> list[str]:
    """Every target kptui knows."""
    return sorted(_TARGET_FILES)


_GENERIC = (
    "! source: networks", "! destination: networks", "! protocol: protocol", "! in: interface", "! out: interface",
    "! fragment",
)  # fmt: skip


@cache
def _generic() -> Declared:
    # An index of a dump asks for no option, so what it takes to declare them is imported here.
    from kptui.netfilter.extensions.declare import declare

    return declare(*_GENERIC)


@dataclass(frozen=True)
class Catalogue:
    """The extensions' declarations, as the parser asks for them; one is like another."""

    def generic_options(self) -> Declared:
        """The options every rule may have, under their long names."""
        return _generic()

    def protocol_match(self, name: str) -> str:
        """The match that `-p NAME` stands for, the name itself if there is none."""
        return protocol_match(name)

    def match_options(self, name: str) -> Options | None:
        """The options of the match, None if kptui does not know it."""
        found = match_extension(name)
        return found.options if found else None

    def target_names(self) -> Collection[str]:
        """Every target kptui knows."""
        return _TARGET_FILES.keys()

    def target_options(self, name: str) -> Options | None:
        """The options of the target, None if kptui does not know it."""
        found = target_extension(name)
        return found.options if found else None


def _sound(found: Any) -> Any:
    from kptui.netfilter.extensions.base import sound

    return replace(found, compile=sound(found.options, found.compile))


def _load(file: str) -> Any:
    return import_module(f"{__name__}.{file}")
