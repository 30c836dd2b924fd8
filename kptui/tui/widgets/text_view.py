"""A pane of text that is laid out in lines once, so that other text in it, or a step down, moves nothing else."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip


class TextView(ScrollView, can_focus=True):
    """Text over Textual's line API, as wide as the pane; a bar beside it where it is longer."""

    def __init__(self, *, id: str) -> None:
        """Nothing is shown yet."""
        self.block: RenderableType = Text()
        self._lines: list[Strip] | None = None
        super().__init__(id=id)

    def show_block(self, block: RenderableType) -> None:
        """Show another text, from its beginning."""
        self.block = block
        self._lay_out()
        self.scroll_to(0, 0, animate=False, force=True, immediate=True)

    def on_resize(self) -> None:
        """There is another width."""
        self._lay_out()

    def notify_style_update(self) -> None:
        """There are other colours, perhaps."""
        super().notify_style_update()
        self._lines = None

    def _lay_out(self) -> None:
        self._lines = None
        self.virtual_size = Size(self.scrollable_content_region.width, len(self.lines))
        self.refresh()

    @property
    def lines(self) -> list[Strip]:
        """The text as it fits."""
        if self._lines is None:
            width, height = self.content_size
            self._lines = self._fitted(width)
            if len(self._lines) > height:
                self._lines = self._fitted(width - self.styles.scrollbar_size_vertical)
        return self._lines

    def _fitted(self, width: int) -> list[Strip]:
        if width < 1:
            return []
        options = self.app.console_options.update(width=width, height=None, highlight=False)
        lines = self.app.console.render_lines(self.block, options, style=self.rich_style, pad=False)
        return [Strip(line) for line in lines]

    def render_line(self, y: int) -> Strip:
        """One line of the pane."""
        at = y + self.scroll_offset.y
        return self.lines[at] if at < len(self.lines) else Strip([])
