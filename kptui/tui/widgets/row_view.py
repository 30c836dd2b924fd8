"""Rows drawn as they come into sight, with a cursor: what the tree and all lists of the explorer are made of.

Textual's line API: nothing is measured or kept per row, so 430,000 rows cost what forty do.
"""

from __future__ import annotations

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

STYLES = (
    "cursor", "cursor-blurred", "dim", "hop", "good", "bad", "unsure", "label", "counter", "jump", "strong", "hit",
    "rate", "news",
)  # fmt: skip


class RowView(ScrollView, can_focus=True):
    """A list of rows; subclasses say how many there are and how each looks."""

    BINDINGS: ClassVar = bindings(ROW_KEYS)
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"row--{name}" for name in STYLES}

    cursor: reactive[int] = reactive(0)

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

    # What subclasses say ----------------------------------------------------------------------------------------

    def row_count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    def row_text(self, row: int, width: int) -> Text:
        """What a row shows, given the room there is; it is cut with an ellipsis if it is longer."""
        raise NotImplementedError

    def header_text(self, width: int) -> Text | None:
        """A line that stays above the rows, None for none."""
        return None

    # What they get ----------------------------------------------------------------------------------------------

    def style_of(self, name: str) -> Style:
        """One of STYLES as the theme has it, without background: rows are laid over that of the view."""
        style = self.get_component_rich_style(f"row--{name}")
        bold = bool(style.bold) if name == "dim" else style.bold
        return Style(color=style.color, bold=bold, dim=style.dim, italic=style.italic, underline=style.underline)

    def refresh_rows(self) -> None:
        """The rows have changed: measure, keep the cursor inside, draw."""
        count = self.row_count()
        self.virtual_size = Size(self.scrollable_content_region.width, count + self._header)
        self.cursor = max(0, min(self.cursor, count - 1))
        self.refresh()

    def go_to(self, row: int) -> None:
        """Put the cursor on a row and bring it into sight."""
        self.cursor = max(0, min(row, self.row_count() - 1))
        height = self.scrollable_content_region.height - self._header
        if not self.scroll_offset.y - height <= self.cursor < self.scroll_offset.y + 2 * height:
            # Far from here: with some rows above it, so that one sees where it belongs.
            self.scroll_to(y=max(0, self.cursor - height // 3), animate=False, force=True, immediate=True)
        self._show_cursor()

    @property
    def _header(self) -> int:
        return 1 if self.header_text(self.size.width) is not None else 0

    def on_resize(self) -> None:
        """The width has changed, so rows are laid out anew."""
        self.refresh_rows()
        self._show_cursor()

    def watch_cursor(self, old: int, new: int) -> None:
        """Tell that the cursor moved."""
        if old != new:
            self.refresh()
            self.post_message(self.Moved(self, new))

    def watch_has_focus(self, _focused: bool) -> None:
        """The cursor looks different without focus."""
        super().watch_has_focus(_focused)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the view: the header, a row, or nothing."""
        width = self.scrollable_content_region.width
        header = self.header_text(width)
        if header is not None and y == 0:
            return self._strip(header, width, Style())
        row = y + self.scroll_offset.y - (1 if header is not None else 0)
        if not 0 <= row < self.row_count():
            return Strip.blank(width, self.rich_style)
        background = Style()
        if row == self.cursor:
            name = "row--cursor" if self.has_focus else "row--cursor-blurred"
            # One colour for the whole row: whatever its texts are in, it can be read on the cursor's background.
            background = self.get_component_rich_style(name)
        return self._strip(self.row_text(row, width), width, background)

    def _strip(self, text: Text, width: int, background: Style) -> Strip:
        if settings_of(self.app).ascii:
            text = row_in_ascii(text)
        text.no_wrap = True
        text.truncate(width, overflow="ellipsis", pad=True)
        base = self.rich_style
        segments = [
            Segment(segment.text, base + (segment.style or Style()) + background)
            for segment in text.render(self.app.console, end="")
        ]
        return Strip(segments, width).adjust_cell_length(width, base + background)

    def _show_cursor(self) -> None:
        self.scroll_to_region(Region(0, self.cursor, 1, 1 + self._header), animate=False, force=True, immediate=True)

    def action_move(self, step: int) -> None:
        """Some rows up or down."""
        self.go_to(self.cursor + step)

    def action_page(self, pages: int) -> None:
        """Some pages up or down."""
        self.go_to(self.cursor + pages * max(1, self.scrollable_content_region.height - 1 - self._header))

    def action_jump_to(self, row: int) -> None:
        """The first row (0) or the last (-1)."""
        self.go_to(self.row_count() - 1 if row < 0 else row)

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there; a second one chooses the row."""
        row = event.get_content_offset(self)
        if row is None:
            return
        index = row.y + self.scroll_offset.y - self._header
        if 0 <= index < self.row_count():
            if index == self.cursor and event.chain > 1:
                self.post_message(self.Chosen(self, index))
            self.go_to(index)
