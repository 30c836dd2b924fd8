"""The nodes view: a line a node, how far it is, what it has, how far it is from the others; what differs below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.console import RenderableType
from rich.table import Table as Grid
from rich.text import Text
from textual import on, work
from textual.message import Message

from kptui.errors import KptuiError
from kptui.loading import parse
from kptui.nodes.compare import Split
from kptui.nodes.fleet import Fleet, Node
from kptui.nodes.frozen import Frozen
from kptui.report.nodes.words import MAJORITY, of_node, summary_parts, title
from kptui.syntax.ast import collector_paused
from kptui.text import number_of, visible
from kptui.tracing import Session
from kptui.tui.keys import NODE_KEYS, VIEWS, bindings
from kptui.tui.live_words import far
from kptui.tui.node_columns import node_columns
from kptui.tui.screens.chosen import Chosen
from kptui.tui.screens.differing import DifferingScreen
from kptui.tui.screens.table_screen import TableScreen
from kptui.tui.settings.fields import settings_of
from kptui.tui.table_model import TableModel, TableState
from kptui.tui.telling import tell, with_keys
from kptui.tui.tree_model import Place

TICK = 0.5
"""Seconds between two looks at what is being read."""
TOLD = 30
"""So many differing Services are told of a node; the others are in the view of Services."""


class NodesScreen(TableScreen):
    """The nodes of a fleet."""

    VIEW = "nodes"
    OF_NODES = True
    NO_RULES = "Explore a node first ({node_open}): there this key works on its rules."

    KEYS: ClassVar = NODE_KEYS
    BINDINGS: ClassVar = bindings(NODE_KEYS)

    class ReadAgain(Message):
        """Somebody wants all nodes to be read again."""

    class Opened(Message):
        """A node's snapshot has been read, or can't be."""

        def __init__(self, node: Node, result: Session | str, place: Place | None) -> None:
            """A session to explore, where to go in it; or why there is none."""
            self.node = node
            self.result = result
            self.place = place
            super().__init__()

    def __init__(
        self, fleet: Fleet, state: TableState, differing: TableState, explored: tuple[str, Frozen] | None = None
    ) -> None:
        """`explored` is the node that is being explored, with the snapshot of it."""
        super().__init__("Nodes", "", TableModel(node_columns(fleet), None, state))
        self.fleet = fleet
        self.explored = explored
        self._differing = differing

    def on_mount(self) -> None:
        """A host says again and again how far its reading is; here that is looked at now and then."""
        self.set_interval(TICK, self.tick)

    def tick(self) -> None:
        """Show what is being done, if anything is."""
        if any(node.step is not None for node in self.fleet.nodes):
            self.fleet_changed()

    def at_hand(self) -> Sequence[Node]:
        """The nodes, however far they are."""
        self.about = _sources(self.fleet)
        return list(self.fleet.nodes)

    def fleet_changed(self) -> None:
        """Show the nodes as they are now; the cursor stays on its node."""
        if self.is_mounted:
            self._begin(self.at_hand())

    def _show(self, shown: list[Any]) -> None:
        kept = self.rows.item.source if self.rows.item is not None else None
        if not self._restored:
            self._restored = next((at for at, node in enumerate(shown) if node.source == kept), self.state.row)
        super()._show(shown)

    def lacking(self) -> frozenset[str]:
        """Before a node is explored, only what is about all of them has something to show."""
        return frozenset(VIEWS) - {"nodes", "differences", "problems"}

    def summary(self) -> list[str]:
        """How far the reading is, and how much differs."""
        fleet = self.fleet
        read, failed = fleet.count("read"), fleet.count("failed", "cancelled")
        told = [f"{read} of {len(fleet.nodes)} read"]
        if failed:
            told.append(f"{failed} not")
        if fleet.gathering:
            return [*told, "reading …"]
        return [*told, *(summary_parts(fleet.comparison, fleet.label) if read > 1 else [])]

    def detail(self, item: Node) -> RenderableType:
        """Why it could not be read; else when it was taken, and what is other than on the other nodes."""
        grid = Grid.grid(padding=(0, 2))
        grid.add_column(style="dim")
        grid.add_column()
        grid.add_row(Text("source"), Text(visible(item.source), style="bold"))
        if item.step is not None:
            grid.add_row(Text("reading"), Text(visible(" · ".join(filter(None, [item.step.what, far(item.step)])))))
        if item.why:
            grid.add_row(
                Text("state"),
                Text(visible(item.why), style=self.rows.style_of("bad") if item.progress == "failed" else ""),
            )
        if item.summary is not None:
            self._known(grid, item)
        return grid

    def _known(self, grid: Grid, item: Node) -> None:
        found = item.summary
        assert found is not None
        if found.damage:
            grid.add_row(Text("dump"), Text(f"not whole: {visible(found.damage)}", style="bold"))
        if item.findings is None:
            grid.add_row(Text("problems"), Text(self._named("not looked for yet: {node_problems} does")))
        self._compared(grid, item.source)
        if found.taken is not None:
            grid.add_row(Text("taken"), Text(f"{found.taken:%Y-%m-%d %H:%M:%S} by its own clock"))
        told = ", ".join(f"{name} {value}" for name, value in found.settings.items() if value is not None)
        grid.add_row(Text("is"), Text(visible(told)))

    def _compared(self, grid: Grid, source: str) -> None:
        """What is other here than elsewhere."""
        found = self.fleet.comparison
        for name, splits in ((split.name, (split,)) for split in found.settings):
            _add(grid, name, splits, source)
        differing = found.of(source)
        for each in differing[:TOLD]:
            _add(grid, title(each), each.splits, source)
        if len(differing) > TOLD:
            grid.add_row(
                Text(""),
                Text(
                    self._named(f"… and {len(differing) - TOLD:,} Service ports more: {{node_differences}} shows all")
                ),
            )
        if any(each.standing(source) == "other" for each in differing):
            grid.add_row(Text(""), Text(MAJORITY, style="dim"))

    def _named(self, sentence: str) -> str:
        return with_keys(sentence, settings_of(self.app))

    def action_open(self) -> None:
        """Explore the selected node."""
        item = self.rows.item
        if item is not None:
            self.explore(item.source, None)

    def explore(self, source: str, place: Place | None) -> None:
        """Explore a node's snapshot, at a place; the one that is being explored is just gone back to."""
        node = self.fleet.node(source)
        if node.frozen is None:
            self.notify(node.why or "This node has not been read yet.", timeout=4, markup=False)
        elif self.explored == (source, node.frozen):
            self.dismiss(Chosen(place))
        else:
            self.rows.border_subtitle = f"opening {visible(node.label)} …"
            self._open(node, place)

    @work(thread=True, exclusive=True, group="open", exit_on_error=False)
    def _open(self, node: Node, place: Place | None) -> None:
        try:
            text = self.fleet.snapshot(node.source)
            with collector_paused():
                result: Session | str = Session(parse(text), node.source, names=self.fleet.names, facts=text.facts)
        except KptuiError as error:
            result = str(error)
        self.post_message(self.Opened(node, result, place))

    @on(Opened)
    def opened(self, event: Opened) -> None:
        """Go to the explorer with it."""
        if isinstance(event.result, str):
            self.notify(event.result, severity="error", markup=False)
        else:
            self.dismiss(Chosen(event.place, session=event.result, node=event.node.source))

    def action_differences(self) -> None:
        """The Services that nodes have differently."""
        self.app.push_screen(DifferingScreen(self.fleet, self._differing), self._differs)

    def _differs(self, found: Chosen | None) -> None:
        if found is not None and found.node is not None:
            self.explore(found.node, found.place)
        elif found is not None and found.view not in ("", self.VIEW):
            self.action_view(found.view)

    def action_view(self, name: str) -> None:
        """Views are of the node that is explored, but for those of the nodes."""
        if self.explored is None and name not in (self.VIEW, "differences", "problems"):
            tell(self, "Explore a node first: {node_open}.")
        else:
            super().action_view(name)

    def action_compare(self) -> None:
        """The trace on the explored node beside that on the selected one."""
        if self.explored is None:
            tell(self, "Explore a node first: {node_open}; {trace} traces a packet there.")
        elif self.rows.item is not None:
            self.dismiss(Chosen(view="compare", node=self.rows.item.source))

    def action_problems(self) -> None:
        """Look for problems on the selected node."""
        item = self.rows.item
        if item is None or item.frozen is None:
            self.notify("This node has not been read.", timeout=3)
        elif item.findings is None:
            self.rows.border_subtitle = f"looking for problems on {visible(item.label)} …"
            self._look(item.source)
        else:
            tell(self, "Explore the node ({node_open}), then {problems} shows its problems.")

    @work(thread=True, exclusive=True, group="problems", exit_on_error=False)
    def _look(self, source: str) -> None:
        self.fleet.look_for_problems(source)
        self.app.call_from_thread(self.fleet_changed)

    def action_reload(self) -> None:
        """Read every node again."""
        if self.fleet.gathering:
            self.notify("The nodes are being read.", timeout=3)
        else:
            self.post_message(self.ReadAgain())

    def action_close(self) -> None:
        """Give the filter up, then the reading, then go back to the rules."""
        if self.state.words:
            self.action_close_search()
        elif self.fleet.gathering:
            self.fleet.cancel()
        elif self.explored is not None:
            self.dismiss(Chosen())
        else:
            tell(self, "{node_open} explores a node, {quit} leaves.")


def _add(grid: Grid, name: str, splits: Sequence[Split], source: str) -> None:
    """A row for each thing that a node has otherwise than most, or than some where there is no majority."""
    for field, here, others in of_node(splits, source):
        words = Text() if field == name else Text(f"{visible(field)}: ")
        words.append(visible(here), style="bold").append(f" here; {visible(others)}")
        grid.add_row(Text(visible(name), style="not dim"), words)
        name = ""


def _sources(fleet: Fleet) -> str:
    return number_of(len(fleet.nodes), "node")
