"""The answer to a packet that got through: what it looks like, where it starts, whether it comes by this host."""

from __future__ import annotations

from typing import Literal

from kptui.errors import UsageError
from kptui.netfilter.address import show
from kptui.netfilter.connection import Ends, connection_of, ends_of, place
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure
from kptui.netfilter.host import Host
from kptui.netfilter.packet import DCCP, EVERYONE, ICMP, ICMPV6, MULTICAST, SCTP, TCP, WITH_PORTS, Number, Packet
from kptui.patterns import pattern
from kptui.records import dataclass, replace
from kptui.text import visible

_SYN, _RST, _ACK = 0x02, 0x04, 0x10
_ANSWERS = {4: {8: 0, 13: 14, 15: 16, 17: 18}, 6: {128: 129, 139: 140}}
"""ICMP requests and the types that answer them (nf_conntrack_proto_icmp.c, -_icmpv6.c)."""

_ANY = Packet()
_PODS = pattern(r"(cni|cbr|veth|cali|lxc|tap|eni|azv|gke|podman|docker|br-|virbr|lxdbr|nodelocaldns)[\w.-]*\Z")
"""Devices to what runs on this host and has no other way out, as CNI plugins and container engines name them."""

_BRIDGES = pattern(r"(cni|cbr|podman|docker|br|virbr|lxdbr)[-\w.]*\Z")


@dataclass(frozen=True, slots=True)
class Sent:
    """A packet at its end, of which an answer is asked for: `end` says which, `origin` where it began."""

    packet: Packet
    end: str
    origin: str
    asked: Packet

    @property
    def wanted(self) -> Ends:
        """What whoever sent it takes for an answer: from where it was sent to, to where it came from."""
        return ends_of(self.packet.original or self.asked).turned()


def unanswered(sent: Sent, host: Host) -> str | None:
    """Why nobody answers a packet, None if it is to be expected that somebody does."""
    packet = sent.packet
    for address in (packet.dst, sent.asked.dst):
        if isinstance(address, int) and _many(address, packet.family, host):
            return f"what is sent to all of {show(address, packet.family)} is not answered through this connection"
    if packet.proto == TCP and isinstance(packet.tcp_flags, int) and packet.tcp_flags & _RST:
        return "a reset is not answered"
    icmp = packet.proto == (ICMP if packet.family == 4 else ICMPV6) and isinstance(packet.icmp_type, int)
    silent = icmp and packet.icmp_type not in _ANSWERS[packet.family]
    return f"ICMP type {packet.icmp_type} asks for no answer" if silent else None


def answer_to(sent: Sent, host: Host) -> tuple[Packet, Literal["external", "local"]]:
    """The answer as it starts: in by the device that the packet left by, or sent by the process it was delivered to."""
    packet = sent.packet
    connection = connection_of(packet)
    answer = Packet(
        family=packet.family,
        proto=packet.proto,
        src=packet.dst,
        sport=packet.dport,
        dst=packet.src,
        dport=packet.sport,
        ctmark=packet.ctmark if connection else 0,
        tcp_flags=_flags(packet),
        icmp_type=_icmp(packet),
        length=_told("length", Unknown("reply's length", 16), host),
        ttl=_told("ttl", Unknown("reply's TTL", 8), host),
        tos=_told("tos", Unknown("reply's TOS", 8), host),
        mss=_named("reply's MSS", _ANY.mss),
        mac_source=Unknown("reply's source MAC address", 48),
        connection=connection.turned() if connection else None,
        changed=packet.changed,
    )
    answer = answer.but(ctstate="ESTABLISHED" if connection else _alone(answer))
    if sent.end == "delivered":
        answer = answer.but(
            mark=_told("mark", 0, host),
            uid=_told("uid", _named("answering socket's user", _ANY.uid), host),
            gid=_told("gid", _named("answering socket's group", _ANY.gid), host),
        )
        back = Unknown("reply's outgoing interface", 120) if sent.origin == "local" or host.routed else sent.asked.in_
        return answer.but(in_="", out=back), "local"
    back = sent.asked.in_ if sent.origin == "external" else Unknown("reply's outgoing interface", 120)
    return answer.but(in_=packet.out, out=back), "external"


def returns(sent: Sent, host: Host) -> Answer:
    """Whether the answer to a packet that left comes by this host, as far as addresses and routes tell."""
    packet = sent.packet
    client, endpoint = packet.src, packet.dst
    if sent.origin == "local" and client == (packet.original or packet).src:
        return True
    if packet.snat == "MASQUERADE" or host.is_local(client) is True:
        return True
    fact = Fact(("returns", endpoint, client))
    if isinstance(client, int) and client == endpoint:
        return False
    if client != (packet.original or packet).src:
        return Unsure(fact, f"whether packets to {_shown(client, packet)} come to this host is not known")
    there, back = host.connected(endpoint), host.connected(client)
    if there is not None and there == back and there.via is None:
        return _across(there.device, packet.family, fact, host)
    near = there is not None and there.via is None and there.device == packet.out and not there.hops
    # Another neighbour on a bridge needs no router; anybody else is reached by this host alone.
    alone = isinstance(packet.out, str) and _PODS.match(packet.out) and not _BRIDGES.match(packet.out)
    if near and isinstance(packet.out, str) and (alone or (_PODS.match(packet.out) and isinstance(client, int))):
        return True
    return Unsure(fact, f"how {_shown(endpoint, packet)} routes its answers is not known")


