"""What a dump and a command line leave open, made concrete: a packet and a host for which assumptions hold.

Only what a packet is and what addresses a host has can be chosen; what the kernel itself keeps (rate limits, recent
lists) can't.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kptui.confirm.choice import FIELDS, REROUTED, Choice, ChoiceError, unknowns, whose
from kptui.confirm.likely import ABROAD, NO_HOST, OWN, first, names, within
from kptui.netfilter.address import Network, name_number, parse, show
from kptui.netfilter.facts import Fact, Facts, domain
from kptui.netfilter.host import Host, loopback
from kptui.netfilter.intervals import Intervals, contains, intersect, subtract
from kptui.netfilter.iproute import LOCAL
from kptui.netfilter.journey import Origin
from kptui.netfilter.packet import TCP, WITH_PORTS, Packet, flag_names
from kptui.records import replace

_IN, _OUT = "kptui-in", "kptui-out"
_NUMBERS = {"sport": 40000, "dport": 80, "ttl": 64, "tos": 0, "uid": 0, "gid": 0, "mark": 0, "ctmark": 0}
_FLAGS = {"INVALID": 0x12, "ESTABLISHED": 0x10}


def choose(packet: Packet, origin: Origin, host: Host, facts: Facts) -> Choice:
    """A packet and a host for which the facts hold; raises ChoiceError."""
    return _Choosing(packet, origin, host, facts).done()


class _Choosing:
    def __init__(self, packet: Packet, origin: Origin, host: Host, facts: Facts) -> None:
        self.packet = packet
        self.family = packet.family
        self.open = unknowns(packet)
        self.origin = origin
        self.host = host
        self.facts = facts
        self.values: dict[str, int] = {}
        self.chosen: list[tuple[str, str]] = []

    def done(self) -> Choice:
        """Choose field by field; addresses first, since devices hang on them."""
        own = self._own()
        changes: dict[str, Any] = {}
        for side in ("dst", "src"):
            if side in self.open and not (side == "src" and self._picked()):
                changes[side] = self._address(side, own)
        packet = self.packet.but(**changes)
        host = self._host(packet, own)
        changes |= self._devices(packet, host)
        for name in [name for name in self.open if name not in changes and name != "src"]:
            found = self._number(name)
            if found is not None:
                changes[name] = found
        choice = Choice(self.packet.but(**changes), host, tuple(self.chosen), self.values)
        if choice.contradicts(self.facts):
            raise ChoiceError("what is assumed can't all be so at once")
        return choice

    def _picked(self) -> bool:
        """Whether the kernel is to pick the source: where its routes are known, the trace does as it would."""
        label = self.open["src"].label
        bound = any(holds and fact.subject == label for fact, holds in self.facts) or self._asked(label)
        if self.origin != "local" or not self.host.complete or bound:
            return False
        self.chosen.append(("source", "as the kernel picks it"))
        return True

    def _region(self, name: str) -> Intervals:
        """What the facts leave of a field."""
        unknown = self.open[name]
        left = domain(Fact(unknown.label, (), unknown.space), self.facts)
        if name == "out":
            left = intersect(left, domain(Fact(REROUTED, (), unknown.space), self.facts))
        return left

    def _take(self, name: str, value: int, shown: str) -> None:
        self.values[self.open[name].label] = value
        self.chosen.append((FIELDS.get(name, name), shown))

    def _asked(self, label: str) -> bool | None:
        """What the facts say of whether an unknown address is this host's."""
        return next((holds for fact, holds in self.facts if whose(fact) == label), None)

    def _own(self) -> list[int]:
        """Addresses of the host, the first of which is taken where one is needed."""
        if self.host.local is not None:
            own = [net.address if net.mask == (1 << net.bits) - 1 else net.address + 1 for net in self.host.local]
            return [each for each in own if each not in loopback(self.family)]
        told = [(address, holds) for fact, holds in self.facts if isinstance(address := whose(fact), int)]
        known = [address for address, holds in told if holds]
        taken = {address for address, _ in told} | {self.packet.src, self.packet.dst}
        sources = [route.source for route in self.host.routes if route.source is not None]
        spare = [parse(text, self.family) for text in OWN[self.family]]
        return [*known, *sources, *(each for each in spare if each not in taken)]

    def _address(self, side: str, own: list[int]) -> int:
        unknown, region = self.open[side], self._region(side)
        mine = unknown.local or self._asked(unknown.label) is True
        if side == "src" and self.origin == "local":
            mine = mine or self._asked(unknown.label) is not False
        if mine:
            # Where nobody told the host's addresses, any may be one; those of lo always are.
            others = within(subtract(region, NO_HOST[self.family])) if self.host.local is None else ()
            looping = within(intersect(region, loopback(self.family).region or ()))
            found = first([*own, *others, *looping], region)
        else:
            local = self.host.local_region() or tuple((each, each) for each in sorted(set(own)))
            foreign = subtract(subtract(region, NO_HOST[self.family]), local)
            found = first(self._places(side, foreign), foreign)
            # A destination may have to be one of this host's own, or a group's.
            found = first(own, region) if found is None else found
            found = region[0][0] if found is None and region and side == "dst" else found
        if found is None:
            raise ChoiceError(f"no {unknown.label} fits what is assumed of it")
        self._take(side, found, show(found, self.family))
        return found

    def _places(self, side: str, region: Intervals) -> Iterator[int]:
        """Likely addresses of other hosts: behind a known route, of documentation, then any."""
        abroad = [parse(text, self.family) for text in ABROAD[self.family]]
        ways = [route for route in self.host.routes if route.kind == "unicast" and route.table != LOCAL]
        for route in sorted(ways, key=lambda route: -route.to.mask):
            if route.to.mask and route.to.region:
                yield from within(intersect(region, route.to.region))
        yield from abroad if side == "src" else reversed(abroad)
        yield from within(region)

    def _host(self, packet: Packet, own: list[int]) -> Host:
        """The host with all its addresses told."""
        settings = dict(self.host.settings)
        localnet = next((holds for fact, holds in self.facts if fact.subject == ("route_localnet",)), None)
        if localnet is not None:
            settings["route_localnet"] = "yes" if localnet else "no"
            self.chosen.append(("route_localnet", settings["route_localnet"]))
        if self.host.local is not None:
            return replace(self.host, settings=settings)
        said = {address: holds for fact, holds in self.facts if isinstance(address := whose(fact), int)}
        local = [address for address, holds in said.items() if holds]
        local += [packet.src] if self.origin == "local" and isinstance(packet.src, int) else []
        for side in ("src", "dst"):
            unknown = self.open.get(side)
            if unknown is not None and (unknown.local or self._asked(unknown.label)):
                local.append(getattr(packet, side))
        local += [route.source for route in self.host.routes if route.source is not None]
        kept = [each for each in dict.fromkeys(local) if said.get(each) is not False]
        kept = [each for each in kept if each not in loopback(self.family)] or own[:1]
        self.chosen.append(("addresses of the host", ", ".join(show(each, self.family) for each in kept)))
        bits = 32 if self.family == 4 else 128
        nets = tuple(Network(each, (1 << bits) - 1, bits) for each in kept)
        return replace(self.host, local=nets, settings=settings)

    def _devices(self, packet: Packet, host: Host) -> dict[str, Any]:
        """The devices it comes in and goes out by: as routed, else any that fits."""
        found: dict[str, Any] = {}
        toward = host.connected(packet.dst)
        if "out" in self.open:
            if host.routed:
                found["out"] = toward.device if toward else ""
                self.values |= {self.open["out"].label: name_number(found["out"])} if toward else {}
            else:
                found["out"] = self._name("out", [_OUT])
                self.values[REROUTED] = self.values[self.open["out"].label]
        if "in_" in self.open and self.origin == "external":
            back = host.connected(packet.src)
            usual = [back.device] if back else []
            found["in_"] = self._name("in_", [*usual, *(route.device for route in host.routes), _IN])
        elif "in_" in self.open:
            found["in_"] = ""
        return found

    def _name(self, name: str, preferred: Iterable[str]) -> str:
        region = self._region(name)
        found = next((each for each in preferred if contains(region, name_number(each)) and each != "lo"), None)
        found = found or next((each for low, high in region for each in names(low, high) if each != "lo"), None)
        if found is None:
            why = "a packet that comes in by lo was sent by this host" if contains(region, name_number("lo")) else ""
            raise ChoiceError(why or f"no {self.open[name].label} fits what is assumed of it")
        self._take(name, name_number(found), found)
        return found

    def _number(self, name: str) -> int | None:
        """A number for a field; None where none is needed."""
        region = self._region(name)
        if name in ("length", "mss", "mac_source") and region == self.open[name].space:
            return None
        if name in ("sport", "dport") and self.packet.proto not in WITH_PORTS:
            return None
        if name == "tcp_flags" and self.packet.proto != TCP:
            return None
        usual = _FLAGS.get(self.packet.ctstate, 0x02) if name == "tcp_flags" else _NUMBERS.get(name, 1000)
        found = first([usual, *(each for low, high in region for each in (min(max(low, 1), high), low))], region)
        if found is None:
            raise ChoiceError(f"no {self.open[name].label} fits what is assumed of it")
        default = name in ("ttl", "tos", "uid", "gid") and found == usual
        if default:
            self.values[self.open[name].label] = found
        else:
            self._take(name, found, flag_names(found) if name == "tcp_flags" else str(found))
        return found
