"""The Services that nodes have differently: a line a Service port, which nodes have what below."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from rich.console import RenderableType
from rich.text import Text

from kptui.nodes.compare import ServiceSplit, Split
from kptui.nodes.fleet import Fleet
from kptui.report.columns import Column
from kptui.report.nodes.words import field_words, notes, of_all, service_notes, short, title, value_words
from kptui.text import number_of, visible
from kptui.tui.screens.chosen import Chosen
from kptui.tui.screens.table_screen import TableScreen
from kptui.tui.table_model import TableColumn, TableModel, TableState
from kptui.tui.tree_model import Place

Item = ServiceSplit | Split
"""A Service port, or a setting of the nodes."""


def _name(item: Item) -> str:
    return title(item) if isinstance(item, ServiceSplit) else f"nodes: {item.name}"


def _splits(item: Item) -> tuple[Split, ...]:
    return item.splits if isinstance(item, ServiceSplit) else (item,)


def _what(item: Item) -> str:
    return ", ".join(field_words(split) for split in item.splits) if isinstance(item, ServiceSplit) else ""


def _alone(item: Item) -> int:
    """How many nodes are not with the largest group."""
    return len({node for split in _splits(item) for group in split.groups[1:] for node in group.nodes})


def _style(item: Item) -> str:
    return "bad" if all(split.majority is not None for split in _splits(item)) else "unsure"


def columns(fleet: Fleet) -> tuple[TableColumn[Item], ...]:
    """The columns; nodes by their labels."""
    return (
        TableColumn(Column("service", 20), _name, _name, lambda item: "strong"),
        TableColumn(Column("what", 10, rank=1), _what, _what),
        TableColumn(Column("nodes", 5, 2, True), lambda item: str(_alone(item)), lambda item: -_alone(item), _style),
        TableColumn(Column("which have it otherwise", 24), partial(_which, fleet)),
    )  # fmt: skip


def _which(fleet: Fleet, item: Item) -> str:
    return short(_splits(item), fleet.label)


class DifferingScreen(TableScreen):
    """What nodes have differently."""

    VIEW = "differences"
    OF_NODES = True
    NO_RULES = "Explore the node first ({view_open}): there this key works on its rules."

    def __init__(self, fleet: Fleet, state: TableState) -> None:
        """Shows what has been compared so far."""
        super().__init__("What differs between the nodes", "", TableModel(columns(fleet), None, state))
        self.fleet = fleet

    def at_hand(self) -> Sequence[Item]:
        """Settings of the nodes, then Service ports."""
        found = self.fleet.comparison
        self.about = number_of(len(found.nodes), "node")
        return [*found.settings, *found.services]

    def fleet_changed(self) -> None:
        """Show what differs now."""
        if self.is_mounted:
            self._restored = self.rows.cursor
            self._begin(self.at_hand())

    def summary(self) -> list[str]:
        """How many differ; what has to be known to read it right."""
        found = self.fleet.comparison
        return [number_of(len(found.services), "Service port"), *notes(found)]

    def nothing(self) -> str:
        """That nothing differs."""
        if len(self.fleet.comparison.nodes) < 2:
            return "There are not two nodes yet to be compared."
        return "No difference: what each node has of its own aside."

    def detail(self, item: Item) -> RenderableType:
        """Every group: how many nodes, what they have, which they are."""
        text = Text(visible(_name(item)), style="bold")
        for split in _splits(item):
            if isinstance(item, ServiceSplit):
                text.append(f"\n{field_words(split)}", style="not bold")
            for group in split.groups:
                text.append(f"\n  {of_all(split, group)}  ", style="not bold dim")
                text.append(visible(value_words(split, group)), style="not bold")
                names = ", ".join(self.fleet.label(node) for node in group.nodes)
                text.append(f": {visible(names)}", style="not bold")
        for note in service_notes(item) if isinstance(item, ServiceSplit) else ():
            text.append(f"\n{note}", style="not bold dim")
        return text

    def chosen(self, item: Item) -> Chosen | None:
        """The first node that has it otherwise, at the Service's chain where it is there."""
        groups = _splits(item)[0].groups
        node = groups[1].nodes[0]
        if not isinstance(item, ServiceSplit):
            return Chosen(node=node)
        found = self.fleet.node(node).summary
        state = found.ports.get(item.key) if found is not None else None
        return Chosen(Place("nat", state.chain) if state is not None else None, node=node)
