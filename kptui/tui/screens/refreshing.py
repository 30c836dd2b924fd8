"""Reading the source again and again: in the background, each time a frozen snapshot, the place staying as it is."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from textual import on, work
from textual.message import Message
from textual.worker import get_current_worker

from kptui.errors import CancelledError, KptuiError
from kptui.kubernetes.names import ENDPOINT_PREFIX
from kptui.kubernetes.service import ServicePort
from kptui.live.opening import Opening
from kptui.live.readers import Reader, reader_of
from kptui.live.snapshot import Snapshot
from kptui.live.underway import Underway
from kptui.live.watch import Watch
from kptui.report.explain.around import Around
from kptui.tracing import Session
from kptui.tui.courtesy import COURTESY
from kptui.tui.early import early_keys
from kptui.tui.garbage import Garbage
from kptui.tui.live_words import LONG, Standing, standing
from kptui.tui.naming import Naming
from kptui.tui.screens.busiest import BusiestScreen
from kptui.tui.screens.changes import ChangesScreen
from kptui.tui.screens.connections import ConnectionsScreen
from kptui.tui.screens.views import Views
from kptui.tui.settings.fields import settings_of
from kptui.tui.telling import tell
from kptui.tui.tree_model import Place, TreeModel
from kptui.tui.widgets.bars import KeyBar, TopBar
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.row_view import RowView
from kptui.tui.widgets.rule_detail import RuleDetail
from kptui.tui.widgets.rule_list import RuleList
from kptui.tui.widgets.view_line import ViewLine
from kptui.tui.widgets.waiting import Waiting

TICK = 0.25
"""Seconds between two looks at the clock."""
WHILE_WAITING = frozenset({"reload", "cancel", "help", "pause"})
"""What makes sense before there are rules."""


class Refreshing(Views):
    """The part of the main screen that reads its source."""

    class Read(Message):
        """A reading has ended; only that of the newest number counts."""

        def __init__(self, number: int, result: Snapshot | str | None, model: TreeModel | None = None) -> None:
            """A snapshot with a tree if its rules are other ones, or why there is none (None: nobody waited)."""
            self.number = number
            self.result = result
            self.model = model
            super().__init__()

    def __init__(
        self,
        session: Session,
        local: tuple[str, ...] = (),
        opening: Opening | None = None,
        reader: Reader | None = None,
        watch: Watch | None = None,
    ) -> None:
        """`opening` is a first reading under way; else a session has rules, and `reader` and `watch` read them anew."""
        super().__init__(session, local)
        self.opening = opening
        self.reader = opening.reader if opening else reader or reader_of(session.source, session.names)
        self.timing = opening.watch if opening else watch or Watch()
        if opening is None and self.timing.read_at is None:
            self.timing.read_at = self.timing.clock()
        self.snapshot = Snapshot.empty(session)
        self.underway = opening.underway if opening else Underway(self.timing.clock)
        self._waited_for = False
        self._shown: Standing | None = None

    @property
    def waiting(self) -> bool:
        """Whether there are no rules yet."""
        return self.snapshot.number == 0 and not self.ruleset.tables and self.opening is not None

    def follow_source(self) -> None:
        """Begin: take over the reading that is under way, and look at the clock from now on."""
        self.set_interval(TICK, self.tick)
        if self.opening is not None:
            self._open(self.opening)
        self.tick()

    def tick(self) -> None:
        """Read if it is time to, and say how things stand."""
        if self.timing.due:
            self._begin()
        if self.snapshot.marks.rules or self.snapshot.marks.chains:
            self._age_marks()
        self.show_standing()

    def show_standing(self) -> None:
        """Say how the readings stand, if that is other than what is said."""
        asked = self._waited_for or self.waiting
        found = standing(
            self.timing, self.snapshot.when, self.underway, self.session.live, asked, settings_of(self.app)
        )
        if found != self._shown:
            self._shown = found
            self.query_one(TopBar).show_status(found.status, found.warning)
            waiting = self.query_one(Waiting)
            waiting.show(self.session.source, found if self.waiting else None)
            self.query_one("#main").display = not self.waiting
            # Nothing to search or trace yet: the keys that make sense stand with what is waited for.
            self.query_one(KeyBar).display = not self.waiting

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Before there are rules, most keys have nothing to act on."""
        known = action in WHILE_WAITING or action.startswith(("app.", "screen."))
        return True if known or not self.waiting or not hasattr(self, f"action_{action}") else None

    def action_reload(self) -> None:
        """Read the source now."""
        if self.timing.reading:
            self.notify("It is being read.", timeout=2)
            return
        self._waited_for = True
        self._begin()
        self.show_standing()

    def action_pause(self) -> None:
        """Read no more by itself, or go on."""
        if self.timing.interval is None:
            tell(self, "This source is read by key only: {reload} reads it again.")
            return
        self.timing.pause()
        self.tick()
        if self.app.screen is not self:
            # Where it stands otherwise is covered.
            tell(self, "Paused: {pause} goes on." if self.timing.paused else "Read again and again from now on.")

    def action_changes(self) -> None:
        """What changed since the source was opened."""
        self.open_view(ChangesScreen(self.snapshot, self.state("changes")))

    def action_busiest(self) -> None:
        """The busiest rules."""
        self.open_view(BusiestScreen(self.snapshot, self.state("busiest")))

    def action_connections(self) -> None:
        """The connections of the Service or endpoint that is selected, or of all."""
        place = self.navigation.place
        table, chain = self._table_chain(place) if place else (None, None)
        service, pod = None, None
        if table is not None and chain is not None:
            service = self.naming.service(table, chain.name)
            pod = self.naming.label(table, chain.name) if chain.name.startswith(ENDPOINT_PREFIX) else None
        self.show_connections(service, pod)

    def show_connections(self, service: ServicePort | None, pod: str | None = None) -> None:
        """The connections of a Service port, to an endpoint, or all."""
        self.open_view(ConnectionsScreen(self.snapshot, self.state("connections"), service, pod))
        if self.timing.interval is not None and not self.timing.reading:
            # What is known of them may be half a minute old.
            self._begin()

    def stop_reading(self, long: bool = False) -> bool:
        """Give up a reading that somebody waits for, or any that takes `long`; whether there was one."""
        long = long and self.timing.seconds >= LONG
        if not self.timing.reading or not (self._waited_for or self.waiting or long):
            return False
        if self.opening is not None:
            self.opening.give_up()
        self.timing.give_up()
        self._waited_for = False
        if self.waiting or long:
            self.timing.paused = self.timing.interval is not None
        if self.waiting:
            self.timing.why = "Reading was given up."
            early_keys(self.app).forget()
        elif self.timing.paused:
            tell(self, "Given up, and paused: {pause} goes on, {reload} reads now.", timeout=4)
        self.show_standing()
        return True

    async def on_unmount(self) -> None:
        """Leave nothing running; what has to be waited for keeps no other screen waiting."""
        if self.opening is not None:
            self.opening.give_up()
        self.timing.give_up()
        await asyncio.to_thread(self.reader.close)

    # In the background -------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.underway = Underway(self.timing.clock)
        wanted = any(getattr(screen, "wants_all", False) for screen in self.app.screen_stack)
        self._read(self.timing.begin(), self.timing.wants_all() or wanted)

    @work(thread=True, group="reload", exit_on_error=False, description="reading the source")
    def _open(self, opening: Opening) -> None:
        worker = get_current_worker()
        while not opening.wait(0.05):
            if worker.is_cancelled or opening.number != self.timing.number:
                return
        found, model = opening.take(), None
        if opening.bundle is not None:
            # Several hosts want another first screen: whoever opened this one opens that.
            self.app.call_from_thread(self.app.exit)
            return
        if found is not None:
            model = TreeModel(found.session.ruleset)
        self.post_message(self.Read(opening.number, found or opening.why, model))

    @work(thread=True, group="reload", exit_on_error=False, description="reading the source")
    def _read(self, number: int, everything: bool) -> None:
        # Not an argument: a worker that has ended would keep it, and with it the rules before.
        worker, before = get_current_worker(), self.snapshot

        underway = self.underway

        def unwanted() -> bool:
            COURTESY.give_way()
            return worker.is_cancelled or number != self.timing.number

        result: Snapshot | str | None = None
        model = None
        try:
            look = self.reader.read(before.number, everything, underway, unwanted)
            result = before.later(look, underway, unwanted)
            if result.rules_changed:
                opened = set(self.opened) if before.session.ruleset.tables else None
                model = TreeModel(result.session.ruleset, opened, COURTESY.give_way)
        except CancelledError:
            pass
        except KptuiError as error:
            result = str(error)
        self.post_message(self.Read(number, result, model))

    @property
    def opened(self) -> set[Place]:
        """What is unfolded."""
        return self.query_one(ChainTree).model.opened

    # What comes of it --------------------------------------------------------------------------------------------

    @on(Read)
    def was_read(self, event: Read) -> None:
        """Take a snapshot over, or say why there is none; what was overtaken is dropped."""
        if isinstance(event.result, Snapshot):
            if self.timing.good(event.number):
                self._take(event.result, event.model)
        elif event.result is not None and self.timing.bad(event.number, event.result):
            self._failed(event.result)
        self.show_standing()

    def _failed(self, why: str) -> None:
        asked, self._waited_for = self._waited_for, False
        early_keys(self.app).forget()
        if not self.waiting and (asked or self.timing.failures == 1):
            self.notify(f"{why} What is shown is as before.", severity="error", markup=False)

    def _take(self, found: Snapshot, model: TreeModel | None) -> None:
        first, before, self.snapshot = self.waiting, self.snapshot, found
        asked, self._waited_for = self._waited_for, False
        self.session = found.session
        place = self._moved(before, found)
        if found.rules_changed and model is not None:
            self._other_rules(model)
            if isinstance(garbage := getattr(self.app, "garbage", None), Garbage):
                garbage.read(before.session)
        self._measure()
        if found.rules_changed:
            self.go(self.start if first else place)
            self.search_again()
        if first:
            self.query_one("#main").display = True
            self.query_one(ChainTree).focus()
            self.call_after_refresh(self._show_breadcrumbs)
            self.call_after_refresh(early_keys(self.app).press)
        if self.trace is not None and found.facts_changed:
            self.start_trace(self.request, again=True)
        if asked and not first:
            self.notify("Read again.", timeout=2)
        for screen in self.app.screen_stack:
            take = getattr(screen, "take_snapshot", None)
            if take is not None:
                take(found)

    def _other_rules(self, model: TreeModel) -> None:
        self.naming = Naming(self.session)
        self.around = Around(self.ruleset, lambda: self.session.services, self.session.backend)
        self.survey = None
        tree = self.query_one(ChainTree)
        model.adopt(tree.model.opened if tree.model.tables else model.opened)
        with tree.prevent(RowView.Moved):
            tree.set_model(model, self.naming)
        self.rules_changed()

    def _moved(self, before: Snapshot, now: Snapshot) -> Place | None:
        """Where what is selected is now: the same rule, else what it lay in."""
        place = self.navigation.place
        if place is not None and place.rule is not None and now.rules_changed:
            place = self._same_rule(place, before, now)
        while place is not None and not self.exists(place):
            place = place.parent
        return place

    def _same_rule(self, place: Place, before: Snapshot, now: Snapshot) -> Place:
        table = before.session.ruleset.table(place.table)
        old = table.chains.get(place.chain) if table and place.chain else None
        _, chain = self._table_chain(place)
        if old is None or chain is None or place.rule is None or place.rule > len(old.rules):
            return place
        line = now.line_now(before, old.rules[place.rule - 1].line)
        numbers = getattr(chain.rules, "numbers", ())
        if line is None or line not in numbers:
            return Place(place.table, place.chain, min(place.rule, len(numbers)) or None)
        return Place(place.table, place.chain, list(numbers).index(line) + 1)

    def _age_marks(self) -> None:
        aged = self.snapshot.marks.later(self.timing.clock(), None, None)
        if len(aged.rules) + len(aged.chains) < len(self.snapshot.marks.rules) + len(self.snapshot.marks.chains):
            self.snapshot = replace(self.snapshot, marks=aged)
            self._measure()

    def _measure(self) -> None:
        """Tree and rule list show the counters of now, and what is news; so a view may have something to show now."""
        self.query_one(ViewLine).refresh()
        self.query_one(ChainTree).set_snapshot(self.snapshot)
        self.query_one(RuleList).set_snapshot(self.snapshot)
        self.query_one(RuleDetail).set_snapshot(self.snapshot)

    # What the main screen adds -----------------------------------------------------------------------------------

    @property
    def start(self) -> Place | None:
        """Where one begins."""
        raise NotImplementedError

    def rules_changed(self) -> None:
        """The rules are other ones."""
        raise NotImplementedError
