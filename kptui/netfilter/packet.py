"""A packet as the rules see it: numbers where known, an Unknown where not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kptui.netfilter.address import network
from kptui.netfilter.facts import Unknown
from kptui.records import dataclass

if TYPE_CHECKING:
    from kptui.netfilter.connection import Connection

Number = int | Unknown
Name = str | Unknown

TCP, UDP, SCTP, ICMP, ICMPV6, UDPLITE, DCCP = 6, 17, 132, 1, 58, 136, 33
NO_MSS = 1 << 16
"""The MSS of a packet that has no such option."""

NO_SOCKET = 1 << 32
"""The user and group of a packet that no socket sent."""

WITH_PORTS = frozenset({TCP, UDP, SCTP, UDPLITE, DCCP})
EVERYONE = 0xFFFFFFFF
"""255.255.255.255, which every host on the link takes for its own."""
MULTICAST = {4: network("224.0.0.0/4", 4), 6: network("ff00::/8", 6)}


@dataclass(frozen=True, slots=True)
class Decision:
    """What routing decided for a packet: the kind of its route, or `none` where there is none.

    `devices` are all that the route may leave by, `device` the one of this decision, `told` says for people which route
    it is.
    """

    kind: str
    device: Name = ""
    via: int | None = None
    source: int | None = None
    devices: frozenset[str] = frozenset()
    told: str = ""


@dataclass(frozen=True)
class Packet:
    """One packet at one point of its journey; `in_` and `out` are empty where a hook has no such interface.

    `dnat` and `snat` hold what was translated to, and so what conntrack's status bits say. `first` is False for
    packets whose connection has met the nat table already (loopback's second pass). `tracked` is False as long as
    conntrack has not looked at the packet (in the raw table), `template` True if a CT rule there has set it up. `zone`
    is conntrack's zone, None where it or the addresses that conntrack has aren't known. `fragment` is True for a later
    part of a packet that nobody put together. `tproxy` is True once TPROXY took it, `original` the packet as it came,
    before any NAT, `changed` names the kernel's lists that rules on its way may have changed, `entered` what is surely
    in one of them since. `route` is what routing decided last, `before` what it looked at, while a table of OUTPUT is
    walked that may make it look again, and the destination with which a packet came back by loopback, until nat.
    `connection` is the one that a packet after the first belongs to, None where it isn't known.
    """

    family: int = 4
    proto: Number = TCP
    src: Number = Unknown("source address", 32)
    dst: Number = Unknown("destination address", 32)
    sport: Number = Unknown("source port", 16)
    dport: Number = Unknown("destination port", 16)
    in_: Name = Unknown("incoming interface", 120)
    out: Name = Unknown("outgoing interface", 120)
    mark: Number = 0
    ctmark: Number = 0
    ctstate: str = "NEW"
    tcp_flags: Number = 0x02
    icmp_type: Number = 8
    icmp_code: Number = 0
    length: Number = Unknown("packet length", 16)
    ttl: Number = Unknown("TTL", 8)
    tos: Number = Unknown("TOS", 8)
    mss: Number = Unknown("MSS", 17, possible=((0, NO_MSS),))
    uid: Number = Unknown("socket's user", 33, possible=((0, NO_SOCKET),))
    gid: Number = Unknown("socket's group", 33, possible=((0, NO_SOCKET),))
    mac_source: Name = Unknown("source MAC address", 48)
    payload: str | None = None
    dnat: str | None = None
    snat: str | None = None
    first: bool = True
    tracked: bool = True
    template: bool = False
    zone: int | None = 0
    fragment: bool = False
    tproxy: bool = False
    original: Packet | None = None
    changed: frozenset[str] = frozenset()
    route: Decision | None = None
    before: tuple[Number, ...] = ()
    entered: frozenset[tuple[str, Number, str | None]] = frozenset()
    connection: Connection | None = None

    @property
    def state(self) -> str:
        """What conntrack says of the packet at this point; INVALID before it, and without a connection."""
        if self.tracked or self.ctstate == "UNTRACKED":
            return self.ctstate
        return "NEW" if self.template else "INVALID"

    @property
    def connected(self) -> bool:
        """Whether the packet has a connection (nf_ct_get); matches on one fail without, negated or not."""
        return self.state not in ("INVALID", "UNTRACKED")

    def but(self, **changes: Any) -> Packet:
        """The same packet with other values in those fields."""
        found = object.__new__(Packet)
        # What dataclasses.replace would do, which is most of a trace's time.
        values = found.__dict__
        values.update(self.__dict__)
        values.update(changes)
        values.pop("_hash", None)
        if len(values) != len(_FIELDS):
            raise TypeError(f"a packet has no field of those: {', '.join(changes)}")
        return found

    def __hash__(self) -> int:
        """Kept once it is known: a trace looks packets up at every rule."""
        found: int | None = self.__dict__.get("_hash")
        if found is None:
            found = self.__dict__["_hash"] = hash(tuple(self.__dict__.values()))
        return found


_FIELDS = Packet.__match_args__


_CHANGEABLE = ("src", "sport", "dst", "dport", "mark", "ctmark", "ttl", "tos")


def changes(before: Packet, after: Packet) -> tuple[tuple[str, Number, Number], ...]:
    """What a target changed: field, old value, new value."""
    if after is before:
        return ()
    pairs = ((name, getattr(before, name), getattr(after, name)) for name in _CHANGEABLE)
    return tuple((name, old, new) for name, old, new in pairs if old != new)


_FLAGS = {"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32}


def flags(text: str) -> int:
    """The bits of a list such as SYN,ACK, ALL or NONE; raises ValueError."""
    bits = 0
    for name in text.upper().split(","):
        if name == "ALL":
            bits |= 63
        elif name not in ("NONE", ""):
            if name not in _FLAGS:
                raise ValueError(f"“{name}” is no TCP flag")
            bits |= _FLAGS[name]
    return bits


def flag_names(bits: int) -> str:
    """The names of the bits, as --tcp-flags takes them."""
    return ",".join(name for name, bit in _FLAGS.items() if bits & bit) or "NONE"
