"""A host for any dump, and packets aimed at its rules: each is made to fit the conditions of a rule drawn at random."""

from __future__ import annotations

import ipaddress
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kptui.kernel.messages import Leg, Place, Probe, Way
from kptui.netfilter.extensions.ports import ports
from kptui.netfilter.protocols import protocol_number
from kptui.syntax.ast import Family, Rule, Ruleset

_NEIGHBOURS = {4: ("198.18.{}.0/24", "198.18.{}.1"), 6: ("2001:db8:18:{}::/64", "2001:db8:18:{}::1")}
_FAR = {4: "203.0.113.77", 6: "2001:db8:ffff::77"}
_MOST_LEGS = 6
_SET_TYPES = {1: "hash:net", 2: "hash:ip,port", 3: "hash:ip,port,net"}
_UNICAST = {4: ipaddress.ip_network("1.0.0.0/8"), 6: ipaddress.ip_network("2000::/3")}
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Aim:
    """What a rule asks of a packet, as far as it can be aimed at; None where it asks nothing."""

    hook: str | None
    source: Network | None
    destination: Network | None
    device: str | None
    proto: int | None
    sport: int | None
    dport: int | None


def aims(ruleset: Ruleset, family: Family) -> list[Aim]:
    """One for each rule of the family's tables."""
    found = []
    for table in ruleset.tables:
        if table.family == family:
            for chain in table.chains.values():
                hook = chain.name if chain.builtin else None
                found += [_aim(rule, hook, family) for rule in chain.rules]
    return found


def _aim(rule: Rule, hook: str | None, family: Family) -> Aim:
    generic = {option.name: option.value for option in rule.generic if not option.negated}
    options = {option.name: option for match in rule.matches for option in match.options if not option.negated}
    proto = generic.get("protocol")
    return Aim(
        hook,
        _network(generic.get("source"), family),
        _network(generic.get("destination"), family),
        generic.get("in"),
        _protocol(proto),
        *(_port(next((options[name].value for name in names if name in options), None)) for names in _PORTS),
    )


_PORTS = (
    ("sport", "source-port", "sports", "source-ports"),
    ("dport", "destination-port", "dports", "destination-ports"),
)


def _network(text: str | None, family: Family) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if text else None
    except ValueError:
        return None


def _protocol(text: str | None) -> int | None:
    try:
        return protocol_number(text) if text else None
    except ValueError:
        return None


def _port(text: str | None) -> int | None:
    try:
        return ports(text)[0][0] if text else None
    except (ValueError, IndexError):
        return None


def place_for(ruleset: Ruleset, family: Family) -> Place:
    """A host with the devices that the rules name, an address on each, and the addresses that INPUT speaks of."""
    asked = aims(ruleset, family)
    names = list(dict.fromkeys(filter(None, (aim.device for aim in asked))))
    devices = [re.sub(r"[^\w.-]", "0", name)[:15] for name in names if name != "lo"][:_MOST_LEGS] or ["eth0"]
    devices = list(dict.fromkeys(devices))
    own = [_host(aim.destination) for aim in asked if aim.hook == "INPUT" and aim.destination is not None]
    single = [str(each) for each in dict.fromkeys(own) if each is not None and _ordinary(each)][:8]
    net, address = _NEIGHBOURS[family]
    legs = [
        Leg(name, (address.format(index), *(single if index == 1 else ()))) for index, name in enumerate(devices, 1)
    ]
    ways = [Way(net.format(index), name, address.format(index)) for index, name in enumerate(devices, 1)]
    everywhere = Way("0.0.0.0/0" if family == 4 else "::/0", devices[0], address.format(1))
    return Place(family, tuple(legs), (*ways, everywhere), ipsets=_empty_sets(ruleset, family))


def _host(net: Network) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    return net.network_address if net.num_addresses == 1 else None


def _ordinary(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    odd = address.is_loopback or address.is_multicast or address.is_unspecified or address.is_link_local
    return not odd and not address.is_reserved and not str(address).endswith((".255", ".0"))


def _empty_sets(ruleset: Ruleset, family: Family) -> str:
    """Every set that the rules name, empty: what was in it nobody told."""
    lines: dict[str, str] = {}
    for rule in (rule for table, _, rule in ruleset.rules() if table.family == family):
        targets = rule.target.options if rule.target else ()
        for option in (*(option for match in rule.matches for option in match.options), *targets):
            if option.name in ("match-set", "set", "add-set", "del-set") and len(option.values) == 2:
                name, sides = option.values
                kind = _SET_TYPES.get(len(sides.split(",")), "hash:ip,port,net")
                lines[name] = f"create {name} {kind} family {'inet6' if family == 6 else 'inet'}\n"
    return "".join(lines.values())


def aimed_probes(ruleset: Ruleset, place: Place, count: int, seed: int) -> list[Probe]:
    """Packets of a seed, each aimed at one rule; some at none, and some from the host itself."""
    found, chance = aims(ruleset, place.family), random.Random(seed)
    return [_probe(chance.choice(found) if found else None, place, chance) for _ in range(count)]


def _probe(aim: Aim | None, place: Place, chance: random.Random) -> Probe:
    family = place.family
    own = [address for leg in place.legs for address in leg.addresses]
    local = aim is not None and (aim.hook == "OUTPUT" or (aim.hook != "INPUT" and chance.random() < 0.15))
    to_us = [*own, own[0]]
    dst = _inside(aim.destination if aim else None, chance) or chance.choice([*to_us, _FAR[family]])
    if aim is not None and aim.hook == "INPUT" and aim.destination is None:
        dst = chance.choice(own)
    src = chance.choice(own) if local else (_inside(aim.source if aim else None, chance) or _FAR[family])
    if not local and src in own:
        src = _FAR[family]
    proto = aim.proto if aim and aim.proto else chance.choice([6, 6, 17, 1 if family == 4 else 58])
    leg = None if local else _leg(aim.device if aim else None, place, chance)
    return Probe(
        proto, src, dst, leg,
        sport=aim.sport if aim and aim.sport is not None else chance.randint(1024, 65535),
        dport=aim.dport if aim and aim.dport is not None else chance.choice([22, 53, 80, 443, 8080]),
        tcp_flags=chance.choice([2, 2, 2, 2, 16, 18, 4]),
        icmp_type=chance.choice([8, 8, 0, 3] if family == 4 else [128, 128, 129, 1]),
        payload=chance.choice([0, 0, 100]),
    )  # fmt: skip


def _inside(net: Network | None, chance: random.Random) -> str | None:
    """An address of a network, if it can be that of one host."""
    if net is None or net.prefixlen == 0:
        return None
    size = net.num_addresses
    address = net.network_address + (chance.randrange(1, min(size - 1, 200)) if size > 3 else 0)
    return str(address) if _ordinary(address) else None


def _leg(pattern: str | None, place: Place, chance: random.Random) -> str:
    names = [leg.name for leg in place.legs]
    fitting = [name for name in names if pattern and re.fullmatch(re.escape(pattern).replace(r"\+", ".*"), name)]
    return chance.choice(fitting or names)


def families(ruleset: Ruleset) -> Iterator[Family]:
    """The families that the ruleset has tables of."""
    yield from sorted({table.family for table in ruleset.tables})
