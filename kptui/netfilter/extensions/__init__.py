"""The extensions of iptables: one file a family, each with its options, its decision or effect, and its words.

To add one, write its file and name it here. Files are imported when a rule first uses them.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from kptui.netfilter.extensions.base import MatchExtension, TargetExtension
from kptui.syntax.vocabulary import Options

# extension name -> file, where the two differ
_MATCH_FILES = {
    "tcp": "ports", "udp": "ports", "sctp": "ports", "udplite": "ports", "dccp": "ports", "multiport": "ports",
    "icmp": "icmp", "icmp6": "icmp", "icmpv6": "icmp", "ipv6-icmp": "icmp",
    "conntrack": "conntrack", "state": "conntrack",
    "mark": "mark", "connmark": "mark",
    "comment": "comment", "statistic": "statistic", "addrtype": "addrtype",
    "recent": "recent", "set": "ipset", "limit": "limit", "hashlimit": "limit",
    "owner": "owner", "physdev": "physdev", "iprange": "iprange",
    "length": "header", "ttl": "header", "hl": "header", "tos": "header", "dscp": "header", "mac": "header",
    "pkttype": "header", "tcpmss": "header",
    "nfacct": "count", "quota": "count", "connbytes": "count", "connlimit": "count",
    "rpfilter": "host", "socket": "host", "policy": "host", "time": "host", "string": "host", "u32": "host",
    "bpf": "host", "cgroup": "host", "helper": "host", "realm": "host", "cpu": "host", "devgroup": "host",
    "ipvs": "host",
}  # fmt: skip
_TARGET_FILES = {
    "ACCEPT": "verdict", "DROP": "verdict", "RETURN": "verdict", "QUEUE": "verdict", "NFQUEUE": "verdict",
    "REJECT": "reject",
    "MARK": "mark", "CONNMARK": "mark",
    "DNAT": "nat", "SNAT": "nat", "MASQUERADE": "nat", "REDIRECT": "nat", "NETMAP": "nat",
    "CT": "conntrack", "NOTRACK": "conntrack",
    "LOG": "log", "NFLOG": "log", "TRACE": "log", "AUDIT": "log", "ULOG": "log",
    "SET": "ipset",
    "TTL": "header", "HL": "header", "TOS": "header", "DSCP": "header", "TCPMSS": "header", "TCPOPTSTRIP": "header",
    "CHECKSUM": "header", "CLASSIFY": "header", "ECN": "header",
    "TPROXY": "tproxy",
}  # fmt: skip


@cache
def match_extension(name: str) -> MatchExtension | None:
    """The match of that name, None if kptui does not know it."""
    file = _MATCH_FILES.get(name)
    found: MatchExtension | None = _load(file).MATCHES[name] if file else None
    return found


@cache
def target_extension(name: str) -> TargetExtension | None:
    """The target of that name, None if kptui does not know it."""
    file = _TARGET_FILES.get(name)
    found: TargetExtension | None = _load(file).TARGETS[name] if file else None
    return found


def match_names() -> list[str]:
    """Every match kptui knows."""
    return sorted(_MATCH_FILES)


def target_names() -> list[str]:
    """Every target kptui knows."""
    return sorted(_TARGET_FILES)


class Catalogue:
    """The extensions' declarations, as the parser asks for them."""

    def match_options(self, name: str) -> Options | None:
        """The options of the match, None if kptui does not know it."""
        found = match_extension(name)
        return found.options if found else None

    def target_options(self, name: str) -> Options | None:
        """The options of the target, None if kptui does not know it."""
        found = target_extension(name)
        return found.options if found else None


def _load(file: str) -> Any:
    return import_module(f"{__name__}.{file}")
