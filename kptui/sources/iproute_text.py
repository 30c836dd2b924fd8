"""The text of `ip addr`, `ip route` and `ip rule` as the JSON that `ip -j` prints, for bundles that hold the text only.

All of a text is understood or none of it: a route that is not known of would make a trace certain of what is not so.
ip-address(8), ip-route(8), ip-rule(8) and iproute2's ipaddress.c, iproute.c, iprule.c have what is printed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

Found = dict[str, Any]
_LINK = re.compile(r"\d+: ([^\s:@]+)(?:@[^\s:]+)?: <")
_ONE_LINE = re.compile(r"\d+: (\S+)\s+(inet6? .*)")
_FLAGS = {
    "secondary", "temporary", "deprecated", "tentative", "dadfailed", "dynamic", "noprefixroute", "optimistic", "nodad",
    "mngtmpaddr", "home", "autojoin", "stable-privacy", "permanent",
}  # fmt: skip
_KINDS = {"unicast", "local", "broadcast", "multicast", "throw", "unreachable", "prohibit", "blackhole", "anycast"}
_ROUTE = {"dev": "dev", "table": "table", "proto": "protocol", "scope": "scope", "src": "prefsrc", "metric": "metric",
          "tos": "tos", "dsfield": "tos"}  # fmt: skip
_PASSED_OVER = {
    "mtu", "advmss", "window", "rtt", "rttvar", "hoplimit", "initcwnd", "initrwnd", "expires", "error", "pref", "realm",
    "realms", "ssthresh", "cwnd", "rto_min", "quickack", "features", "congctl", "nhid", "reordering",
}  # fmt: skip
"""Words with a value that decide nothing about where a packet goes."""
_ROUTE_FLAGS = {"onlink", "linkdown", "dead", "pervasive", "offload", "trap", "rt_offload", "rt_trap", "notify", "lock"}
_RULE = {"fwmark": ("fwmark", "fwmask"), "from": ("src", "srclen"), "to": ("dst", "dstlen")}
_RANGES = {"sport": ("sport_start", "sport_end"), "dport": ("dport_start", "dport_end"),
           "uidrange": ("uid_start", "uid_end")}  # fmt: skip
_RULE_VALUES = {"iif", "oif", "tos", "ipproto", "suppress_prefixlength", "suppress_ifgroup", "goto", "lookup", "table",
                "proto", "protocol", "dsfield", "realms", "tun_id"}  # fmt: skip
_ACTIONS = {"blackhole", "unreachable", "prohibit"}


def addresses(text: str) -> str:
    """What `ip addr` printed, with -o or -d or without; raises ValueError."""
    links: dict[str, Found] = {}
    device = ""
    for line in text.splitlines():
        stripped = line.strip()
        if link := _LINK.match(line):
            device = link[1]
        elif one := _ONE_LINE.match(line):
            _address(links, one[1], one[2].split("\\")[0])
        elif stripped.startswith(("inet ", "inet6 ")) and device:
            _address(links, device, stripped)
        elif line and not line[0].isspace():
            raise ValueError(f"a line is no address: {stripped[:60]}")
    if not links:
        raise ValueError("it has no addresses")
    return json.dumps(list(links.values()))


def _address(links: dict[str, Found], device: str, text: str) -> None:
    family, whole, *words = text.split()
    local, _, length = whole.partition("/")
    ip_network(whole, strict=False)
    found: Found = {"family": family, "local": local, "prefixlen": int(length or (32 if family == "inet" else 128))}
    while words:
        word = words.pop(0)
        if word == "peer":
            ip_network(words[0], strict=False)
            found["address"], _, length = words.pop(0).partition("/")
            found["prefixlen"] = int(length or found["prefixlen"])
        elif word in ("brd", "scope", "metric", "any", "proto"):
            found[word] = words.pop(0)
        elif word in _FLAGS:
            found[word] = True
        elif words:
            raise ValueError(f"{word} is not known of an address")
    links.setdefault(device, {"ifname": device, "addr_info": []})["addr_info"].append(found)


def routes(text: str, family: int) -> str:
    """The routes of a family among what `ip route show table all` printed; raises ValueError, for fewer tables too."""
    found: list[tuple[int, Found]] = []
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == "nexthop" and found:
            found[-1][1].setdefault("nexthops", []).append(_parts(words[1:])[1])
        else:
            found.append(_route(words, line))
    if not any(route.get("table") == "local" for _, route in found):
        raise ValueError("it is not of all tables")
    return json.dumps([route for of, route in found if of == family])


def _route(words: list[str], line: str) -> tuple[int, Found]:
    kind = words.pop(0) if words[0] in _KINDS else "unicast"
    if not words:
        raise ValueError(f"a line is no route: {line.strip()[:60]}")
    to = words.pop(0)
    if to != "default":
        ip_network(to, strict=False)
    six, parts = _parts(words)
    # The kernel tells a preference of every IPv6 route.
    return 6 if ":" in to or six or "pref" in words else 4, {"type": kind, "dst": to, **parts}


def _parts(words: list[str]) -> tuple[bool, Found]:
    """What follows a route's destination, or the word nexthop; whether its gateway is an IPv6 address."""
    found: Found = {"flags": []}
    rest = iter(words)
    six = False
    for word in rest:
        if word == "via":
            gateway = next(rest, "")
            if gateway in ("inet", "inet6"):
                found["via"] = {"family": gateway, "host": next(rest, "")}
                continue
            six = ip_address(gateway).version == 6
            found["gateway"] = gateway
        elif word in _ROUTE:
            found[_ROUTE[word]] = _checked(word, next(rest, ""))
        elif word == "weight":
            found["weight"] = int(next(rest, ""))
        elif word in _PASSED_OVER:
            next(rest, "")
        elif word in _ROUTE_FLAGS:
            found["flags"].append(word)
        else:
            raise ValueError(f"{word} is not known of a route")
    return six, found


