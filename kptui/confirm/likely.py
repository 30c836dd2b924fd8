"""Values that are likely to stand for many: addresses nobody has, the widest range's, names in a range of names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kptui.netfilter.intervals import Intervals, contains

# Networks for documentation (RFC 5737, RFC 3849) and for benchmarks (RFC 2544, RFC 5180): nobody's addresses.
ABROAD = {4: ("203.0.113.9", "198.51.100.7", "192.0.2.7"), 6: ("2001:db8:ffff::9", "2001:db8:fffe::7")}
OWN = {4: ("198.18.0.1", "198.18.0.2"), 6: ("2001:2::1", "2001:2::2")}
NO_HOST = {
    4: ((0, (1 << 24) - 1), (127 << 24, (128 << 24) - 1), (224 << 24, (1 << 32) - 1)),
    6: ((0, 1), (0xFE80 << 112, (0xFEC0 << 112) - 1), (0xFF << 120, (1 << 128) - 1)),
}
"""Addresses that are no other host's: this network, loopback, link-local (IPv6), groups."""


def first(candidates: Iterable[int], region: Intervals) -> int | None:
    """The first candidate that is in the region."""
    return next((each for each in candidates if contains(region, each)), None)


def within(region: Intervals) -> Iterator[int]:
    """An address of each range, one that a host may have where there is room; of the widest first."""
    for low, high in sorted(region, key=lambda pair: pair[0] - pair[1]):
        yield min(low + 7, high)


def names(low: int, high: int) -> Iterator[str]:
    """Interface names in a range of names as numbers."""
    raw = low.to_bytes(15, "big").rstrip(b"\0")
    for suffix in (b"", b"0"):
        name = raw + suffix
        if 0 < len(name) <= 15 and name.isascii() and low <= int.from_bytes(name.ljust(15, b"\0"), "big") <= high:
            text = name.decode("ascii")
            if text.isprintable() and not set(text) & set(" /:%"):
                yield text
