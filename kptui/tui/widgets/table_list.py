"""A table as a list of rows: columns that fit, a header that tells the order."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from kptui.report.columns import GAP
from kptui.text import visible
from kptui.tui.table_model import TableModel
from kptui.tui.widgets.row_view import RowView

GAP_TEXT = Text(" " * GAP)


class TableList(RowView):
    """The rows of a TableModel; the columns are measured anew when what is shown changes."""

    HEADED = 1

    def __init__(self, model: TableModel[Any], *, id: str) -> None:
        """The model says which rows there are."""
        super().__init__(id=id)
        self.model = model
        self.waiting = ""
        self._widths: tuple[int, list[int]] = (0, [])

    def changed(self, row: int = 0) -> None:
        """Other rows are shown: measure, and put the cursor on a row."""
        self._widths = (0, [])
        self.refresh_rows()
        self.go_to(row)

    @property
    def item(self) -> Any:
        """What the cursor is on, None if there is nothing."""
        return self.model.shown[self.cursor] if self.cursor < len(self.model.shown) else None

    def row_count(self) -> int:
        """How many rows there are."""
        return len(self.model.shown)

    def header_text(self, width: int) -> Text:
        """The columns' names, a sign at the one the rows are sorted by."""
        if self.waiting:
            return Text.assemble((f" {self.waiting}", self.style_of("counter")))
        cells: list[Text] = []
        for index, (column, room) in enumerate(zip(self.model.columns, self._fit(width), strict=True)):
            if room:
                sign = ("▲", "▼")[self.model.state.reverse] if index == self.model.state.order and column.key else ""
                name = f"{column.column.name.upper()} {sign}".rstrip()
                if sign and len(name) > room:
                    # The sign tells more than the name's end.
                    name = f"{column.column.name.upper()[: room - 1]}{sign}"
                name = name[:room]
                style = self.style_of("strong" if sign else "counter")
                cells.append(Text.assemble((name.rjust(room) if column.column.right else name.ljust(room), style)))
        return Text(" ").append_text(GAP_TEXT.join(cells))

    def row_text(self, row: int, width: int) -> Text:
        """One item."""
        item = self.model.shown[row]
        cells: list[Text] = []
        texts, rooms = self.model.cells(item), self._fit(width)
        for at, (column, cell, room) in enumerate(zip(self.model.columns, texts, rooms, strict=True)):
            if column.whole is not None and not any(texts[at + 1 :]):
                return _row([*cells, Text(visible(column.whole(item)), self.style_of(column.style(item) or "label"))])
            if room:
                name = column.style(item)
                part = Text.assemble((cell, self.style_of(name) if name else ""))
                part.truncate(room, overflow="ellipsis", pad=not column.column.right)
                if column.column.right:
                    part.pad_left(room - part.cell_len)
                cells.append(part)
        return _row(cells)

    def _fit(self, width: int) -> list[int]:
        if self._widths[0] != width:
            self._widths = (width, self.model.widths(width - 2))
        return self._widths[1]


def _row(cells: list[Text]) -> Text:
    return Text(" ").append_text(GAP_TEXT.join(cells))
