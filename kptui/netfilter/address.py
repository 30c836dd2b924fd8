"""Addresses, networks and interface names as integers, so that a match is a comparison."""

from __future__ import annotations

# Not from `socket`, which makes enumerations of its hundreds of constants: that takes longer than a trace's rules.
from _socket import AF_INET, AF_INET6, inet_ntop, inet_pton

from kptui.netfilter.intervals import Intervals
from kptui.records import dataclass


def parse(text: str, family: int) -> int:
    """An address as a number; raises ValueError naming what was given."""
    try:
        return int.from_bytes(inet_pton(AF_INET if family == 4 else AF_INET6, text), "big")
    except OSError:
        raise ValueError(f"“{text}” is no IPv{family} address") from None


def family_of(text: str) -> int:
    """4 or 6, by the look of an address."""
    return 6 if ":" in text else 4


def show(number: int, family: int) -> str:
    """An address as text."""
    if family == 4:
        return inet_ntop(AF_INET, number.to_bytes(4, "big"))
    return inet_ntop(AF_INET6, number.to_bytes(16, "big"))


def endpoint(number: int, port: int | None, family: int) -> str:
    """Address and port as DNAT writes them: 10.42.0.199:80, [fd00::1]:80, or the address alone."""
    text = show(number, family)
    if port is None:
        return text
    return f"[{text}]:{port}" if family == 6 else f"{text}:{port}"


@dataclass(frozen=True, slots=True)
class Network:
    """An address and a mask, which need not be contiguous."""

    address: int
    mask: int
    bits: int

    def __contains__(self, number: int) -> bool:
        """Whether the address is in the network."""
        return number & self.mask == self.address

    @property
    def region(self) -> Intervals | None:
        """The network as a range, None for a mask with holes."""
        host = ~self.mask & ((1 << self.bits) - 1)
        return ((self.address, self.address | host),) if host & (host + 1) == 0 else None


def network(text: str, family: int) -> Network:
    """ADDRESS, ADDRESS/LENGTH or ADDRESS/MASK as iptables takes it, host bits cut; raises ValueError."""
    bits = 32 if family == 4 else 128
    host, slash, length = text.partition("/")
    if (family == 4 and host.isdecimal()) or (family == 4 and host.count(".") < 3 and slash):
        host = ".".join([*host.split("."), "0", "0", "0"][:4])
    address = parse(host, family)
    if not slash:
        mask = (1 << bits) - 1
    elif length.isdecimal():
        if int(length) > bits:
            raise ValueError(f"“/{length}” is longer than an IPv{family} address")
        mask = ((1 << int(length)) - 1) << (bits - int(length))
    else:
        mask = parse(length, family)
    return Network(address & mask, mask, bits)


_NAME_BYTES = 15


def name_number(name: str) -> int:
    """An interface name as a number, so that `eth+` is a range (IFNAMSIZ - 1 bytes)."""
    return int.from_bytes(name.encode("utf-8", "surrogateescape")[:_NAME_BYTES].ljust(_NAME_BYTES, b"\0"), "big")


def name_region(pattern: str) -> Intervals:
    """The names an -i or -o value stands for: one, or all that begin so (`eth+`)."""
    if not pattern.endswith("+"):
        return ((name_number(pattern), name_number(pattern)),)
    prefix = pattern[:-1].encode("utf-8", "surrogateescape")[:_NAME_BYTES]
    low = int.from_bytes(prefix.ljust(_NAME_BYTES, b"\0"), "big")
    return ((low, int.from_bytes(prefix.ljust(_NAME_BYTES, b"\xff"), "big")),)
