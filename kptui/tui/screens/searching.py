"""Searching: hits while one types, and stepping through them."""

from __future__ import annotations

import time
from collections.abc import Set

from textual import on, work
from textual.message import Message
from textual.worker import get_current_worker

from kptui.errors import UsageError
from kptui.ruleset.search import Hit
from kptui.tracing import Session
from kptui.tui.courtesy import COURTESY
from kptui.tui.empty import next_step
from kptui.tui.screens.editing import Editing
from kptui.tui.settings.fields import settings_of
from kptui.tui.tree_model import Place
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.rule_list import RuleList
from kptui.tui.widgets.search_bar import SearchBar

MAX_HITS = 10_000
OFTEN = 0.1
"""Seconds between two messages of a search that finds more and more."""


class Searching(Editing):
    """The part of the main screen that searches."""

    class Found(Message):
        """A search is finished, or has found more."""

        def __init__(
            self, text: str, hits: list[Hit], places: Set[Place], again: bool = False, more: bool = False
        ) -> None:
            """The hits are for that text; `again` if it was searched for before, in older rules; `more` may come."""
            self.text = text
            self.hits = hits
            self.places = places
            self.again = again
            self.more = more
            super().__init__()

    class Refused(Message):
        """What is searched for makes no sense."""

        def __init__(self, text: str, why: str) -> None:
            """The text, and why it doesn't."""
            self.text = text
            self.why = why
            super().__init__()

    def __init__(self, session: Session) -> None:
        """Nothing is searched for yet."""
        super().__init__(session)
        self.hits: list[Hit] = []
        self.hit = -1
        self._searched = ""
        self._under_way = False
        self._entered = False

    def action_search(self) -> None:
        """Open the search."""
        self._show_bar(True)
        self.query_one(SearchBar).open()

    def _show_bar(self, shown: bool) -> None:
        """The line lies over the panes' frames; lists that have none make room."""
        self.query_one(SearchBar).show(shown)
        trace = self.query_one("#trace")
        trace.set_class(shown and trace.has_class("-shown"), "-searched")

    @on(SearchBar.Typed)
    def searched(self, event: SearchBar.Typed) -> None:
        """Search for what is typed, once that is to be seen; the hits before stay marked until there are others."""
        self._searched = event.text
        self._entered = False
        self._under_way = bool(event.text.strip())
        self.hits, self.hit = [], -1
        if self._under_way:
            self.query_one(SearchBar).count("searching …")
            self.call_after_refresh(self._search_typed, event.text)
        else:
            self.workers.cancel_group(self, "search")
            self._hits([])
            self.query_one(SearchBar).count("")

    def _search_typed(self, text: str) -> None:
        if text == self._searched:
            self._search(text)

    @work(thread=True, exclusive=True, group="search", exit_on_error=False)
    def _search(self, text: str, again: bool = False) -> None:
        worker = get_current_worker()
        hits: list[Hit] = []
        places: set[Place] = set()
        told = time.monotonic(), 0

        def stopped() -> bool:
            """Whether nobody waits; they are told on the way what has been found so far, and keys are done first."""
            nonlocal told
            COURTESY.give_way()
            if not again and len(hits) > told[1] and (not told[1] or time.monotonic() - told[0] >= OFTEN):
                told = time.monotonic(), len(hits)
                self.post_message(self.Found(text, list(hits), frozenset(places), more=True))
            return worker.is_cancelled

        try:
            for hit in self.session.searcher.search(text, stopped):
                hits.append(hit)
                places.add(Place(hit.table, hit.chain, hit.rule))
                if len(hits) >= MAX_HITS or stopped():
                    break
        except UsageError as error:
            self.post_message(self.Refused(text, str(error)))
            return
        if not worker.is_cancelled:
            self.post_message(self.Found(text, hits, places, again))

    @on(Found)
    def found(self, event: Found) -> None:
        """Go to the first hit as soon as it is there; hits for an older text are nothing any more."""
        if event.text != self._searched:
            return
        self._under_way = event.more
        before = self.hit
        self._hits(event.hits, event.places)
        if event.again and event.hits:
            self._stay_at_hit()
        elif event.hits and before < 0:
            self._go_to_hit(0)
            if self._entered:
                self.action_search_entered()
        elif event.hits:
            # The first of them is shown already, and perhaps left.
            self.hit = before
            self._show_count()
        else:
            self.query_one(SearchBar).count(next_step("search", settings_of(self.app)))

    @on(Refused)
    def refused(self, event: Refused) -> None:
        """Say why; what was found before is no longer what is asked for."""
        if event.text == self._searched:
            self._under_way = False
            self._hits([])
            self.query_one(SearchBar).count(event.why)

    def search_again(self) -> None:
        """Search newer rules for the same, staying where one is."""
        if self._searched.strip():
            self._search(self._searched, again=True)

    def _stay_at_hit(self) -> None:
        """Go on from the hit that is selected, if it is one still."""
        place = self.navigation.place
        here = [Place(hit.table, hit.chain, hit.rule) for hit in self.hits]
        self.hit = here.index(place) if place in here else -1
        self._show_count()

    def _show_count(self) -> None:
        more = " …" if self._under_way else "+" if len(self.hits) >= MAX_HITS else ""
        at = f"{self.hit + 1} of " if self.hit >= 0 else ""
        self.query_one(SearchBar).count(f"{at}{len(self.hits):,}{more}")

    def _hits(self, hits: list[Hit], places: Set[Place] = frozenset()) -> None:
        self.hits, self.hit = hits, -1
        self.query_one(ChainTree).set_hits(places)
        self.query_one(RuleList).set_hits(places)

    def _go_to_hit(self, index: int) -> None:
        self.hit = index % len(self.hits)
        hit = self.hits[self.hit]
        self._show_count()
        self.go(Place(hit.table, hit.chain, hit.rule))

    def action_search_entered(self) -> None:
        """Keep the hits and go on with the keys of the panes, as soon as there is one."""
        self._entered = True
        if self.hits:
            self.set_focus(self.query_one(RuleList if self.hits[self.hit].rule else ChainTree))

    def action_close_search(self) -> None:
        """Give the search up."""
        self.workers.cancel_group(self, "search")
        self._hits([])
        self._searched = ""
        self._show_bar(False)
        self.set_focus(self.query_one(ChainTree))
