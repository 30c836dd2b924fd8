"""Packets by hand: IPv4 and IPv6 with TCP, UDP, UDP-Lite, SCTP, ICMP, ICMPv6 or anything else, and reading them back.

Each carries a tag (IPv4 identification, IPv6 flow label) that survives NAT, so that it can be told from answers to it.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

from kptui.kernel.messages import Header, Probe
from kptui.syntax.ast import Family

TCP, UDP, SCTP, ICMP, ICMPV6, UDPLITE, DCCP = 6, 17, 132, 1, 58, 136, 33
_WITH_PORTS = frozenset({TCP, UDP, SCTP, UDPLITE, DCCP})
_NEW_FLAGS = frozenset({2, 16, 24, 10})
_ASKS = {4: frozenset({8, 13, 15, 17}), 6: frozenset({128})}
_ICMP_ERRORS = frozenset({3, 4, 5, 11, 12})
_AF = {4: socket.AF_INET, 6: socket.AF_INET6}


def build(probe: Probe, family: Family, tag: int) -> bytes:
    """The packet with its headers and checksums; the tag has 16 bits."""
    src, dst = (socket.inet_pton(_AF[family], address) for address in (probe.src, probe.dst))
    if family == 4:
        body = _transport(probe, lambda length: src + dst + struct.pack("!BBH", 0, probe.proto, length))
        head = struct.pack("!BBHHHBBH", 0x45, probe.tos, 20 + len(body), tag, 0, probe.ttl, probe.proto, 0) + src + dst
        return head[:10] + struct.pack("!H", _checksum(head)) + head[12:] + body
    body = _transport(probe, lambda length: src + dst + struct.pack("!IxxxB", length, probe.proto))
    first = 6 << 28 | probe.tos << 20 | tag
    return struct.pack("!IHBB", first, len(body), probe.proto, probe.ttl) + src + dst + body


def conntrack_state(probe: Probe, family: Family) -> str:
    """What conntrack makes of a first packet (nf_conntrack_proto_tcp.c, -_icmp.c, -_icmpv6.c)."""
    if probe.proto == UDPLITE and probe.leg is not None:
        # What comes in is checked with the pseudo header of UDP, so a right checksum is wrong (nf_checksum_partial).
        return "INVALID"
    if probe.proto == TCP:
        return "NEW" if probe.tcp_flags in _NEW_FLAGS else "INVALID"
    if probe.proto == ICMPV6 and family == 6 and 130 <= probe.icmp_type <= 137:
        return "UNTRACKED"
    if probe.proto == (ICMP if family == 4 else ICMPV6):
        return "NEW" if probe.icmp_type in _ASKS[family] else "INVALID"
    return "NEW"


def header(packet: bytes) -> Header | None:
    """What a packet's headers say, None if there is too little of them; extension headers are not looked into."""
    if len(packet) >= 20 and packet[0] >> 4 == 4:
        size, proto, ttl, tos = (packet[0] & 15) * 4, packet[9], packet[8], packet[1]
        src, dst = socket.inet_ntop(socket.AF_INET, packet[12:16]), socket.inet_ntop(socket.AF_INET, packet[16:20])
        length = struct.unpack_from("!H", packet, 2)[0]
    elif len(packet) >= 40 and packet[0] >> 4 == 6:
        size, proto, ttl, tos = 40, packet[6], packet[7], struct.unpack_from("!H", packet)[0] >> 4 & 0xFF
        src, dst = socket.inet_ntop(socket.AF_INET6, packet[8:24]), socket.inet_ntop(socket.AF_INET6, packet[24:40])
        length = struct.unpack_from("!H", packet, 4)[0] + 40
    else:
        return None
    ports = (
        struct.unpack_from("!HH", packet, size) if proto in _WITH_PORTS and len(packet) >= size + 4 else (None, None)
    )
    return Header(src, dst, proto, ttl, tos, length, *ports)


def tag_of(packet: bytes) -> int | None:
    """A packet's tag, None if it has too little of a header, or is an ICMP error about a packet.

    The kernel gives an ICMP error an identification of its own, which is that of the packet once in 65,536 times.
    """
    if len(packet) >= 20 and packet[0] >> 4 == 4:
        if packet[9] == ICMP and len(packet) >= 48 and packet[20] in _ICMP_ERRORS and packet[28] >> 4 == 4:
            return None
        return int(struct.unpack_from("!H", packet, 4)[0])
    if len(packet) >= 40 and packet[0] >> 4 == 6:
        return int(struct.unpack_from("!I", packet)[0]) & 0xFFFFF
    return None


def _transport(probe: Probe, pseudo: Callable[[int], bytes]) -> bytes:
    """The transport header and the payload; `pseudo` is the header that checksums run over too."""
    data = bytes(probe.payload)
    ports = struct.pack("!HH", probe.sport, probe.dport)
    if probe.proto == TCP:
        options = bytes.fromhex(probe.options)
        offset = (20 + len(options)) // 4 << 4
        ack = 1 if probe.tcp_flags & 0x10 else 0
        rest = struct.pack("!IIBBHHH", 0x1000, ack, offset, probe.tcp_flags, 64240, 0, 0) + options
        return _summed(ports + rest + data, 16, pseudo)
    if probe.proto == UDP:
        return _summed(ports + struct.pack("!HH", 8 + len(data), 0) + data, 6, pseudo)
    if probe.proto == UDPLITE:
        return _summed(ports + struct.pack("!HH", 8, 0), 6, lambda _: pseudo(8 + len(data))) + data
    if probe.proto == SCTP:
        # An INIT chunk, with which an association begins (RFC 9260, 3.3.2).
        chunk = struct.pack("!BBHIIHHI", 1, 0, 20, 0x1234, 65536, 1, 1, 1)
        packet = ports + bytes(8) + chunk
        return packet[:8] + struct.pack("<I", _crc32c(packet)) + packet[12:]
    if probe.proto == DCCP:
        # A Request (RFC 4340, 5.1) with the long sequence number.
        packet = ports + struct.pack("!BBHBBHII", 5, 0, 0, 1, 0, 0, 1, 0)
        return _summed(packet, 6, pseudo)
    if probe.proto in (ICMP, ICMPV6):
        packet = struct.pack("!BBHHH", probe.icmp_type, probe.icmp_code, 0, probe.sport or 1, 1) + data
        return _summed(packet, 2, pseudo if probe.proto == ICMPV6 else lambda _: b"")
    return data or bytes(16)


def _summed(packet: bytes, at: int, pseudo: Callable[[int], bytes]) -> bytes:
    total = _checksum(pseudo(len(packet)) + packet) or 0xFFFF
    return packet[:at] + struct.pack("!H", total) + packet[at + 2 :]


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return int(~total & 0xFFFF)


def _crc32c(data: bytes) -> int:
    """SCTP's checksum (RFC 9260, appendix A)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