def _across(device: str, family: int, fact: Fact, host: Host) -> Answer:
    """Whether a packet between two on one link comes by this host: on its own bridge it does if that asks iptables."""
    if not _BRIDGES.match(device):
        return False
    told = host.sysctl(f"net.bridge.bridge-nf-call-ip{'6' if family == 6 else ''}tables")
    if told is not None:
        return told == "1"
    return Unsure(fact, f"both are on {device}, and whether bridge-nf-call-iptables is set is not known")


def returns_words(sent: Sent) -> str:
    """The question that `returns` answers."""
    packet = sent.packet
    return f"{_shown(packet.dst, packet)} answers {_shown(packet.src, packet)} by way of this host"


def bypassed(sent: Sent) -> tuple[bool, str]:
    """What becomes of an answer that doesn't come by this host: whether it is of any use, and why."""
    packet, wanted = sent.packet, sent.wanted
    came = ends_of(packet).turned()
    asker = _shown(wanted.dst, packet)
    if came == wanted:
        return True, f"the reply reaches {asker} without passing this host"
    if packet.src == packet.dst:
        return False, f"{_shown(packet.dst, packet)} is sent a packet from its own address, which it throws away"
    if came.dst != wanted.dst:
        return False, f"the reply goes to {_shown(came.dst, packet)}, which is not this host"
    return False, _stranger(packet, came, wanted, "without passing this host, ")


def mistaken(answer: Packet, wanted: Ends) -> tuple[Answer, str]:
    """(Whether an answer at its end is not what was waited for, why)."""
    ends = ends_of(answer)
    pairs = (
        list(zip(ends, wanted, strict=True))
        if answer.proto in WITH_PORTS
        else [(ends.src, wanted.src), (ends.dst, wanted.dst)]
    )
    if all(is_ == wish for is_, wish in pairs):
        return False, ""
    if ends.dst != wanted.dst:
        why = f"the reply goes to {_shown(ends.dst, answer)}, not back to {_shown(wanted.dst, answer)}"
    else:
        why = _stranger(answer, ends, wanted, "")
    if all(isinstance(is_, int) and isinstance(wish, int) for is_, wish in pairs if is_ != wish):
        return True, why
    fact = Fact(("mistaken", *ends, *wanted))
    return Unsure(fact, "whether NAT has changed anything is not known"), why


def _stranger(packet: Packet, came: Ends, wanted: Ends, how: str) -> str:
    asker = _shown(wanted.dst, packet)
    from_, asked = (place(packet.but(src=ends.src, sport=ends.sport), "src") for ends in (came, wanted))
    return f"{how}the reply reaches {asker} from {from_}, not from {asked}, which it asked: {asker} takes no notice"


def _told(name: str, otherwise: Number, host: Host) -> Number:
    """What `--set reply-NAME=NUMBER` tells of the reply."""
    given = host.settings.get(f"reply-{name}", "")
    try:
        return int(given, 0) if given else otherwise
    except ValueError:
        raise UsageError(f"--set reply-{name}={visible(given)}: expected a number.") from None


def _named(label: str, unknown: Number) -> Number:
    """The like of another unknown, by a name of its own."""
    return replace(unknown, label=label) if isinstance(unknown, Unknown) else unknown


def _flags(packet: Packet) -> Number:
    if packet.proto != TCP:
        return Unknown("reply's TCP flags", 6)
    if isinstance(packet.tcp_flags, Unknown):
        return Unknown("reply's TCP flags", 6)
    return _SYN | _ACK if packet.tcp_flags & _SYN else _ACK


def _icmp(packet: Packet) -> Number:
    if isinstance(packet.icmp_type, Unknown):
        return Unknown("reply's ICMP type", 8)
    return _ANSWERS[packet.family].get(packet.icmp_type, 0)


def _alone(answer: Packet) -> str:
    """What conntrack takes an answer for, of whose connection it has not seen the beginning."""
    if answer.proto == TCP:
        return "INVALID" if answer.tcp_flags == _SYN | _ACK else "NEW"
    return "INVALID" if answer.proto in (ICMP, ICMPV6, SCTP, DCCP) else "NEW"


def _many(address: int, family: int, host: Host) -> bool:
    everyone = family == 4 and (address == EVERYONE or address in (host.broadcasts or ()))
    return everyone or address in MULTICAST[family]


def _shown(address: Number, packet: Packet) -> str:
    return show(address, packet.family) if isinstance(address, int) else f"the {address.label}"
