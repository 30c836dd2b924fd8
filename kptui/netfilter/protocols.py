"""Protocol names and numbers (protocols(5) as Debian has it, and the names iptables knows by itself)."""

from __future__ import annotations

_NUMBERS = {
    "icmp": 1, "igmp": 2, "ipencap": 4, "ipv4": 4, "ipip": 4, "tcp": 6, "egp": 8, "igp": 9, "udp": 17, "dccp": 33,
    "ipv6": 41, "ipv6-route": 43, "ipv6-frag": 44, "rsvp": 46, "gre": 47, "esp": 50, "ah": 51, "ipv6-icmp": 58,
    "icmpv6": 58, "ipv6-nonxt": 59, "ipv6-opts": 60, "mh": 135, "mobility-header": 135, "eigrp": 88, "ospf": 89,
    "pim": 103, "vrrp": 112, "l2tp": 115, "sctp": 132, "udplite": 136,
}  # fmt: skip
_NAMES = {1: "icmp", 58: "icmpv6", 4: "ipencap", 135: "mh"}


def protocol_number(text: str) -> int:
    """A protocol by name or number, 0 for all; raises ValueError."""
    name = text.lower()
    if name == "all":
        return 0
    if name in _NUMBERS:
        return _NUMBERS[name]
    try:
        number = int(text, 0)
    except ValueError:
        raise ValueError(f"“{text}” is no protocol") from None
    if not 0 <= number <= 255:
        raise ValueError(f"“{text}” is no protocol: 0 to 255")
    return number


def protocol_name(number: int) -> str:
    """A protocol's usual name, or its number as text."""
    if number in _NAMES:
        return _NAMES[number]
    return next((name for name, value in _NUMBERS.items() if value == number), str(number))
