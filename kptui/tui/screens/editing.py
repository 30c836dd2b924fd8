"""Opening the selected rule in the user's editor."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from textual.app import SuspendNotSupported

from kptui.errors import KptuiError
from kptui.text import visible
from kptui.tui import editor
from kptui.tui.screens.marking import Marking
from kptui.tui.tree_model import Place

COPY = "A copy of the rules as they are shown: what is changed in it changes nothing else."


class Editing(Marking):
    """The part of the main screen that opens an editor."""

    _folder: TemporaryDirectory[str] | None = None
    """Where copies lie; an editor with a window of its own may look at them for as long as the explorer runs."""

    def action_edit(self) -> None:
        """Open the file at the line of what is selected."""
        self.edit(self.line_of(self.navigation.place))

    def edit(self, line: int) -> None:
        """Open the file at a line (from 1); of a source that is no file, a copy."""
        try:
            words = editor.editor()
            own = editor.is_file_of(self.session.source, self.ruleset, line)
            path = Path(self.session.source) if own else editor.copy_of(self.ruleset, self._copies())
            with self.app.suspend():
                editor.run(editor.command(words, path, line))
        except SuspendNotSupported:
            self.notify("No editor can be opened in this terminal.", severity="error", timeout=4)
            return
        except (KptuiError, OSError) as error:
            self.notify(visible(str(error)), severity="error", timeout=6, markup=False)
            return
        told = [] if own else [COPY]
        if not editor.knows_lines(words):
            told.append(f"How {visible(words[0])} opens a line is not known: it is line {line}.")
        if told:
            self.notify(" ".join(told), timeout=6, markup=False)

    def line_of(self, place: Place | None) -> int:
        """Where a place stands in the dump, its first line for what stands nowhere."""
        if place is None:
            return 1
        rule, chain = self._rule(place), self._table_chain(place)[1]
        return max(1, rule.line if rule is not None else chain.line if chain is not None else 1)

    def _copies(self) -> Path:
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="kptui-")
        return Path(self._folder.name)

    async def on_unmount(self) -> None:
        """Leave no copy."""
        if self._folder is not None:
            self._folder.cleanup()
