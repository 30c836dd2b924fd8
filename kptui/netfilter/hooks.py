"""The order in which hooks meet tables.

Source: Netfilter's priorities (include/uapi/linux/netfilter_ipv4.h): raw -300, conntrack -200, mangle -150,
dstnat -100, filter 0, security 50, srcnat 100. iptables-nft registers security at 150, so in INPUT the two back
ends differ: filter, nat, security with nft; filter, security, nat with legacy. Seen on Linux 6.18 with iptables 1.8.9.
"""

from __future__ import annotations

from kptui.syntax.ast import Backend

PREROUTING, INPUT, FORWARD, OUTPUT, POSTROUTING = "PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"
HOOKS = (PREROUTING, INPUT, FORWARD, OUTPUT, POSTROUTING)

_ORDER = {
    PREROUTING: ("raw", "mangle", "nat"),
    INPUT: ("mangle", "filter", "nat", "security"),
    FORWARD: ("mangle", "filter", "security"),
    OUTPUT: ("raw", "mangle", "nat", "filter", "security"),
    POSTROUTING: ("mangle", "nat"),
}


def tables(hook: str, backend: Backend = "nft") -> tuple[str, ...]:
    """The tables a hook meets, in the kernel's order."""
    if hook == INPUT and backend == "legacy":
        return ("mangle", "filter", "security", "nat")
    return _ORDER[hook]
