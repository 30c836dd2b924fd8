"""A captured host's addresses, routes and policy rules, as commands for `ip -batch` in a throwaway namespace.

A bundle is untrusted: every word is one that was read and is written anew, and none but names, numbers and addresses
gets through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kptui.netfilter.address import Network, show
from kptui.netfilter.host import Host
from kptui.netfilter.iproute import DEFAULT, LOCAL, MAIN, Address, Hop, Policy, Route

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,14}\Z")
"""Interface names that are written into a command."""

_NUMBERS = {LOCAL: 255, MAIN: 254, DEFAULT: 253}
_SPARE = 1000
_STANDARD = {0: LOCAL, 32766: MAIN, 32767: DEFAULT}
_DEVICELESS = frozenset({"blackhole", "unreachable", "prohibit", "throw"})
_SCOPES = frozenset({"global", "site", "link", "host"})
_SYSCTL = re.compile(
    r"net\.ipv[46]\.(?:ip_forward|conf\.([A-Za-z0-9_/@-]+)\."
    r"(?:forwarding|rp_filter|route_localnet|accept_local|src_valid_mark))\Z"
)


def devices(host: Host) -> list[str]:
    """The interfaces that addresses and routes speak of, but for lo."""
    found = [each.device for each in host.addresses or ()]
    for route in host.routes:
        found += [route.device, *(hop.device for hop in route.hops)]
    return [name for name in dict.fromkeys(found) if name not in ("", "lo")]


def commands(host: Host) -> tuple[str, ...]:
    """What makes a namespace with those devices route as the host does."""
    addresses = [each for each in host.addresses or () if not each.tentative]
    lines = [*filter(None, map(_address, addresses))]
    own = {each.address for each in addresses}
    # Wide ones first: what a gateway needs has to be there.
    for route in sorted(host.routes, key=lambda each: (each.via is not None, each.to.mask)):
        if route.table != LOCAL or (_known(route) and not (host.family == 6 and route.to.address in own)):
            lines += _route(route, host.family)
    return (*lines, *_policies(host))


def settings(host: Host, legs: frozenset[str]) -> dict[str, str]:
    """The sysctls that decide where packets go, as paths below /proc/sys; those of other devices are left out."""
    found = {}
    for name, value in host.sysctls.items():
        match = _SYSCTL.match(name)
        device = match[1].replace("/", ".") if match and match[1] else "all"
        if match and value.isdecimal() and (device in legs or device in ("all", "default", "lo")):
            parts = name.split(".")
            found["/".join([*parts[:3], device, parts[-1]] if len(parts) > 3 else parts)] = value
    return found


def left_out(host: Host) -> Iterator[str]:
    """What of the host is not rebuilt."""
    for policy in host.policies or ():
        if policy.odd:
            yield f"{policy.text} is not rebuilt: {policy.odd}"
    for name in devices(host):
        if not NAME.match(name):
            yield f"the interface “{name}” is not rebuilt: not a name for a command"


def _known(route: Route) -> bool:
    """Whether a route of the local table is one that the kernel does not make by itself, or makes otherwise."""
    return route.kind in ("local", "broadcast", "anycast") and route.device != ""


def _address(found: Address) -> str:
    if found.device == "lo" or not NAME.match(found.device):
        return ""
    family = 4 if found.net.bits == 32 else 6
    scope = found.scope if found.scope in _SCOPES else "global"
    words = ["addr add", f"{show(found.address, family)}/{found.net.mask.bit_count()}", "dev", found.device]
    words += ["scope", scope] if family == 4 else ["nodad"]
    words += ["preferred_lft 0"] if found.deprecated else []
    return " ".join([*words, "noprefixroute"])


def _route(route: Route, family: int) -> Iterator[str]:
    hops = route.hops or ((Hop(route.device, route.via),) if route.device else ())
    if any(hop.device != "lo" and not NAME.match(hop.device) for hop in hops):
        return
    if not hops and route.kind not in _DEVICELESS:
        return
    kind = route.kind if route.kind in _DEVICELESS | {"unicast", "local", "broadcast", "anycast"} else ""
    if not kind:
        return
    words = ["route", "append" if route.tos or route.metric else "replace", kind, _net(route.to, family)]
    words += ["table", str(_table(route.table))]
    words += ["tos", str(route.tos)] if route.tos else []
    words += ["metric", str(route.metric)] if route.metric > 0 else []
    words += ["src", show(route.source, family)] if route.source is not None else []
    if kind not in _DEVICELESS:
        if len(hops) == 1:
            words += _hop(hops[0], family)
        else:
            for hop in hops:
                words += ["nexthop", *_hop(hop, family), "weight", str(hop.weight)]
    yield " ".join(words)


def _hop(hop: Hop, family: int) -> list[str]:
    via = ["via", show(hop.via, family)] if hop.via is not None else []
    return [*via, "dev", hop.device, *(["onlink"] if via else [])]


def _policies(host: Host) -> Iterator[str]:
    if host.policies is None:
        return
    kept = {policy.priority for policy in host.policies}
    for policy in host.policies:
        if _STANDARD.get(policy.priority) != policy.table and not policy.odd:
            yield _policy(policy, host.family)
    for priority, table in _STANDARD.items():
        if priority not in kept and not (host.family == 6 and table == DEFAULT):
            yield f"rule del priority {priority} table {_table(table)}"


def _policy(policy: Policy, family: int) -> str:
    words = ["rule add", "priority", str(policy.priority), *(["not"] if policy.negated else [])]
    words += ["from", _net(policy.source, family) if policy.source else "all"]
    words += ["to", _net(policy.to, family)] if policy.to else []
    for word, name in (("iif", policy.iif), ("oif", policy.oif)):
        words += [word, name] if NAME.match(name) else []
    words += ["fwmark", f"{policy.mark:#x}/{policy.mask:#x}"] if policy.mark is not None else []
    words += ["tos", f"{policy.tos:#x}"] if policy.tos else []
    words += ["ipproto", str(policy.proto)] if policy.proto else []
    for word, pair in (("sport", policy.sport), ("dport", policy.dport), ("uidrange", policy.uid)):
        words += [word, f"{pair[0]}-{pair[1]}"] if pair else []
    if policy.goto is not None:
        return " ".join([*words, "goto", str(policy.goto)])
    if policy.table:
        words += ["table", str(_table(policy.table))]
        return " ".join(
            [*words, *(["suppress_prefixlength", str(policy.suppress)] if policy.suppress is not None else [])]
        )
    return " ".join([*words, policy.action if policy.action in _DEVICELESS else "nop"])


def _table(name: str) -> int:
    """A table's number; one that only a file of the captured host would tell gets a number of its own."""
    if name in _NUMBERS:
        return _NUMBERS[name]
    return int(name) if name.isdecimal() else _SPARE + sum(name.encode()) * 31 % 100_000


def _net(net: Network, family: int) -> str:
    return f"{show(net.address, family)}/{net.mask.bit_count()}"
