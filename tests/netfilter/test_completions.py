"""No false certainty: whatever the unknowns turn out to be, what then happens is among the outcomes told.

Random rulesets of every match and target, and random packets. A trace is made with everything told, and one in which
some of it is not: fields of the packet, the host's addresses, its routes, what --set tells. Each outcome of the first
has to be one of the second, under assumptions that are true; and of the second's outcomes whose assumptions are true,
the shares make up one.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any

import pytest

from kptui.loading import parse
from kptui.netfilter.address import parse as parse_address
from kptui.netfilter.facts import Fact, Unknown
from kptui.netfilter.host import Host
from kptui.netfilter.journey import Origin
from kptui.netfilter.packet import Packet
from kptui.netfilter.path import Step
from kptui.netfilter.trace import Outcome, Trace, Tracer
from kptui.sources import SourceText
from kptui.syntax.ast import Family, Ruleset
from tests.kernel.compare import host_of, length_of, packet_of, told_of_the_place, told_trace
from tests.kernel.pools import OTHERS, OWN, PLACES
from tests.kernel.probes import random_probes
from tests.kernel.rulesets import random_dump

PACKETS = 4
_FORGOTTEN = (
    "src",
    "dst",
    "sport",
    "dport",
    "in_",
    "ttl",
    "tos",
    "length",
    "mss",
    "tcp_flags",
    "uid",
    "gid",
    "icmp_type",
)
_BLANK = {field.name: field.default for field in fields(Packet)} | {
    "tcp_flags": Unknown("TCP flags", 6),
    "icmp_type": Unknown("ICMP type", 8),
}


@dataclass(frozen=True)
class Case:
    """One packet and one host, and the same with less told of them."""

    ruleset: Ruleset
    packet: Packet
    host: Host
    less: Packet
    less_host: Host
    origin: Origin

    def truth(self) -> Mapping[str, int]:
        """What the unknowns of the packet really are, by their labels."""
        found = {}
        for name in _FORGOTTEN:
            unknown, value = getattr(self.less, name), getattr(self.packet, name)
            if isinstance(unknown, Unknown) and isinstance(value, int):
                found[unknown.label] = value
        return found


def case(seed: int, number: int) -> Case:
    """The case of a seed; uneven seeds are IPv6."""
    family: Family = 4 if seed % 2 == 0 else 6
    chance = random.Random(f"less {seed} {number}")
    probe = random_probes(seed, family, PACKETS)[number]
    packet, origin = packet_of(probe, family, length_of(probe, family))
    host = host_of(PLACES[family], told_of_the_place())
    # What a local packet's device is says where it comes from, and is never asked of it.
    names = [name for name in _FORGOTTEN if chance.random() < 0.35 and (name != "in_" or origin == "external")]
    ordinary = {name for name in ("src", "dst") if _ordinary(name, packet, origin)}
    ordinary |= {"ttl"} if packet.ttl == 128 else set()
    names = [name for name in names if name in ordinary or name not in ("src", "dst", "ttl")]
    less = packet.but(**{name: _blank(name, packet) for name in names})
    less_host = replace(
        host,
        local=host.local if chance.random() < 0.7 or "src" not in ordinary else None,
        routes=host.routes if chance.random() < 0.7 or "dst" not in ordinary else (),
        ipsets=host.ipsets if chance.random() < 0.8 else None,
        settings={name: value for name, value in host.settings.items() if chance.random() < 0.7},
    )
    return Case(parse(SourceText("random", random_dump(seed, family))), packet, host, less, less_host, origin)


def _ordinary(name: str, packet: Packet, origin: Origin) -> bool:
    """Whether an address is what one that is not told is taken for: one host's, no martian, and with a way there."""
    address, family = getattr(packet, name), packet.family
    others = [each for found in OTHERS[family].values() for each in found]
    ours = [] if name == "src" and origin == "external" else [each for each in OWN[family] if each not in _LOOPBACK]
    return address in [parse_address(each, family) for each in (*others, *ours)]


_LOOPBACK = ("127.0.0.1", "::1")


def _blank(name: str, packet: Packet) -> Any:
    """The unknown that stands for a field; addresses have as many bits as their family."""
    unknown: Any = _BLANK[name]
    return replace(unknown, bits=128) if packet.family == 6 and name in ("src", "dst") else unknown


