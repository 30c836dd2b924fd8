"""Tables of text: columns as wide as needed, cut or left out where the width ends."""

from __future__ import annotations

from kptui.report.columns import Column, fitted, table

COLUMNS = (Column("name", 5), Column("count", 5, rank=1, right=True), Column("words", 8, rank=2))
ROWS = [["a-very-long-name", "2", "some words that go on"], ["b", "10000", ""]]


def told(width: int | None) -> list[str]:
    return table(COLUMNS, ROWS, width, lambda text, kind: text)


def test_without_a_width_nothing_is_cut() -> None:
    assert told(None) == [
        "NAME              COUNT  WORDS",
        "a-very-long-name      2  some words that go on",
        "b                 10000",
    ]


def test_a_narrow_table_is_cut_the_first_column_last() -> None:
    for width in range(22, 46):
        lines = told(width)
        assert max(map(len, lines)) <= width
    assert told(40)[1] == "a-very-long-name      2  some words tha…"
    assert told(25)[1] == "a-very-…      2  some wo…"


def test_where_it_is_narrower_still_columns_go_by_rank() -> None:
    assert fitted(COLUMNS, ROWS, 20)[2] == 0
    assert told(20)[1] == "a-very-long-…      2"
    assert fitted(COLUMNS, ROWS, 8)[1:] == [0, 0]
    assert told(8)[1] == "a-very-…"


def test_cells_are_painted_after_they_are_cut() -> None:
    lines = table(
        COLUMNS, ROWS, 25, lambda text, kind: f"<{text}>", lambda row, column: "strong" if not column else None
    )
    assert lines[1] == "<a-very-…>      2  some wo…"
