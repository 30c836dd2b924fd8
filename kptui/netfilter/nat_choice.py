"""Which address of a range NAT takes: a hash of the connection's addresses, the same on every boot and every host.

Source: find_best_ips_proto in net/netfilter/nf_nat_core.c, jhash2 in include/linux/jhash.h; on a machine that keeps the
lowest byte first, as x86 and ARM do. Judged by Linux 6.18.
"""

from __future__ import annotations

_WORD = 0xFFFFFFFF
_SEED = 0xDEADBEEF


def chosen(
    ends: tuple[int, int], src: int, dst: int, family: int, *, of_source: bool, persistent: bool = False, zone: int = 0
) -> int:
    """The address between two ends for a connection from `src` to `dst` in a conntrack zone.

    With `of_source` it takes the place of the source, else that of the destination; with `persistent` the destination
    plays no part.
    """
    count = 1 if family == 4 else 4
    source, destination = _raw(src, count), _raw(dst, count)
    drawn = _jhash2(source + [0] * (4 - count), 0 if persistent else destination[-1] ^ zone)
    first, last = _words(ends[0], count), _words(ends[1], count)
    found, free = 0, False
    for index in range(count):
        # Once one part is below the range's last one, all of the next part's values are in the range.
        start, size = (0, _WORD) if free else (first[index], last[index] - first[index] + 1 & _WORD)
        part = start + (drawn * size >> 32) & _WORD
        free = free or part != last[index]
        found = found << 32 | part
        if not persistent:
            # Where the destination is what changes, its words have by now.
            drawn ^= destination[index] if of_source else _raw(part, 1)[0]
    return found


def _words(address: int, count: int) -> list[int]:
    return [address >> 32 * (count - 1 - index) & _WORD for index in range(count)]


def _raw(address: int, count: int) -> list[int]:
    """An address as the words the machine sees in it."""
    return [int.from_bytes(word.to_bytes(4, "big"), "little") for word in _words(address, count)]


def _rotated(word: int, by: int) -> int:
    return (word << by | word >> 32 - by) & _WORD


def _jhash2(key: list[int], start: int) -> int:
    """Bob Jenkins's lookup3 of four words, as the kernel has it."""
    a = b = c = _SEED + 4 * len(key) + start & _WORD
    a, b, c = a + key[0] & _WORD, b + key[1] & _WORD, c + key[2] & _WORD
    for shift in (4, 6, 8, 16, 19, 4):
        # One step of __jhash_mix; the three words change places.
        a = (a - c & _WORD) ^ _rotated(c, shift)
        c = c + b & _WORD
        a, b, c = b, c, a
    a = a + key[3] & _WORD
    for shift in (14, 11, 25, 16, 4, 14, 24):
        # One step of __jhash_final.
        c = (c ^ b) - _rotated(b, shift) & _WORD
        a, b, c = b, c, a
    return b
