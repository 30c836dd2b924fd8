"""Nodes for the explorer: each read once, kept frozen and summed up, compared with the others as they come in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from threading import RLock
from typing import Literal

from kptui.errors import KptuiError, SourceError
from kptui.kubernetes.checks import problems
from kptui.kubernetes.known_names import KnownNames
from kptui.nodes.compare import Comparison, compare_nodes
from kptui.nodes.frozen import Frozen
from kptui.nodes.gather import LIMIT, Cancelled, Gathering, Read
from kptui.nodes.packing import Packed, packed
from kptui.nodes.summary import GivenUpError, Summaries, Summary, uncounted
from kptui.records import dataclass, field, replace
from kptui.sources import SourceText
from kptui.sources.steps import Progress as Told
from kptui.sources.steps import Step
from kptui.syntax.ast import Ruleset, collector_paused

Reader = Callable[[str, Cancelled, Told], SourceText]
SMALL = 20_000
"""The problems of dumps of no more lines are looked for at once; of others when somebody asks."""
Progress = Literal["waiting", "reading", "read", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Node:
    """One source: how far it is, why it failed, what is kept of it; `findings` by severity, None: not looked for.

    `origin` is the bundle of several hosts that it was found in; `step` what is done while it is read.
    """

    source: str
    label: str
    progress: Progress = "waiting"
    origin: str = ""
    step: Step | None = None
    why: str = ""
    summary: Summary | None = None
    frozen: Frozen | None = field(default=None, repr=False)
    findings: Mapping[str, int] | None = None


class Fleet:
    """The nodes; whoever shows them is told when something about them is another now."""

    def __init__(
        self, sources: Sequence[str], read: Reader, names: KnownNames | None = None, limit: int = LIMIT
    ) -> None:
        """Nothing is read yet; sources have to be different."""
        labels = labelled(sources)
        self.nodes = [Node(source, label) for source, label in zip(sources, labels, strict=True)]
        self.names = names
        self.comparison = Comparison()
        self.gathering = False
        self._sources = tuple(sources)
        self._at = {source: index for index, source in enumerate(sources)}
        self._changing = RLock()
        self._read = read
        self._limit = limit
        self._summaries = Summaries(names)
        self._running: Gathering[Packed] | None = None
        self._given_up = False

    def node(self, source: str) -> Node:
        """The node of a source."""
        with self._changing:
            return self.nodes[self._at[source]]

    def label(self, source: str) -> str:
        """What a source is called beside the others."""
        return self.node(source).label

    def count(self, *progress: Progress) -> int:
        """How many nodes are that far."""
        return sum(node.progress in progress for node in self.nodes)

    def gather(self, changed: Callable[[], None]) -> None:
        """Read every node (again); runs until all are there or `cancel` is called, so in a thread.

        What is known of a node is kept until it has been read anew; a bundle of several hosts is read once for all of
        them. `changed` is called in several threads, but not for each step of a reading.
        """
        self._given_up, self.gathering = False, True
        for node in self.nodes:
            self._set(node.source, progress="waiting", step=None, why="")

        def begun(source: str) -> None:
            self._set_all(source, progress="reading")
            changed()

        running = self._running = Gathering(self._sources, self._one, self._limit)
        try:
            for read in running.as_ready(begun):
                if read.found is None:
                    self._fail(read.name, read.error)
                else:
                    self._spread(read.name, [host.name for host in read.found])
                    for host in read.found:
                        self._take(host)
                        changed()
                self._compare()
                changed()
        except GivenUpError:
            pass
        finally:
            self.gathering, self._running = False, None
            for node in self.nodes:
                if node.progress in ("waiting", "reading"):
                    self._set(node.source, progress="cancelled", step=None, why="Not read: cancelled.")
            changed()

    def cancel(self) -> None:
        """Stop gathering; what has been read stays."""
        self._given_up = True
        if self._running is not None:
            self._running.cancel()

    def ruleset(self, source: str) -> Ruleset:
        """A node's rules as they were when they were read; raises SourceError."""
        return uncounted(self.snapshot(source))

    def snapshot(self, source: str) -> SourceText:
        """A node's texts as they were when they were read; raises SourceError where there are none."""
        node = self.node(source)
        if node.frozen is None:
            raise SourceError(node.why or "This node has not been read yet.")
        return node.frozen.source()

    def look_for_problems(self, source: str) -> None:
        """Count a node's findings; takes time on a large dump. Raises SourceError."""
        with collector_paused():
            self._set(source, findings=_findings(self.ruleset(source)))

    def _one(self, source: str, cancelled: Cancelled) -> Packed:
        """In a thread of the gathering: read and pack, so that little waits to be summed up."""

        def told(step: Step) -> None:
            with self._changing:
                for node in self._of(source):
                    if node.progress == "reading":
                        self._set(node.source, step=step)

        return packed(source, lambda: self._read(source, cancelled, told))

    def _of(self, source: str) -> list[Node]:
        """The nodes that come of a source: itself, or the hosts of a bundle; of one of these, that one."""
        with self._changing:
            return [node for node in self.nodes if source in (node.source, node.origin)]

    def _take(self, host: Read[Frozen]) -> None:
        if host.found is None:
            self._fail(host.name, host.error)
        else:
            self._sum_up(host.name, host.found)

    def _fail(self, source: str, why: str) -> None:
        self._set_all(source, progress="failed", step=None, why=why, summary=None, frozen=None, findings=None)

    def _spread(self, source: str, names: Sequence[str]) -> None:
        """A bundle of several hosts makes room for a node each; what is known of those it held before is kept."""
        with self._changing:
            before = {node.source: node for node in self._of(source)}
            if [*before] == [*names]:
                return
            at = min((self._at[each] for each in before), default=len(self.nodes))
            others = {node.source for node in self.nodes} - before.keys()
            hosts = [
                before.get(name) or Node(name, name, "reading", origin="" if name == source else source)
                for name in names
                if name not in others
            ]
            nodes = [*self.nodes[:at], *hosts, *(node for node in self.nodes[at:] if node.source not in before)]
            labels = labelled([node.source for node in nodes])
            self._at = {node.source: index for index, node in enumerate(nodes)}
            self.nodes = [replace(node, label=label) for node, label in zip(nodes, labels, strict=True)]

    def _sum_up(self, source: str, frozen: Frozen) -> None:
        """One at a time: only one ruleset is in memory."""
        try:
            with collector_paused():
                ruleset = uncounted(frozen.source())
                summary = self._summaries.of(source, ruleset, lambda: self._given_up)
                found = _findings(ruleset) if summary.lines <= SMALL else None
        except KptuiError as error:
            self._fail(source, str(error))
            return
        self._set(source, progress="read", step=None, why="", summary=summary, frozen=frozen, findings=found)

    def _compare(self) -> None:
        self.comparison = compare_nodes([node.summary for node in self.nodes if node.summary is not None])

    def _set_all(self, source: str, **values: object) -> None:
        for node in self._of(source):
            self._set(node.source, **values)

    def _set(self, source: str, **values: object) -> None:
        with self._changing:
            at = self._at[source]
            self.nodes[at] = replace(self.nodes[at], **values)  # type: ignore[arg-type]


def _findings(ruleset: Ruleset) -> Mapping[str, int]:
    return Counter(found.severity for found in problems(ruleset))


def labelled(sources: Sequence[str]) -> list[str]:
    """Sources without what all begin with, up to a folder's or context's end: kubectl:prod/n1 beside another is n1."""
    if len(sources) < 2:
        return list(sources)
    shared = 0
    for at, letters in enumerate(zip(*sources, strict=False)):
        if len(set(letters)) > 1:
            break
        if letters[0] in "/:":
            shared = at + 1
    # Of paths that have only the root in common all is told.
    return [source[shared:] or source if shared > 1 else source for source in sources]
