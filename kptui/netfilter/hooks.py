"""The order in which hooks meet tables.

Source: Netfilter's priorities (include/uapi/linux/netfilter_ipv4.h): raw -300, conntrack -200, mangle -150,
dstnat -100, filter 0, security 50, srcnat 100. iptables-nft registers security at 150, so in INPUT the two back
ends differ: filter, nat, security with nft; filter, security, nat with legacy. Seen on Linux 6.18 with iptables 1.8.9.
"""

from __future__ import annotations

from collections.abc import Collection

from kptui.syntax.ast import Backend

PREROUTING, INPUT, FORWARD, OUTPUT, POSTROUTING = "PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"
HOOKS = (PREROUTING, INPUT, FORWARD, OUTPUT, POSTROUTING)

_TABLES = {
    PREROUTING: ("raw", "mangle", "nat"),
    INPUT: ("mangle", "filter", "nat", "security"),
    FORWARD: ("mangle", "filter", "security"),
    OUTPUT: ("raw", "mangle", "nat", "filter", "security"),
    POSTROUTING: ("mangle", "nat"),
}
_PRIORITIES = {"raw": -300, "mangle": -150, "filter": 0}
_SECURITY: dict[Backend, int] = {"legacy": 50, "nft": 150}
Stage = tuple[str, tuple[Backend, ...]]
"""A table, and whose of that name the kernel asks at one priority."""


def tables(hook: str, backend: Backend = "nft") -> tuple[str, ...]:
    """The tables a hook meets, in the kernel's order, with the rules of one back end."""
    return tuple(table for table, _ in stages(hook, (backend,)))


def stages(hook: str, backends: Collection[Backend]) -> list[Stage]:
    """The tables a hook meets, in the kernel's order; the two back ends stand together where their priority is one."""
    found: dict[tuple[int, str], list[Backend]] = {}
    for table in _TABLES[hook]:
        for backend in sorted(backends):
            found.setdefault((_priority(hook, table, backend), table), []).append(backend)
    return [(table, tuple(found[priority, table])) for priority, table in sorted(found)]


def _priority(hook: str, table: str, backend: Backend) -> int:
    if table == "nat":
        return -100 if hook in (PREROUTING, OUTPUT) else 100
    return _SECURITY[backend] if table == "security" else _PRIORITIES[table]
