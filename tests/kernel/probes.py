"""Random packets, made from a seed; some odd in every way there is."""

from __future__ import annotations

import random

from kptui.kernel.messages import Probe
from kptui.syntax.ast import Family
from tests.kernel.pools import OTHERS, OWN, PORTS, STRANGE

_RARE = {4: (33, 50, 51, 108), 6: (33, 50, 108)}
"""DCCP, ESP, AH (in IPv6 a header among others), IPComp."""
_FLAGS = (2, 2, 2, 2, 16, 24, 10, 18, 4, 20, 1, 17, 3, 0)


def random_probes(seed: int, family: Family, count: int) -> list[Probe]:
    """The packets of a seed: a third sent by the host, the others in by a leg; some odd in every way there is."""
    chance = random.Random(f"packets {seed} {family}")
    return [_probe(chance, family) for _ in range(count)]


def _probe(chance: random.Random, family: Family) -> Probe:
    local = chance.random() < 0.33
    others = OTHERS[family]
    everywhere = [each for found in others.values() for each in found]
    leg = None if local else chance.choice(list(others))
    src = chance.choice(OWN[family]) if leg is None else chance.choice(others[leg])
    dst = chance.choice([*everywhere, *everywhere, *OWN[family]])
    if leg is not None and chance.random() < 0.04:
        src = chance.choice([*STRANGE[family], *OWN[family]])
    if leg is not None and chance.random() < 0.06:
        dst = chance.choice(STRANGE[family])
    rare = chance.choice(_RARE[family])
    proto = chance.choice([6, 6, 6, 6, 17, 17, 132, 136, 47, 1 if family == 4 else 58, rare])
    flags = chance.choice(_FLAGS)
    if leg is None and src in ("127.0.0.1", "::1") and chance.random() < 0.7:
        dst = chance.choice(OWN[family])
    if leg is None and src == "127.0.0.1" and dst not in OWN[4]:
        src = "192.168.50.10"
    return Probe(
        proto,
        src,
        dst,
        leg,
        sport=chance.choice([*PORTS, chance.randint(1, 65535)]),
        dport=chance.choice([*PORTS, chance.randint(1, 65535)]),
        tcp_flags=flags,
        icmp_type=chance.choice([8, 8, 8, 0, 3, 11] if family == 4 else [128, 128, 128, 129, 1, 3]),
        icmp_code=0,
        ttl=chance.choice([64, 64, 64, 64, 128, 2, 1]),
        tos=chance.choice([0, 0, 0, 0x10, 0xB8]),
        mark=chance.choice([0, 0, 1, 0x4000, 0xFF]) if leg is None else 0,
        uid=chance.choice([0, 0, 1337]) if leg is None else 0,
        payload=chance.choice([0, 0, 0, 60, 200]) if proto != 132 else 0,
        options=chance.choice(["", "", "020405b4"]) if proto == 6 and flags & 2 else "",
    )
