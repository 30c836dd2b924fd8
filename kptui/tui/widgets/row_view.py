"""Rows drawn as they come into sight, with a cursor: what the tree and all lists of the explorer are made of.

Textual's line API: nothing is measured, and only rows that have been in sight are kept as drawn, so 430,000 rows cost
what forty do, and a cursor that moves two of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kptui.tui.keys import ROW_KEYS, bindings
from kptui.tui.settings.fields import settings_of
from kptui.tui.signs import row_in_ascii

KEPT = 400
"""So many drawn rows are kept at the most."""
STYLES = (
    "cursor", "cursor-blurred", "dim", "hop", "good", "bad", "unsure", "label", "counter", "jump", "strong", "hit",
    "rate", "news",
)  # fmt: skip


class RowView(ScrollView, can_focus=True):
    """A list of rows; subclasses say how many there are and how each looks."""

    BINDINGS: ClassVar = bindings(ROW_KEYS)
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"row--{name}" for name in STYLES}
    HEADED: ClassVar[int] = 0
    """How many lines stay above the rows: one, or none."""

    cursor: reactive[int] = reactive(0, repaint=False)

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, view: RowView, row: int) -> None:
            """The row counts from 0."""
            self.view = view
            self.row = row
            super().__init__()

        @property
        def control(self) -> RowView:
            """The view, for handlers that select by it."""
            return self.view

    class Chosen(Message):
        """The row was clicked while the cursor was on it."""

        def __init__(self, view: RowView, row: int) -> None:
            """The row counts from 0."""
            self.view = view
            self.row = row
            super().__init__()

        @property
        def control(self) -> RowView:
            """The view, for handlers that select by it."""
            return self.view

    def __init__(self, *, id: str | None = None) -> None:
        """Nothing is drawn yet."""
        self._drawn: dict[tuple[int, int, str], Strip] = {}
        self._looks: dict[str, Style] = {}
        self._dressed = False
        super().__init__(id=id)

    # What subclasses say ----------------------------------------------------------------------------------------

    def row_count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    def row_text(self, row: int, width: int) -> Text:
        """What a row shows, given the room there is; it is cut with an ellipsis if it is longer."""
        raise NotImplementedError

    def header_text(self, width: int) -> Text:
        """The line that stays above the rows of a list that is headed."""
        raise NotImplementedError

    # What they get ----------------------------------------------------------------------------------------------

    def style_of(self, name: str) -> Style:
        """One of STYLES as the theme has it, without background: rows are laid over that of the view."""
        return self.looks[name]

    @property
    def looks(self) -> dict[str, Style]:
        """The styles of rows by their names, looked up once; "" is the view's own."""
        if not self._dressed:
            looks = {name: self._look(name) for name in STYLES}
            # One colour for the whole row: whatever its texts are in, it can be read on the cursor's background.
            looks |= {name: self.get_component_rich_style(f"row--{name}") for name in ("cursor", "cursor-blurred")}
            looks[""] = self.rich_style
            if looks != self._looks:
                self._drawn.clear()
            self._looks, self._dressed = looks, True
        return self._looks

    def _look(self, name: str) -> Style:
        style = self.get_component_rich_style(f"row--{name}")
        bold = bool(style.bold) if name == "dim" else style.bold
        return Style(color=style.color, bold=bold, dim=style.dim, italic=style.italic, underline=style.underline)

    def notify_style_update(self) -> None:
        """Another theme, or another focus: the styles are looked up again."""
        super().notify_style_update()
        self._dressed = False

    def redraw(self) -> None:
        """What rows show has changed."""
        self._drawn.clear()
        self.refresh()

    def redraw_rows(self, changed: Callable[[int], bool]) -> None:
        """What some rows show has changed."""
        rows = {row for row, _, _ in self._drawn if row >= 0}
        gone = {row for row in rows if row < self.row_count() and changed(row)}
        self._drawn = {key: strip for key, strip in self._drawn.items() if key[0] not in gone}
        for row in gone:
            self._refresh_row(row)

    def refresh_rows(self) -> None:
        """There are other rows: measure, keep the cursor inside, draw."""
        count = self.row_count()
        self.virtual_size = Size(self.scrollable_content_region.width, count + self.HEADED)
        self.cursor = max(0, min(self.cursor, count - 1))
        self.redraw()

    def go_to(self, row: int) -> None:
        """Put the cursor on a row and bring it into sight."""
        self.cursor = max(0, min(row, self.row_count() - 1))
        height = self.scrollable_content_region.height - self.HEADED
        if not self.scroll_offset.y - height <= self.cursor < self.scroll_offset.y + 2 * height:
            # Far from here: with some rows above it, so that one sees where it belongs.
            self.scroll_to(y=max(0, self.cursor - height // 3), animate=False, force=True, immediate=True)
        self._show_cursor()

    def on_resize(self) -> None:
        """The width has changed, so rows are laid out anew."""
        self.refresh_rows()
        self._show_cursor()

    def watch_cursor(self, old: int, new: int) -> None:
        """Draw the two rows, and tell that the cursor moved."""
        if old != new:
            for row in (old, new):
                self._refresh_row(row)
            self.post_message(self.Moved(self, new))

    def watch_has_focus(self, _focused: bool) -> None:
        """The cursor looks different without focus."""
        super().watch_has_focus(_focused)
        self._refresh_row(self.cursor)

    def _refresh_row(self, row: int) -> None:
        y = row - self.scroll_offset.y + self.HEADED
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """One line of the view: the header, a row, or nothing."""
        width = self.scrollable_content_region.width
        row = y + self.scroll_offset.y - self.HEADED if y >= self.HEADED else -1
        if row >= self.row_count():
            return Strip.blank(width, self.looks[""])
        name = "" if row != self.cursor else "cursor" if self.has_focus else "cursor-blurred"
        looks, key = self.looks, (row, width, name)
        if key not in self._drawn:
            if len(self._drawn) >= KEPT:
                self._drawn.clear()
            text = self.row_text(row, width) if row >= 0 else self.header_text(width)
            self._drawn[key] = self._strip(text, width, looks[name] if name else Style())
        return self._drawn[key]

    def _strip(self, text: Text, width: int, background: Style) -> Strip:
        if settings_of(self.app).ascii:
            text = row_in_ascii(text)
        text.no_wrap = True
        text.truncate(width, overflow="ellipsis", pad=True)
        base = self.looks[""]
        segments = [
            Segment(segment.text, base + (segment.style or Style()) + background)
            for segment in text.render(self.app.console, end="")
        ]
        return Strip(segments, width).adjust_cell_length(width, base + background)

    def _show_cursor(self) -> None:
        self.scroll_to_region(Region(0, self.cursor, 1, 1 + self.HEADED), animate=False, force=True, immediate=True)

    def action_move(self, step: int) -> None:
        """Some rows up or down."""
        self.go_to(self.cursor + step)

    def action_page(self, pages: int) -> None:
        """Some pages up or down."""
        self.go_to(self.cursor + pages * max(1, self.scrollable_content_region.height - 1 - self.HEADED))

    def action_jump_to(self, row: int) -> None:
        """The first row (0) or the last (-1)."""
        self.go_to(self.row_count() - 1 if row < 0 else row)

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there; a second one chooses the row."""
        row = event.get_content_offset(self)
        if row is None:
            return
        index = row.y + self.scroll_offset.y - self.HEADED
        if 0 <= index < self.row_count():
            if index == self.cursor and event.chain > 1:
                self.post_message(self.Chosen(self, index))
            self.go_to(index)
