"""rpfilter: whether an answer would go back the way the packet came (ipt_rpfilter.c, ip6t_rpfilter.c)."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test, setting
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.words import named
from kptui.netfilter.facts import Answer, negate
from kptui.netfilter.fib import Query, candidates
from kptui.netfilter.host import Host
from kptui.netfilter.packet import Decision, Packet
from kptui.records import replace
from kptui.syntax.ast import Option

_WHY = "whether the way back to the source passes the reverse path test is not known"


def _compile(options: Sequence[Option], scope: Scope) -> list[Test]:
    names = {option.name for option in options}
    asked = setting(scope, "rpfilter", tuple(sorted(names)), _WHY)
    told = "rpfilter" in scope.host.settings

    def test(packet: Packet) -> Answer:
        found = None if told else _passes(packet, scope.host, names)
        return negate(asked(packet) if found is None else found, "invert" in names)

    return [test]


def _passes(packet: Packet, host: Host, names: set[str]) -> bool | None:
    """What the host's routes say; None where they, the source or the device aren't known."""
    if packet.in_ == "lo":
        return True
    if not isinstance(packet.src, int) or not isinstance(packet.in_, str) or not host.routed:
        return None
    local = host.is_local(packet.src)
    if local is True and "accept-local" not in names:
        return False
    if local is not False or packet.src == 0 or "accept-local" in names or "validmark" in names:
        return None
    ask = Query(packet.src, packet.dst, tos=packet.tos)
    if "loose" in names:
        back = _back(host, ask)
        return None if back is None else back.kind == "unicast"
    # IPv6 takes a route by that device if there is one, however wide it is.
    by_it = _back(host, replace(ask, oif=packet.in_)) if packet.family == 6 else None
    back = by_it if by_it is not None and by_it.kind == "unicast" else _back(host, ask)
    return None if back is None else back.kind == "unicast" and packet.in_ in (back.device, *back.devices)


def _back(host: Host, query: Query) -> Decision | None:
    """The way back, None where it hangs on something that isn't known."""
    found = candidates(host, query)
    return None if found[0].conditions else found[0].decision


def _say(options: Sequence[Option]) -> str:
    names = named(options)
    route = f"there is {'no' if 'invert' in names else 'a'} route back to its source"
    words = route if "loose" in names else f"{route} by the interface that it came in by"
    more = [said for name, said in _MORE.items() if name in names]
    return words + (f" ({', '.join(more)})" if more else "")


_MORE = {"validmark": "looked up with its mark", "accept-local": "this host's own addresses let pass"}
MATCHES = {
    "rpfilter": MatchExtension(
        declare("loose", "validmark", "accept-local", "invert", tables="raw mangle", hooks="PREROUTING"),
        _compile,
        _say,
    )
}
