"""The copy menu: what is to be copied, one key each; to the clipboard by OSC 52, or, the sure way, to a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static

from kptui.errors import KptuiError
from kptui.text import visible
from kptui.tui.copying import MANY, Item, own_picture, size_words, write_file
from kptui.tui.keys import COPY_KEYS, bindings
from kptui.tui.settings.fields import settings_of
from kptui.tui.settings.keymap import label, labels
from kptui.tui.widgets.menu_lines import MenuLine, MenuLines

PICTURE = "copy_picture"
TERMINAL = "OSC 52: your terminal has to allow it, tmux needs set-clipboard on."
FILE = "A new file in the directory kptui was started in, for you only."


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was chosen, and where it shall go."""

    item: Item
    to_file: bool


class CopyMenu(ModalScreen[Wanted | None]):
    """A few lines, a key each."""

    BINDINGS: ClassVar = bindings(COPY_KEYS)

    def __init__(self, items: Sequence[Item]) -> None:
        """`items` with their texts; the picture of the screen comes last by itself."""
        super().__init__()
        self.items = [
            *items,
            Item(PICTURE, "the screen as a picture", str, "kptui-screen.svg", "SVG, always to a file"),
        ]
        self.to_file = False

    def compose(self) -> Iterator[Widget]:
        """The lines, and where what is chosen goes."""
        with Vertical(classes="menu"):
            named = settings_of(self.app)
            keys = {key.id: label(key, named) for key in COPY_KEYS}
            yield MenuLines(
                [MenuLine(keys[each.id], each.name, each.words, each.text is not None) for each in self.items]
            )
            yield Static(id="menu-note", markup=False)

    def on_mount(self) -> None:
        """Say where it goes."""
        self._tell()

    def _tell(self) -> None:
        keys = labels(settings_of(self.app))
        block = self.query_one(".menu")
        block.border_title = "Write to a file" if self.to_file else "Copy to the clipboard"
        where = "to the clipboard" if self.to_file else "to a file"
        block.border_subtitle = Text(f"{keys['copy_to_file']} {where} · {keys['copy_close']} closes")
        self.query_one("#menu-note", Static).update(FILE if self.to_file else TERMINAL)

    def action_to_file(self) -> None:
        """The sure way, or back to the clipboard."""
        self.to_file = not self.to_file
        self._tell()

    def action_take(self, id: str) -> None:
        """Copy that, if there is such a thing now."""
        item = next((each for each in self.items if id in (each.id, each.also)), None)
        if item is None:
            return
        if item.text is None:
            self.notify(f"{item.name[0].upper()}{item.name[1:]}: {item.words}.", timeout=3, markup=False)
        else:
            self.dismiss(Wanted(item, self.to_file or item.id == PICTURE))

    @on(MenuLines.Clicked)
    def clicked(self, event: MenuLines.Clicked) -> None:
        """A click is as good as the key."""
        self.action_take(self.items[event.number].id)

    def action_cancel(self) -> None:
        """Nothing is copied."""
        self.dismiss(None)


def copy_from(screen: Screen[Any], items: Sequence[Item]) -> None:
    """Ask what is to be copied from a screen, copy it, and say what was done."""

    def chosen(wanted: Wanted | None) -> None:
        if wanted is not None:
            # A picture is one of the screen without the menu.
            screen.call_after_refresh(_copy, screen, wanted)

    screen.app.push_screen(CopyMenu(items), chosen)


def _copy(screen: Screen[Any], wanted: Wanted) -> None:
    item = wanted.item
    try:
        text = own_picture(screen.app.export_screenshot()) if item.id == PICTURE else item.text() if item.text else ""
        if wanted.to_file:
            path = write_file(item.file, text)
            screen.notify(f"Wrote {item.name} to {visible(str(path))}.", timeout=8, markup=False)
            return
    except KptuiError as error:
        screen.notify(visible(str(error)), severity="error", markup=False)
        return
    screen.app.copy_to_clipboard(text)
    said = f"Copied {item.name} ({size_words(text)})."
    if len(text.encode()) > MANY:
        said += " Many terminals take no text as long as this: y w writes it to a file."
    screen.notify(said, timeout=4, markup=False)
