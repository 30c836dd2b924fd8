"""Which packet is the one that was sent, and which an answer to it."""

from __future__ import annotations

import struct

from kptui.kernel.messages import Probe
from kptui.kernel.packets import ICMP, build, tag_of

TAG = 0x8123


def _sent(**fields: object) -> bytes:
    return build(Probe(**{"src": "192.0.2.7", "dst": "10.0.0.1", "proto": 17, **fields}), 4, TAG)  # type: ignore[arg-type]


def test_a_packet_has_its_tag() -> None:
    assert tag_of(_sent()) == TAG
    assert tag_of(_sent(proto=ICMP, icmp_type=3)) == TAG


def test_an_icmp_error_about_a_packet_is_never_taken_for_it() -> None:
    quoted = _sent()[:28]
    head = struct.pack("!BBHHHBBH", 0x45, 0, 56, TAG, 0, 64, ICMP, 0) + bytes(8)
    assert tag_of(head + struct.pack("!BBHI", 3, 3, 0, 0) + quoted) is None
