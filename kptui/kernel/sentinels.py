"""The nft table that watches beside the dump's own tables; they stay as they are, so no rule number shifts.

Its chains come before (priority -1000) and after (+1000) everything else at each hook: they switch the kernel's rule
trace on and show the packet as it comes and goes. The same switch serves ip_tables' trace. A rule on the connection
state makes sure that connections are tracked, as on any host with kube-proxy; what the kernel sends of its own accord
(group reports) is dropped before it could advance a counter, and so are resets, which would end the connection of a
packet that is delivered where nobody listens.
"""

from __future__ import annotations

from kptui.kernel.legacy_events import MARKER
from kptui.kernel.nft_events import TABLE
from kptui.syntax.ast import Backend

_HOOKS = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
_RESETS = " meta skuid >= 0 accept; tcp flags & rst == rst drop;"
_NOISE = "ip daddr 224.0.0.22 drop; ip6 daddr { ff02::2, ff02::16 } drop;"


def sentinels(backend: Backend, mark: int = 0, untracked: bool = False) -> str:
    """The table as nft reads it; packets from outside get a mark, or are kept from conntrack."""
    chains = ["chain tracked { ct state new; }"]
    for hook in _HOOKS:
        for passed, priority in (("enter", -1000), ("leave", 1000)):
            first = passed == "enter"
            noise = _NOISE if hook == "OUTPUT" and first else ""
            resets = _RESETS if noise else ""
            if first and mark and hook == "PREROUTING":
                noise += f' iifname != "lo" meta mark set {mark:#x};'
            if first and untracked and hook in ("PREROUTING", "OUTPUT"):
                noise += " notrack;"
            log = f' log prefix "{MARKER} {passed} {hook} " group 0' if backend == "legacy" else ""
            chains.append(
                f"chain {passed}-{hook} {{ type filter hook {hook.lower()} priority {priority}; {noise} "
                f"meta nftrace set 1{log};{resets} }}"
            )
    return f"table inet {TABLE} {{\n" + "\n".join(chains) + "\n}\n"
