"""The explorer over several sources: the nodes first, then the rules of the one that is chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on, work
from textual.message import Message

from kptui.kubernetes.known_names import KnownNames
from kptui.live.readers import Reader, reader_of
from kptui.live.watch import Watch
from kptui.nodes.fleet import Fleet
from kptui.nodes.frozen import Frozen
from kptui.syntax.ast import Ruleset
from kptui.tracing import Session
from kptui.tui.app import Kptui
from kptui.tui.screens.chosen import Chosen
from kptui.tui.screens.differing import DifferingScreen
from kptui.tui.screens.main import MainScreen
from kptui.tui.screens.nodes import NodesScreen
from kptui.tui.settings.fields import INTERVAL, UNCHOSEN, Settings
from kptui.tui.table_model import TableState
from kptui.tui.telling import tell


class NodesApp(Kptui):
    """Reads a fleet in the background, and shows its nodes; one of them is explored at a time."""

    GREETING: ClassVar = (
        "{node_open} explores a node\n{view_filter} filters\n{differences} tells what differs\n{help} tells all keys"
    )

    class Changed(Message):
        """Something about the nodes is another now."""

    def __init__(
        self,
        fleet: Fleet,
        settings: Settings = UNCHOSEN,
        interval: float | None = None,
        reader: Callable[[str, KnownNames | None], Reader] = reader_of,
    ) -> None:
        """Nothing is read before the screen is there; a running node that is explored is read on by a `reader`."""
        super().__init__(Session(Ruleset("", (), ()), ""), settings=settings)
        self.fleet = fleet
        self._reader = reader
        self._interval = interval or settings.interval or INTERVAL
        self._explored: tuple[str, Frozen] | None = None
        self._table = TableState()
        self._differing = TableState()

    def open_first(self) -> None:
        """The nodes, while they are being read."""
        self.action_nodes()
        self.gather()

    def action_nodes(self) -> None:
        """The nodes."""
        if not isinstance(self.screen, NodesScreen):
            self.push_screen(NodesScreen(self.fleet, self._table, self._differing, self._explored), self._picked)

    @work(thread=True, exclusive=True, group="gather", exit_on_error=False)
    def gather(self) -> None:
        """Read every node (again)."""

        def changed() -> None:
            self.post_message(self.Changed())

        self.fleet.gather(changed)

    @on(NodesScreen.ReadAgain)
    def read_again(self) -> None:
        """Read every node again."""
        self.gather()

    @on(Changed)
    def changed(self) -> None:
        """Tell the views, wherever they are."""
        self.garbage.read()
        for screen in self.screen_stack:
            if isinstance(screen, NodesScreen | DifferingScreen):
                screen.fleet_changed()

    def _picked(self, found: Chosen | None) -> None:
        """Explore what was picked; the packet asked for last is kept, to be traced here too."""
        main = next((screen for screen in self.screen_stack if isinstance(screen, MainScreen)), None)
        if found is None or (found.session is None and main is None):
            return
        if found.session is not None:
            main = self._explore(found.session, main)
            frozen = self.fleet.node(found.node or "").frozen
            self._explored = (found.node or "", frozen) if frozen is not None else None
        assert main is not None
        if found.place is not None or found.view:
            main.call_after_refresh(main.viewed, found)

    def _explore(self, session: Session, before: MainScreen | None) -> MainScreen:
        # What was read with the others is shown at once; what runs is read on from here.
        watch = Watch(self._interval if session.live else None)
        main = MainScreen(session, reader=self._reader(session.source, session.names), watch=watch)
        if before is not None:
            main.request = before.request
            main.asked_before = before.asked_before
            main.bookmarks = before.bookmarks
            self.pop_screen()
        else:
            tell(self.screen, "{nodes} goes back to the nodes.", timeout=4)
        self.push_screen(main)
        return main

    def on_unmount(self) -> None:
        """Leave nothing running."""
        super().on_unmount()
        self.fleet.cancel()
