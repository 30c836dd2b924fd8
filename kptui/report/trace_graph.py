"""A trace as a graph: boxes of rules in clusters of hooks, edges with shares, outcomes at the ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kptui.netfilter.path import Step
from kptui.netfilter.trace import Trace
from kptui.records import dataclass, field
from kptui.report.branches import Stretch, Told, Way, branches, folded
from kptui.report.outcome_text import Questions, alike, given_words, outcome_cells, questions
from kptui.report.words import assumed_words, effect_words, packet_words, share_text

Name = Callable[[str], str | None]
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Node:
    """A box: its lines, and what kind it is (packet, rules, good, bad, open)."""

    id: str
    lines: tuple[str, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow, with what stands on it."""

    source: str
    target: str
    label: str = ""


@dataclass(slots=True)
class Graph:
    """Nodes by hook (an empty name: outside of all), in the order of the journey, and the arrows between them."""

    title: str
    clusters: dict[str, list[Node]] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)


End = tuple[str, str]
"""The node where a stretch ends, and what stands on the next arrow from it."""


def trace_graph(trace: Trace, name: Name = lambda chain: None) -> Graph:
    """The graph of a trace; `name` says what a chain stands for. Labels are as they come, nothing is escaped."""
    return _Drawing(trace, name).graph


class _Drawing:
    def __init__(self, trace: Trace, name: Name) -> None:
        self.trace = trace
        self.name = name
        journey = branches(trace)
        self.asked: Questions = questions(trace, journey)
        self.count = 0
        self.graph = Graph(f"{packet_words(trace)}: {trace.answer}")
        start = self._node("", (packet_words(trace),), "packet")
        self._stretch(journey, [(start, "")])
        for words, short in self.asked.items():
            self._node("open", (f"{short}  {words}",), "open")

    def _node(self, cluster: str, lines: Sequence[str], kind: str) -> str:
        self.count += 1
        node = Node(f"n{self.count}", tuple(lines), kind)
        self.graph.clusters.setdefault(cluster, []).append(node)
        return node.id

    def _join(self, ends: list[End], to: str) -> None:
        self.graph.edges += [Edge(source, to, label) for source, label in ends]

    def _stretch(self, stretch: Stretch, ends: list[End], final: bool = True) -> list[End]:
        """Draw a stretch after what came before, and its outcomes if it is a `final` one; where it ends."""
        ends = self._boxes(stretch.steps, ends)
        if stretch.ways:
            parted: list[End] = []
            for way, count in folded(stretch.ways):
                label = self._label(way, count)
                begin = [(source, " · ".join(filter(None, [before, label]))) for source, before in ends]
                parted += self._stretch(way.stretch, begin, final and not stretch.rest)
            ends = self._boxes(stretch.rest, parted)
        if final and (stretch.rest or not stretch.ways):
            self._outcomes(stretch.outcomes, ends)
        return ends

    def _label(self, way: Way, count: int) -> str:
        share = [] if way.share is None or (way.share == 1 and way.assumptions) else [share_text(way.share)]
        if count > 1:
            return " ".join([f"{count:,} ways,", *share, "each, one of them"])
        return " · ".join([*share, *(assumed_words(each, self.asked) for each in way.assumptions)])

    def _boxes(self, steps: Sequence[Told], ends: list[End]) -> list[End]:
        """A box for each run of steps in one chain."""
        at = 0
        while at < len(steps):
            place = _place(steps[at].step)
            run = [steps[at].step]
            while at + len(run) < len(steps) and _place(steps[at + len(run)].step) == place:
                run.append(steps[at + len(run)].step)
            hook, table, chain = place
            named = self.name(chain)
            head = f"{table} {chain}" + (f" ({named})" if named else "")
            box = self._node(hook, (head, *map(_line, run)), "rules")
            self._join(ends, box)
            ends = [(box, "")]
            at += len(run)
        return ends

    def _outcomes(self, numbers: tuple[int, ...], ends: list[End]) -> None:
        for group in alike(self.trace, numbers):
            outcome = self.trace.outcomes[group[0]]
            said, share, end, to = outcome_cells(self.trace, group)
            lines = [f"outcome {said}: {end}", to, given_words(outcome, self.asked)]
            if len(group) > 1:
                targets = [self.trace.outcomes[number].packet.dnat or "?" for number in group]
                lines += targets[:_SHOWN] + ([f"… {len(targets) - _SHOWN:,} more"] if len(targets) > _SHOWN else [])
            node = self._node("", [line for line in lines if line], "good" if outcome.through else "bad")
            begin = ends if len(numbers) == 1 else [(source, share) for source, _ in ends]
            self._join(begin, node)


def _place(step: Step) -> tuple[str, str, str]:
    return step.hook, step.table, step.chain


def _line(step: Step) -> str:
    number = f"{step.rule} " if step.rule else ""
    return f"{number}{effect_words(step)}" + (" (only some)" if step.maybe else "")
