"""Where a host's routes lead a packet: policy rules in their order, in each table the longest prefix.

Source: fib_rules.c, fib_frontend.c (fib_lookup), fib_trie.c, ip6_fib.c of Linux 6.x, ip-rule(8). What decides may be
unknown: a look-up gives conditions with decisions, of which the first that holds is the kernel's.
"""

from __future__ import annotations

from collections.abc import Iterator

from kptui.netfilter.address import Network, name_number, show
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure, within
from kptui.netfilter.host import Host, loopback
from kptui.netfilter.iproute import DEFAULT, LOCAL, MAIN, Policy, Route
from kptui.netfilter.packet import Decision, Name, Number, Packet
from kptui.records import dataclass

HERE = frozenset({"local", "broadcast", "anycast"})
"""The kinds of route that deliver to this host."""
SOMEWHERE = Unknown("outgoing interface", 120)
_STANDARD = (Policy(0, LOCAL), Policy(32766, MAIN), Policy(32767, DEFAULT))
_REFUSALS = frozenset({"blackhole", "unreachable", "prohibit"})


@dataclass(frozen=True, slots=True)
class Query:
    """What a look-up is made for; `iif` is `lo` for packets of this host, `oif` empty unless a device is asked for."""

    dst: Number
    src: Number
    mark: Number = 0
    iif: Name = "lo"
    oif: str = ""
    tos: Number = 0
    proto: Number = 0
    sport: Number = 0
    dport: Number = 0
    uid: Number = 0

    @classmethod
    def of(cls, packet: Packet, iif: Name, oif: str = "") -> Query:
        """The look-up for a packet that came by `iif`."""
        return cls(
            packet.dst, packet.src, packet.mark, iif, oif, packet.tos, packet.proto, packet.sport, packet.dport,
            packet.uid,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """A decision and what must hold for it: all of `conditions`, or, where `negated`, not all of them."""

    decision: Decision
    conditions: tuple[Unsure, ...] = ()
    text: str = ""


NONE = Decision("none")


def candidates(host: Host, query: Query) -> list[Candidate]:
    """The decisions a look-up may end with, in order; the last has no condition."""
    found: list[Candidate] = []
    for candidate in _asked(host, query):
        found.append(candidate)
        if not candidate.conditions:
            return found
    return [*found, Candidate(NONE)]


def _asked(host: Host, query: Query) -> Iterator[Candidate]:
    policies = host.policies if host.policies is not None else _STANDARD
    least = -1
    for policy in policies:
        if policy.priority < least:
            continue
        conditions = _conditions(host, policy, query)
        if conditions is None:
            continue
        if policy.goto is not None and not conditions:
            least = policy.goto
            continue
        if policy.goto is not None:
            # Where it is not known whether the rule applies, nothing behind it is.
            yield Candidate(Decision("unicast", SOMEWHERE), conditions, policy.text)
        elif policy.action in _REFUSALS:
            yield Candidate(Decision(policy.action, told=policy.text), conditions, policy.text)
        elif policy.table:
            for candidate in _in_table(host, policy, query):
                text = " and ".join(filter(None, (policy.text if conditions else "", candidate.text)))
                yield Candidate(candidate.decision, (*conditions, *candidate.conditions), text)


def _in_table(host: Host, policy: Policy, query: Query) -> Iterator[Candidate]:
    if policy.table == LOCAL:
        yield from _own(host, query)
        return
    if not host.routed:
        if policy.table == MAIN:
            yield Candidate(Decision("unicast", SOMEWHERE))
        return
    if isinstance(query.dst, Unknown):
        if any(route.table == policy.table for route in host.routes):
            yield Candidate(Decision("unicast", SOMEWHERE))
        return
    route = longest(host, query, policy.table)
    if route is None or route.kind == "throw" or _suppressed(policy, route):
        return
    yield from _by_hop(route, query, host.family)


def _suppressed(policy: Policy, route: Route) -> bool:
    return policy.suppress is not None and route.to.mask.bit_count() <= policy.suppress


def _own(host: Host, query: Query) -> Iterator[Candidate]:
    """The local table, which may be known in whole, by its addresses, or not at all."""
    dst = query.dst
    if query.oif and isinstance(dst, int) and dst in loopback(host.family):
        return  # its route is by lo
    if isinstance(dst, int) and host.broadcasts is not None and dst in host.broadcasts:
        device = host.broadcasts[dst]
        if query.oif in ("", device):
            yield Candidate(Decision("broadcast", device))
            return
    answer = host.is_local(dst)
    if answer is False:
        return
    where = f"{show(dst, host.family) if isinstance(dst, int) else f'the {dst.label}'} is an address of this host"
    yield Candidate(Decision("local", "lo"), _as_conditions(answer), where)


def _as_conditions(answer: Answer) -> tuple[Unsure, ...]:
    return (answer,) if isinstance(answer, Unsure) else ()


def longest(host: Host, query: Query, table: str) -> Route | None:
    """The route of a table that counts for a known destination: longest prefix, then tos, then least metric."""
    best: Route | None = None
    for route in host.routes:
        if route.table != table or not isinstance(query.dst, int) or query.dst not in route.to:
            continue
        if query.oif and query.oif not in _devices(route):
            continue
        if route.tos and route.tos != query.tos:
            continue
        if best is None or _rank(route) > _rank(best):
            best = route
    return best


def _rank(route: Route) -> tuple[int, int, int]:
    return route.to.mask.bit_count(), route.tos, -route.metric


def _devices(route: Route) -> frozenset[str]:
    return frozenset(hop.device for hop in route.hops) or frozenset((route.device,))


def _by_hop(route: Route, query: Query, family: int) -> Iterator[Candidate]:
    """A route's decision, or where it has next hops on several devices, one a device: the kernel's hash picks."""
    told = f"the route to {_shown(route.to, family)}"
    devices = _devices(route)
    if len(devices) == 1 or query.oif:
        device = query.oif or next(iter(devices))
        vias = {hop.via for hop in route.hops if hop.device == device} or {route.via}
        via = vias.pop() if len(vias) == 1 else None
        kind = route.kind
        yield Candidate(Decision(kind, "lo" if kind == "local" else device, via, route.source, devices, told))
        return
    ordered = list(dict.fromkeys(hop.device for hop in route.hops))
    for device in ordered:
        via = next(hop.via for hop in route.hops if hop.device == device)
        decision = Decision(route.kind, device, via, route.source, devices, told)
        why = f"{told} has several next hops; which one the kernel's hash picks is not known"
        fact = Fact(("next hop", route.to, device))
        last = device == ordered[-1]
        yield Candidate(decision, () if last else (Unsure(fact, why),), f"the next hop is by {device}")


def _shown(net: Network, family: int) -> str:
    return f"{show(net.address, family)}/{net.mask.bit_count()}"


def _conditions(host: Host, policy: Policy, query: Query) -> tuple[Unsure, ...] | None:
    """What must hold for a policy rule to apply; None if it surely does not."""
    unsure: list[Unsure] = []
    for answer in _answers(host, policy, query):
        if answer is False:
            return () if policy.negated else None
        if isinstance(answer, Unsure):
            unsure.append(answer)
    if not policy.negated:
        return tuple(unsure)
    if not unsure:
        return None
    if len(unsure) == 1:
        return (Unsure(unsure[0].fact, unsure[0].why, not unsure[0].holds),)
    why = "; ".join(each.why for each in unsure)
    return (Unsure(Fact(("policy rule", policy.text, query)), why),)


def _answers(host: Host, policy: Policy, query: Query) -> Iterator[Answer]:
    if policy.source is not None:
        yield _in(query.src, policy.source)
    if policy.to is not None:
        yield _in(query.dst, policy.to)
    for wanted, name in ((policy.iif, query.iif), (policy.oif, query.oif)):
        if wanted:
            number = name_number(wanted)
            value = name if isinstance(name, Unknown) else name_number(name)
            yield within(value, ((number, number),), "the interface")
    if policy.mark is not None:
        yield _masked(query.mark, policy.mark, policy.mask)
    if policy.tos:
        yield within(query.tos, ((policy.tos, policy.tos),), "the TOS")
    for region, value in (
        ((policy.proto, policy.proto) if policy.proto else None, query.proto),
        (policy.sport, query.sport),
        (policy.dport, query.dport),
        (policy.uid, query.uid),
    ):
        if region is not None:
            what = f"the {value.label}" if isinstance(value, Unknown) else ""
            yield within(value, (region,), what)
    if policy.odd:
        why = f"{policy.odd} of a policy rule is not followed"
        yield Unsure(Fact(("policy rule", policy.priority, policy.odd)), why)


def _in(value: Number, net: Network) -> Answer:
    if isinstance(value, int):
        return value in net
    assert net.region is not None
    return within(value, net.region, f"the {value.label}")


def _masked(mark: Number, wanted: int, mask: int) -> Answer:
    if isinstance(mark, int):
        return mark & mask == wanted & mask
    if mask == 0xFFFFFFFF:
        return within(mark, ((wanted, wanted),), "the mark")
    return Unsure(Fact((mark.label, "mark", wanted, mask)), "the mark is not known")
