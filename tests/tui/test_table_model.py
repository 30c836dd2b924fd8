"""What a table shows: filtered, sorted, measured."""

from __future__ import annotations

from kptui.report.columns import Column
from kptui.tui.table_model import TableColumn, TableModel, TableState

COLUMNS: tuple[TableColumn[tuple[str, int]], ...] = (
    TableColumn(Column("name", 5), lambda item: item[0], lambda item: item[0]),
    TableColumn(Column("count", 5, rank=1), lambda item: str(item[1]), lambda item: item[1]),
    TableColumn(Column("note", 5, rank=2), lambda item: "\x1b[31m"),
)
ITEMS = [("pear", 3), ("apple", 20), ("apricot", 100)]


def shown(state: TableState) -> list[str]:
    model = TableModel(COLUMNS, state=state)
    model.set_items(ITEMS)
    return [name for name, _ in model.shown]


def test_rows_are_sorted_by_the_first_column_at_first() -> None:
    assert shown(TableState()) == ["apple", "apricot", "pear"]


def test_by_another_column_numbers_are_numbers_and_the_other_way_round() -> None:
    assert shown(TableState(order=1)) == ["pear", "apple", "apricot"]
    assert shown(TableState(order=1, reverse=True)) == ["apricot", "apple", "pear"]


def test_a_column_without_a_key_leaves_the_order_as_it_comes() -> None:
    assert shown(TableState(order=2)) == ["pear", "apple", "apricot"]
    assert TableModel(COLUMNS).orders() == [0, 1]


def test_every_word_has_to_occur_in_a_cell() -> None:
    assert shown(TableState(words="ap")) == ["apple", "apricot"]
    assert shown(TableState(words="AP 100")) == ["apricot"]
    assert shown(TableState(words="plum")) == []


def test_other_items_come_as_the_table_is_looked_at() -> None:
    model = TableModel(COLUMNS, state=TableState(words="ap"))
    model.set_items([("grape", 1), ("fig", 2)])
    assert model.shown == [("grape", 1)]


def test_cells_are_fit_to_be_shown_and_columns_to_the_width() -> None:
    model = TableModel(COLUMNS)
    model.set_items(ITEMS)
    assert model.cells(ITEMS[0]) == ["pear", "3", "\\x1b[31m"]
    assert model.widths(80) == [7, 7, 8]
    assert model.widths(15)[2] == 0
