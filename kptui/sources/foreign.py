"""The names that other tools' collectors give to what they collect, and how their texts become a bundle's.

sos (sos_commands/networking and its namespaces), Rancher's log collectors (networking/, systeminfo/), the EKS log
collector (networking/, sysctls/); whatever else has names like theirs is read too. What can't be read as a whole is
left out, since half a routing table would be worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress

from kptui.sources import iproute_text
from kptui.sources.commands import MEMBERS

Texts = Mapping[str, str]
RULES = re.compile(r"(?P<before>.*?)(?P<tool>ip6?tables)[-_.]?(?P<kind>legacy|nft)?[-_.]?save(?:[^A-Za-z0-9].*)?")
"""How iptables-save_-c, ip_netns_exec_x_iptables-save, node1-ip6tables-legacy-save.txt and such are told apart."""
LISTINGS = re.compile(r"ip6?tables[-_.]?(?:nat|mangle|filter|vnxL|-?t[-_ ]\w+[-_ ]-nvL|-?vnxL)|nft_.*ruleset")
"""Other listings of rules, which lack what a trace needs."""
_TABLE = re.compile(rb"^\*(?:nat|filter|mangle|raw|security)\s*$", re.MULTILINE)
_CHAIN = re.compile(rb"^(?:\[\d+:\d+\] )?(?::\S+ (?:[A-Z]+|-)|-A \S+ )", re.MULTILINE)


def looks_like_rules(start: bytes) -> bool:
    """Whether a file that begins so holds what iptables-save printed."""
    return b"\0" not in start and bool(_TABLE.search(start)) and bool(_CHAIN.search(start))


def _addresses(text: str) -> Texts:
    return {"ip-addr.json": iproute_text.addresses(text)}


def _routes(text: str) -> Texts:
    """`ip route show table all` lists both families where none is named."""
    found = {"ip-route.json": iproute_text.routes(text, 4)}
    with suppress(ValueError):
        found["ip6-route.json"] = iproute_text.routes(text, 6)
    return found


def _routes6(text: str) -> Texts:
    return {"ip6-route.json": iproute_text.routes(text, 6)}


def _rules4(text: str) -> Texts:
    return {"ip-rule.json": iproute_text.rules(text)}


def _rules6(text: str) -> Texts:
    return {"ip6-rule.json": iproute_text.rules(text)}


def _sysctls(text: str) -> Texts:
    keep = MEMBERS["sysctl"].keep
    assert keep is not None
    kept = keep(text)
    if not kept:
        raise ValueError("it has no sysctl that a trace asks for")
    return {"sysctl": kept}


def _ipsets(text: str) -> Texts:
    return {"ipset-save": text}


def _connections(text: str) -> Texts:
    """Without an entry it can't be told from a conntrack that could not be run."""
    lines = [line for line in text.splitlines(keepends=True) if " src=" in line and " dst=" in line]
    if not lines:
        raise ValueError("it has no connections")
    return {"conntrack": "".join(lines)}


FACTS: Mapping[str, Callable[[str], Texts]] = {
    "ipaddr": _addresses,
    "ipaddrshow": _addresses,
    "ipaddress": _addresses,
    "ipaddressshow": _addresses,
    "ipdaddress": _addresses,
    "ipdaddressshow": _addresses,
    "ipoaddr": _addresses,
    "iproute": _routes,
    "iprouteshow": _routes,
    "iprouteshowtableall": _routes,
    "ip4routeshowtableall": _routes,
    "ip6route": _routes6,
    "ipv6route": _routes6,
    "ip6routeshowtableall": _routes6,
    "iprule": _rules4,
    "ipruleshow": _rules4,
    "iprulelist": _rules4,
    "ip4rulelist": _rules4,
    "ip4ruleshow": _rules4,
    "ipv6rule": _rules6,
    "ip6rule": _rules6,
    "ip6rulelist": _rules6,
    "ip6ruleshow": _rules6,
    "sysctl": _sysctls,
    "sysctla": _sysctls,
    "sysctlall": _sysctls,
    "ipsetsave": _ipsets,
    "conntrack": _connections,
    "conntrackl": _connections,
    "conntrackloextended": _connections,
}
"""A file's name without its signs and extension, and what it becomes; raises ValueError if that can't be."""

_SIGNS = re.compile(r"[-_. ]")
_EXTENSION = re.compile(r"\.(?:txt|out|log|output)$")
_NAMESPACE = re.compile(r"ip_netns_exec_.+?_(?=ip_|sysctl|ipset|conntrack)")


def fact_name(name: str, before: str = "") -> str | None:
    """The name in FACTS that a file's name is, behind what its host's files begin with; None if it is no fact."""
    if not name.startswith(before):
        return None
    bare = _SIGNS.sub("", _EXTENSION.sub("", name[len(before) :]))
    return bare if bare in FACTS else None


def may_be_fact(name: str) -> bool:
    """Whether a file may be a fact of some host."""
    return fact_name(name) is not None or fact_name(_NAMESPACE.sub("", name)) is not None
