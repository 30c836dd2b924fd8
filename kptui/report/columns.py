"""Tables of text for people: columns as wide as what is in them, cut where the terminal ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kptui.records import dataclass

GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name and the least width that it may be cut to; where there is still no room, `rank` says who goes.

    The highest rank is left out first, 0 never.
    """

    name: str
    least: int
    rank: int = 0
    right: bool = False


def fitted(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> list[int]:
    """Each column's width (0: left out) so that a row fits; without a width, whatever the longest text needs."""
    wanted = [max([len(column.name), *(len(row[at]) for row in rows)]) for at, column in enumerate(columns)]
    if width is None:
        return wanted
    shown = [at for at, _ in enumerate(columns) if wanted[at]]
    while sum(min(columns[at].least, wanted[at]) + GAP for at in shown) - GAP > width:
        worst = max(shown, key=lambda at: columns[at].rank)
        if not columns[worst].rank:
            break
        shown.remove(worst)
    widths = [min(columns[at].least, wanted[at]) if at in shown else 0 for at, _ in enumerate(columns)]
    spare = width - sum(widths) - GAP * (len(shown) - 1)
    for at in sorted(shown, key=lambda at: columns[at].rank):
        more = max(0, min(spare, wanted[at] - widths[at]))
        widths[at] += more
        spare -= more
    return widths


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    width: int | None,
    paint: Callable[[str, str], str],
    style: Callable[[int, int], str | None] = lambda row, column: None,
) -> list[str]:
    """Lines: the columns' names, then the rows; `style` names how a cell is painted."""
    widths = fitted(columns, rows, width)
    heads = [_cell(column.name.upper(), widths[at], column.right) for at, column in enumerate(columns) if widths[at]]
    lines = [paint((" " * GAP).join(heads).rstrip(), "dim")]
    for number, row in enumerate(rows):
        cells = []
        for at, column in enumerate(columns):
            if widths[at]:
                kind = style(number, at)
                text = _cell(row[at], widths[at], column.right)
                cells.append(paint(text, kind) if kind and row[at] else text)
        lines.append((" " * GAP).join(cells).rstrip())
    return lines


def _cell(text: str, width: int, right: bool) -> str:
    if len(text) > width:
        text = text[: max(0, width - 1)] + "…"
    return text.rjust(width) if right else text.ljust(width)
