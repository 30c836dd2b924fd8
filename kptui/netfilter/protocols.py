"""Protocol names and numbers (protocols(5) as Debian has it, and the names iptables knows by itself)."""

from __future__ import annotations

_NUMBERS = {
    "hopopt": 0, "icmp": 1, "igmp": 2, "ggp": 3, "ipencap": 4, "ipv4": 4, "st": 5, "tcp": 6, "cbt": 7,
    "egp": 8, "igp": 9, "pup": 12, "udp": 17, "hmp": 20, "xns-idp": 22, "rdp": 27, "iso-tp4": 29, "dccp": 33,
    "xtp": 36, "ddp": 37, "idpr-cmtp": 38, "ipv6": 41, "ipv6-route": 43, "ipv6-frag": 44, "idrp": 45, "rsvp": 46,
    "gre": 47, "esp": 50, "ah": 51, "skip": 57, "ipv6-icmp": 58, "icmpv6": 58, "icmp6": 58, "ipv6-nonxt": 59,
    "ipv6-opts": 60, "vmtp": 81, "eigrp": 88, "ospf": 89, "ospfigp": 89, "ax.25": 93, "ipip": 94,
    "etherip": 97, "encap": 98,
    "pim": 103, "ipcomp": 108, "comp": 108, "vrrp": 112, "l2tp": 115, "isis": 124, "sctp": 132, "fc": 133, "mh": 135,
    "mobility-header": 135, "ipv6-mh": 135, "udplite": 136, "mpls-in-ip": 137, "manet": 138, "hip": 139,
    "shim6": 140, "wesp": 141, "rohc": 142, "ethernet": 143,
}  # fmt: skip
_NAMES = {1: "icmp", 58: "icmpv6", 4: "ipencap", 135: "mh"}


def protocol_number(text: str) -> int:
    """A protocol by name or number, 0 for all; raises ValueError."""
    name = text.lower()
    if name == "all":
        return 0
    if name in _NUMBERS:
        return _NUMBERS[name]
    digits = name.lstrip("+")
    base = 16 if digits.startswith("0x") else 8 if len(digits) > 1 and digits.startswith("0") else 10
    try:
        number = int(digits, base) if len(digits) <= 8 and digits.isascii() else -1
    except ValueError:
        number = -1
    if not 0 <= number <= 255:
        raise ValueError(f"“{text}” is no protocol: expected a name, or a number up to 255")
    return number


def protocol_name(number: int) -> str:
    """A protocol's usual name, or its number as text."""
    if number in _NAMES:
        return _NAMES[number]
    return next((name for name, value in _NUMBERS.items() if value == number), str(number))
