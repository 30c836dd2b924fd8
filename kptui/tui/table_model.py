"""What a table of the explorer shows: its items filtered by words, sorted by a column; no widget in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from kptui.report.columns import Column, fitted
from kptui.text import visible

Item = TypeVar("Item")
CHUNK = 200
"""So many rows are filtered before looking whether somebody has typed on."""
MEASURED = 60
"""So many rows are looked at to see how wide the columns have to be."""


@dataclass(frozen=True, slots=True)
class TableColumn(Generic[Item]):
    """A column: where it stands (see report/columns.py), its text, and what it is sorted by (None: not at all).

    `style` names one of the row styles; `slow` if sorting by it has to look at more than a glance.
    """

    column: Column
    text: Callable[[Item], str]
    key: Callable[[Item], Any] | None = None
    style: Callable[[Item], str] = lambda item: ""
    slow: bool = False
    whole: Callable[[Item], str] | None = None
    """A longer text, for rows that have nothing in the columns after it: it takes their room."""


@dataclass(slots=True)
class TableState:
    """How somebody looks at a table; kept while it is closed."""

    words: str = ""
    order: int = 0
    reverse: bool = False
    row: int = 0


class TableModel(Generic[Item]):
    """The rows to be seen, given the items and the state."""

    def __init__(
        self,
        columns: Sequence[TableColumn[Item]],
        fits: Callable[[Sequence[Item], str], list[Item]] | None = None,
        state: TableState | None = None,
    ) -> None:
        """`fits` chooses items by words; without it, all words have to occur in a row's cells."""
        self.columns = tuple(columns)
        self.state = state or TableState()
        self.items: Sequence[Item] = ()
        self.shown: list[Item] = []
        self._fits = fits or self._by_cells

    def set_items(self, items: Sequence[Item]) -> None:
        """Other items, as they come."""
        self.items = items
        self.shown = self.arranged(self.state)

    def arranged(self, state: TableState, given_up: Callable[[], bool] = lambda: False) -> list[Item]:
        """The items that a state shows, in its order; may be asked in a thread, and given up between two chunks."""
        found = self._chosen(state.words, given_up) if state.words.strip() else list(self.items)
        key = self.columns[state.order].key
        if key is not None:
            found.sort(key=key, reverse=state.reverse)
        return found

    def _chosen(self, words: str, given_up: Callable[[], bool]) -> list[Item]:
        found: list[Item] = []
        for start in range(0, len(self.items), CHUNK):
            if given_up():
                break
            found += self._fits(self.items[start : start + CHUNK], words)
        return found

    def orders(self) -> list[int]:
        """The columns that the table can be sorted by."""
        return [index for index, column in enumerate(self.columns) if column.key is not None]

    def cells(self, item: Item) -> list[str]:
        """A row's texts, fit to be shown."""
        return [visible(column.text(item)) for column in self.columns]

    def widths(self, width: int, first: int = 0) -> list[int]:
        """Each column's width, by the rows around the first one to be seen."""
        rows = [self.cells(item) for item in self.shown[first : first + MEASURED]]
        # Room for the sign of the order beside a column's name.
        named = [f"{column.column.name}  " for column in self.columns]
        return fitted([column.column for column in self.columns], [named, *rows], width)

    def _by_cells(self, items: Sequence[Item], words: str) -> list[Item]:
        wanted = words.lower().split()
        return [item for item in items if all(word in " ".join(self.cells(item)).lower() for word in wanted)]