def rules(text: str) -> str:
    """What `ip rule` printed of one family; raises ValueError."""
    found = [_rule(line) for line in text.splitlines() if line.strip()]
    if not found:
        raise ValueError("it has no rules")
    return json.dumps(found)


def _rule(line: str) -> Found:
    number, colon, rest = line.strip().partition(":")
    if not colon or not number.isdigit():
        raise ValueError(f"a line is no rule: {line.strip()[:60]}")
    found: Found = {"priority": int(number), "src": "all"}
    found.update(_conditions(iter(rest.split())))
    return found


def _conditions(rest: Iterator[str]) -> Found:
    found: Found = {}
    for word in rest:
        if word in _RULE:
            name, size = _RULE[word]
            found[name], _, length = _checked(word, next(rest, "")).partition("/")
            if length:
                found[size] = length
        elif word in _RANGES:
            low, _, high = next(rest, "").partition("-")
            int(low), int(high or low)
            if high or word == "uidrange":
                found[_RANGES[word][0]], found[_RANGES[word][1]] = low, high or low
            else:
                found[word] = low
        elif word in _RULE_VALUES:
            name = {"lookup": "table", "suppress_prefixlength": "suppress_prefixlen", "proto": "protocol"}.get(
                word, word
            )
            value = _checked(word, next(rest, ""))
            found[name] = int(value) if word == "goto" and value.isdigit() else value
        elif word in ("not", "nop"):
            found[word] = None
        elif word in _ACTIONS:
            found["action"] = word
        elif word in ("[detached]", "[unresolved]"):
            found["unresolved" if word == "[unresolved]" else f"{'oif' if 'oif' in found else 'iif'}_detached"] = None
        else:
            # What a trace can't follow makes it unknown whether the rule applies.
            found[word.strip("[]")] = True
    return found


def _checked(word: str, value: str) -> str:
    """The value of a word; raises ValueError for one that it can't have."""
    if word == "src" or (word in ("from", "to") and value != "all"):
        ip_network(value, strict=False)
    elif word in ("metric", "tos", "dsfield", "suppress_prefixlength"):
        int(value, 0)
    elif word == "fwmark":
        for part in value.split("/"):
            int(part, 0)
    elif not value:
        raise ValueError(f"{word} has no value")
    return value
