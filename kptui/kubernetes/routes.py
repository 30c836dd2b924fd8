"""From where a Service is reached to one of its endpoints: every way through its chains, rule by rule."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from kptui.kubernetes.frontend import Frontend, RuleRef
from kptui.kubernetes.inside import Jump
from kptui.kubernetes.names import parted
from kptui.kubernetes.service import Endpoint, ServicePort
from kptui.records import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    """One way: the rules that lead on, the endpoint's chain, its share of what takes this way.

    `condition` says whose packets take it, empty for everyone's.
    """

    frontend: Frontend
    rules: tuple[RuleRef, ...]
    chain: str
    share: Fraction | None
    condition: str


def routes(port: ServicePort, pod: Endpoint) -> list[Route]:
    """The ways to an endpoint, in the order of the Service's addresses; those that can't be taken are left out."""
    found: list[Route] = []
    for frontend in port.frontends:
        there = parted(frontend.chain) if frontend.chain else None
        if there is not None:
            ways = _ways(port, there[0], pod)
            found += [_route(frontend, frontend.rules[:1] + rules, pod, share, jumps) for rules, share, jumps in ways]
    return found


def _route(
    frontend: Frontend, rules: tuple[RuleRef, ...], pod: Endpoint, share: Fraction | None, jumps: tuple[Jump, ...]
) -> Route:
    conditions = [jump.condition for jump in jumps if jump.condition]
    return Route(frontend, rules, pod.chain, share, " and ".join(dict.fromkeys(conditions)))


_Way = tuple[tuple[RuleRef, ...], Fraction | None, tuple[Jump, ...]]


def _ways(port: ServicePort, part: str, pod: Endpoint, before: tuple[Jump, ...] = ()) -> Iterator[_Way]:
    """From one of the Service's chains on; a chain is passed once on a way."""
    balancing = port.inside.balancings.get(part)
    for way in balancing.ways if balancing else ():
        if way.chain == pod.chain and way.share != 0:
            last = RuleRef("nat", balancing.chain if balancing else "", way.number, way.line)
            yield (*(jump.rule for jump in before), last), way.share, before
    for jump in port.inside.jumps.get(part, ()):
        if jump.part not in (part, *(_part_of(each) for each in before)):
            yield from _ways(port, jump.part, pod, (*before, jump))


def _part_of(jump: Jump) -> str:
    there = parted(jump.rule.chain)
    return there[0] if there else ""