def holds(fact: Fact, truth: Mapping[str, int], host: Host) -> bool | None:
    """Whether an assumed fact is true, None where the test can't tell."""
    if isinstance(fact.subject, str) and fact.subject in truth:
        value = truth[fact.subject]
        if fact.cube is not None:
            return value & fact.cube[0] == fact.cube[1]
        return any(low <= value <= high for low, high in fact.region or ())
    if isinstance(fact.subject, tuple) and fact.subject[0] == "local":
        address = truth.get(fact.subject[1], fact.subject[1])
        answer = host.is_local(address) if isinstance(address, int) else None
        return answer if isinstance(answer, bool) else None
    return None


def fits(full: Outcome, told: Outcome, asked: Case) -> str | None:
    """None if an outcome of the whole truth is that of the lesser one, else where they part."""
    if (full.verdict, full.end) != (told.verdict, told.end):
        return f"{full.end} is not {told.end}"
    for fact, assumed in told.facts:
        true = holds(fact, asked.truth(), asked.host)
        if true is not None and true != assumed:
            return f"{fact.subject} is assumed wrongly"
        if (fact, not assumed) in full.facts:
            return f"{fact.subject} is assumed the other way"
    for name in ("src", "dst", "sport", "dport", "mark"):
        mine, theirs = getattr(full.packet, name), getattr(told.packet, name)
        if isinstance(mine, int) and not (theirs.may_be(mine) if isinstance(theirs, Unknown) else mine == theirs):
            return f"{name}: {mine} is not {theirs}"
    return _path(full.steps, told.steps)


def _path(full: list[Step], told: list[Step]) -> str | None:
    """Steps that every packet took are in both, in order; a step that some took may be missing."""
    at = 0
    for step in full:
        key = (step.hook, step.table, step.chain, step.rule)
        while at < len(told) and (told[at].hook, told[at].table, told[at].chain, told[at].rule) != key:
            if not told[at].maybe:
                return None if step.maybe else f"{told[at]} is not {key}"
            at += 1
        if at == len(told):
            return None if step.maybe else f"nothing is left for {key}"
        at += 1
    return None


@pytest.mark.parametrize("seed", range(60))
def test_what_happens_is_among_what_may_happen(seed: int) -> None:
    for number in range(PACKETS):
        asked = case(seed, number)
        full = Tracer(asked.ruleset, asked.host).trace(asked.packet, asked.origin)
        less = Tracer(asked.ruleset, asked.less_host).trace(asked.less, asked.origin)
        for outcome in full.outcomes:
            reasons = [fits(outcome, told, asked) for told in less.outcomes]
            assert None in reasons, _shown(asked, full, less, reasons)


@pytest.mark.parametrize("seed", range(1, 60, 3))
def test_the_shares_of_what_is_true_make_up_one(seed: int) -> None:
    """Only where every assumption can be checked: the packet's own fields and the host's addresses."""
    checked = 0
    for number in range(PACKETS):
        asked = case(seed, number)
        asked = replace(asked, less_host=replace(asked.host, local=asked.less_host.local))
        less = Tracer(asked.ruleset, asked.less_host).trace(asked.less, asked.origin)
        if any(o.probability is None for o in less.outcomes):
            continue
        answers = [_true(outcome, asked) for outcome in less.outcomes]
        if None in answers:
            continue
        checked += 1
        total = sum(
            (o.probability or Fraction(0) for o, true in zip(less.outcomes, answers, strict=True) if true), Fraction(0)
        )
        assert total == 1, _shown(asked, less, less, [])


def _true(outcome: Outcome, asked: Case) -> bool | None:
    answers = [(holds(fact, asked.truth(), asked.host), assumed) for fact, assumed in outcome.facts]
    if any(true is not None and true != assumed for true, assumed in answers):
        return False
    return None if any(true is None for true, _ in answers) else True


def test_what_the_test_takes_for_a_contradiction_is_one() -> None:
    fact = Fact("source port", ((80, 90),), ((0, 65535),))
    assert holds(fact, {"source port": 85}, Host()) is True
    assert holds(fact, {"source port": 5}, Host()) is False
    assert holds(Fact("mark", cube=(0x1, 0x1)), {"mark": 2}, Host()) is False
    assert holds(Fact(("recent", "x")), {}, Host()) is None


def _shown(asked: Case, full: Trace, less: Trace, reasons: list[str | None]) -> str:
    why = "\n".join(filter(None, reasons))
    return f"{asked.packet}\n{asked.less}\n{why}\nwhole truth:\n{told_trace(full)}\nless told:\n{told_trace(less)}"
