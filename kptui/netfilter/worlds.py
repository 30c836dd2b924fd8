"""Packets on their way, with all that was assumed for them: states merge where they end up alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from kptui.netfilter.facts import Chance, Fact, Facts, Unsure, known
from kptui.netfilter.packet import Packet
from kptui.netfilter.path import Path, Step
from kptui.records import dataclass


@dataclass(frozen=True, slots=True)
class Way:
    """One way a packet may have come here: its share of the packets for which the facts hold, and its path."""

    share: Fraction
    path: Path


Ways = dict[Facts, Way]
"""For each set of assumptions the way on which a packet came here."""


def start() -> Ways:
    """The beginning: every packet, nothing assumed."""
    return {frozenset(): Way(Fraction(1), Path())}


class Flow:
    """What is at one point of the rules: packets, for each the sets of assumptions under which it is there.

    Two ways that differ in the answer of one fact only, and have the same share, become one way without that fact:
    it made no difference. So forty unknown matches in a row stay forty steps.
    """

    __slots__ = ("_packets",)

    def __init__(self) -> None:
        """Nothing is there."""
        self._packets: dict[Packet, Ways] = {}

    @classmethod
    def of(cls, packet: Packet, ways: Ways | None = None) -> Flow:
        """One packet, nothing assumed unless its ways tell."""
        flow = cls()
        flow.take(packet, start() if ways is None else ways)
        return flow

    def __bool__(self) -> bool:
        """Whether anything is there."""
        return bool(self._packets)

    def __iter__(self) -> Iterator[tuple[Packet, Ways]]:
        """Packets and their ways."""
        return iter(self._packets.items())

    def add(self, packet: Packet, facts: Facts, way: Way) -> None:
        """Bring one way here, merging it with what is there."""
        ways = self._packets.setdefault(packet, {})
        while True:
            same = ways.get(facts)
            if same is not None:
                way = Way(same.share + way.share, same.path.joined(way.path))
                del ways[facts]
            found = next(
                ((given, other) for given, other in _complements(facts) if _share(ways, other) == way.share), None
            )
            if found is None:
                ways[facts] = way
                return
            given, complement = found
            way = Way(way.share, way.path.joined(ways.pop(complement).path, given))
            facts = facts & complement

    def take(self, packet: Packet, ways: Ways) -> None:
        """Bring a packet's ways here, all at once where nothing has to merge."""
        if packet in self._packets:
            for facts, way in ways.items():
                self.add(packet, facts, way)
        else:
            self._packets[packet] = dict(ways)

    def merge(self, other: Flow) -> None:
        """Bring everything of another flow here."""
        for packet, ways in other:
            self.take(packet, ways)

    def stepped(self, step: Step) -> Flow:
        """The same packets, one step on."""
        flow = Flow()
        for packet, ways in self:
            flow._packets[packet] = {facts: Way(way.share, way.path.then(step)) for facts, way in ways.items()}
        return flow

    def size(self) -> int:
        """How many ways there are."""
        return sum(map(len, self._packets.values()))


def _complements(facts: Facts) -> Iterator[tuple[tuple[Fact, bool], Facts]]:
    """Each of the facts, and the same facts but for its answer."""
    for given in facts:
        fact, holds = given
        yield given, facts - {given} | {(fact, not holds)}


def _share(ways: Ways, facts: Facts) -> Fraction | None:
    found = ways.get(facts)
    return found.share if found else None


def split(ways: Ways, answers: Sequence[Unsure | Chance]) -> tuple[Ways, list[Ways], set[int]]:
    """Part ways by answers that are not sure.

    (Those for which all hold, for each answer those for which it is the first that doesn't, which answers had to be
    assumed.)
    """
    yes: Ways = dict(ways)
    failed: list[Ways] = []
    assumed: set[int] = set()
    for index, answer in enumerate(answers):
        going: Ways = {}
        no: Ways = {}
        for facts, way in yes.items():
            if isinstance(answer, Chance):
                _put(going, facts, Way(way.share * answer.share, way.path))
                _put(no, facts, Way(way.share * (1 - answer.share), way.path))
                continue
            answered = known(answer.fact, facts)
            if answered is None:
                assumed.add(index)
                _put(going, facts | {(answer.fact, answer.holds)}, way)
                _put(no, facts | {(answer.fact, not answer.holds)}, way)
            else:
                _put(going if answered == answer.holds else no, facts, way)
        yes = going
        failed.append(no)
    return yes, failed, assumed


def _put(ways: Ways, facts: Facts, way: Way) -> None:
    same = ways.get(facts)
    ways[facts] = way if same is None else Way(same.share + way.share, same.path.joined(way.path))
