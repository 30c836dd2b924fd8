"""ICMP's types and codes by name and by number, as iptables and ipset write them (libipt_icmp.c, libip6t_icmp6.c)."""

from __future__ import annotations

from collections.abc import Mapping

from kptui.patterns import pattern

_NUMBER = pattern(r"(?:0[xX][0-9a-fA-F]{1,2}|0|[1-9][0-9]{0,2})\Z")
ANY = 255
Type = tuple[int, int | tuple[int, int] | None]
"""A type and its code, a range of codes, or any code."""

TYPES: Mapping[str, Type] = {
    "any": (ANY, None),
    "echo-reply": (0, None), "pong": (0, None),
    "destination-unreachable": (3, None),
    "network-unreachable": (3, 0), "host-unreachable": (3, 1), "protocol-unreachable": (3, 2),
    "port-unreachable": (3, 3), "fragmentation-needed": (3, 4), "source-route-failed": (3, 5),
    "network-unknown": (3, 6), "host-unknown": (3, 7), "network-prohibited": (3, 9), "host-prohibited": (3, 10),
    "TOS-network-unreachable": (3, 11), "TOS-host-unreachable": (3, 12), "communication-prohibited": (3, 13),
    "host-precedence-violation": (3, 14), "precedence-cutoff": (3, 15),
    "source-quench": (4, None),
    "redirect": (5, None), "network-redirect": (5, 0), "host-redirect": (5, 1),
    "TOS-network-redirect": (5, 2), "TOS-host-redirect": (5, 3),
    "echo-request": (8, None), "ping": (8, None),
    "router-advertisement": (9, None), "router-solicitation": (10, None),
    "time-exceeded": (11, None), "ttl-exceeded": (11, None),
    "ttl-zero-during-transit": (11, 0), "ttl-zero-during-reassembly": (11, 1),
    "parameter-problem": (12, None), "ip-header-bad": (12, 0), "required-option-missing": (12, 1),
    "timestamp-request": (13, None), "timestamp-reply": (14, None),
    "address-mask-request": (17, None), "address-mask-reply": (18, None),
}  # fmt: skip
TYPES6: Mapping[str, Type] = {
    "destination-unreachable": (1, None), "no-route": (1, 0), "communication-prohibited": (1, 1),
    "beyond-scope": (1, 2), "address-unreachable": (1, 3), "port-unreachable": (1, 4),
    "failed-policy": (1, 5), "reject-route": (1, 6),
    "packet-too-big": (2, None),
    "time-exceeded": (3, None), "ttl-exceeded": (3, None),
    "ttl-zero-during-transit": (3, 0), "ttl-zero-during-reassembly": (3, 1),
    "parameter-problem": (4, None), "bad-header": (4, 0), "unknown-header-type": (4, 1), "unknown-option": (4, 2),
    "echo-request": (128, None), "ping": (128, None), "echo-reply": (129, None), "pong": (129, None),
    "mld-listener-query": (130, None), "mld-listener-report": (131, None), "mld-listener-done": (132, None),
    "mld-listener-reduction": (132, None),
    "router-solicitation": (133, None), "router-advertisement": (134, None),
    "neighbour-solicitation": (135, None), "neighbor-solicitation": (135, None),
    "neighbour-advertisement": (136, None), "neighbor-advertisement": (136, None),
    "redirect": (137, None),
}  # fmt: skip


def parse_type(text: str, family: int) -> Type:
    """TYPE, TYPE/CODE, TYPE/LOW:HIGH or a name, of which a unique beginning will do; raises ValueError."""
    names = TYPES if family == 4 else TYPES6
    wanted = text.lower()
    fitting = {code for name, code in names.items() if name.lower() == wanted} or {
        code for name, code in names.items() if name.lower().startswith(wanted) and wanted
    }
    if len(fitting) == 1:
        return fitting.pop()
    first, slash, second = text.partition("/")
    low, colon, high = second.partition(":")
    numbers = [first, *([low] if slash else []), *([high] if colon else [])]
    if not all(map(_NUMBER.match, numbers)) or any(int(each, 0) > ANY for each in numbers):
        raise ValueError(f"“{text}” is no ICMP type")
    # iptables itself prints 255/0:255, type 255 with any code, for any type at all.
    if int(first, 0) == ANY or (colon and (int(low, 0), int(high, 0)) == (0, 255)):
        return int(first, 0), None
    if colon:
        return int(first, 0), (int(low, 0), int(high, 0))
    return int(first, 0), int(low, 0) if slash else None
