"""A choice as the kernel gets it: a place to rebuild and a packet to send there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from kptui.confirm import rebuilt
from kptui.confirm.choice import Choice, ChoiceError
from kptui.kernel.messages import Leg, Place, Probe, Way
from kptui.kernel.packets import build, conntrack_state
from kptui.netfilter.address import Network, show
from kptui.netfilter.host import Host, loopback
from kptui.netfilter.journey import Origin
from kptui.netfilter.packet import Packet
from kptui.records import dataclass
from kptui.syntax.ast import Family

_SYSCTLS = {
    "route_localnet": ("net/ipv4/conf/all/route_localnet",),
    "accept_local": ("net/ipv4/conf/all/accept_local",),
}
REBUILT = frozenset({*_SYSCTLS, "uid-owner", "gid-owner"})
"""The names of --set that a namespace can be made to have."""

_LONGEST = 1400
_YES = ("yes", "true", "1")


@dataclass(frozen=True, slots=True)
class Scene:
    """A place and a packet."""

    place: Place
    probe: Probe


def scene(choice: Choice, origin: Origin) -> Scene:
    """The place and the packet of a choice; raises ChoiceError for what no namespace can show."""
    packet, host = choice.packet, choice.host
    family: Family = 6 if packet.family == 6 else 4
    if packet.ctmark:
        raise ChoiceError("a packet of a new connection comes without a connection mark; --ctmark can't be rebuilt")
    if packet.ctstate not in ("NEW", "INVALID", "UNTRACKED"):
        raise ChoiceError(f"a connection that is {packet.ctstate} already can't be rebuilt")
    probe = _sized(_probe(packet, origin), packet, family)
    state = conntrack_state(probe, family)
    if packet.ctstate not in ("UNTRACKED", state):
        raise ChoiceError(f"the kernel takes such a packet for {state}, not for {packet.ctstate}")
    legs = _legs(packet, host)
    captured = host.complete
    place = Place(
        family,
        legs,
        () if captured else tuple(_ways(packet, host)),
        () if captured else tuple(_text(net) for net in host.local or () if not _single(net) and net.region),
        rebuilt.settings(host, frozenset(leg.name for leg in legs)) | _settings(host),
        setup=rebuilt.commands(host) if captured else (),
        mark=packet.mark if origin == "external" and isinstance(packet.mark, int) else 0,
        untracked=packet.ctstate == "UNTRACKED" and state != "UNTRACKED",
        ethernet=bool(packet.mac_source) and isinstance(packet.mac_source, str),
    )
    return Scene(place, probe)


def _probe(packet: Packet, origin: Origin) -> Probe:
    number = {name: _int(getattr(packet, name)) for name in ("sport", "dport", "tcp_flags", "icmp_type", "icmp_code")}
    mss = _int(packet.mss)
    if origin == "external" and packet.in_ == "lo":
        raise ChoiceError("a packet that comes in by lo was sent by this host; give --origin local")
    return Probe(
        _int(packet.proto),
        show(packet.src, packet.family) if isinstance(packet.src, int) else "",
        show(_int(packet.dst), packet.family),
        packet.in_ if origin == "external" and isinstance(packet.in_, str) else None,
        **number,
        ttl=_int(packet.ttl),
        tos=_int(packet.tos),
        mark=_int(packet.mark) if origin == "local" else 0,
        uid=_int(packet.uid),
        gid=_int(packet.gid),
        options=f"0204{mss:04x}" if mss else "",
        mac=packet.mac_source if isinstance(packet.mac_source, str) else "",
    )


def _sized(probe: Probe, packet: Packet, family: Family) -> Probe:
    """The packet with as much payload as its length asks for."""
    if not isinstance(packet.length, int):
        return probe
    more = packet.length - len(build(probe, family, 1))
    if not 0 <= more <= _LONGEST:
        raise ChoiceError(f"a packet of that kind can't have {packet.length} bytes")
    return Probe(**{name: getattr(probe, name) for name in Probe.__slots__} | {"payload": more})


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0


def _legs(packet: Packet, host: Host) -> tuple[Leg, ...]:
    """Every device that is named, each address on the device that it belongs to."""
    names = dict.fromkeys(rebuilt.devices(host))
    names |= dict.fromkeys(name for name in (packet.in_, packet.out) if isinstance(name, str) and name)
    names.pop("lo", None)
    if host.complete:
        return tuple(Leg(name) for name in names if rebuilt.NAME.match(name))
    main = _main(packet, host)
    names.setdefault(main)
    addresses: defaultdict[str, list[str]] = defaultdict(list)
    for net in host.local or ():
        address = net.address if _single(net) else net.address + 1
        if net.region and address not in loopback(packet.family):
            for device in _homes(address, host, main):
                addresses[device].append(show(address, packet.family))
    return tuple(Leg(name, tuple(dict.fromkeys(addresses[name]))) for name in names)


def _main(packet: Packet, host: Host) -> str:
    """The device of the default route, or what stands for it."""
    default = next((route.device for route in host.routes if not route.to.mask and route.device != "lo"), None)
    out = packet.out if isinstance(packet.out, str) and packet.out not in ("", "lo") else None
    first = next((route.device for route in host.routes if route.device != "lo"), None)
    return default or out or first or "kptui-out"


def _homes(address: int, host: Host, main: str) -> Iterable[str]:
    """The devices an address is on: those whose routes name it as a source, else that which leads to its network."""
    named = [each.device for each in host.addresses or () if each.address == address and each.device != "lo"]
    named = named or [route.device for route in host.routes if route.source == address and route.device != "lo"]
    if named:
        return named
    around = [route for route in host.routes if route.to.mask and address in route.to and route.device != "lo"]
    return [max(around, key=lambda route: route.to.mask).device if around else main]


def _ways(packet: Packet, host: Host) -> Iterable[Way]:
    for route in host.routes:
        if route.device != "lo":
            source = show(route.source, packet.family) if route.source is not None else None
            yield Way(_text(route.to), route.device, source)
    if not host.routes:
        yield Way("0.0.0.0/0" if packet.family == 4 else "::/0", _main(packet, host))


def _settings(host: Host) -> dict[str, str]:
    return {
        path: "1" if host.settings[name].lower() in _YES else "0"
        for name, paths in _SYSCTLS.items()
        for path in paths
        if name in host.settings and host.family == 4
    }


def _single(net: Network) -> bool:
    return net.mask == (1 << net.bits) - 1


def _text(net: Network) -> str:
    return f"{show(net.address, 4 if net.bits == 32 else 6)}/{net.mask.bit_count()}"
