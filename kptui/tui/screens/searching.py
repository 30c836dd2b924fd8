"""Searching: hits while one types, and stepping through them."""

from __future__ import annotations

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


class Searching(Editing):
    """The part of the main screen that searches."""

    class Found(Message):
        """A search is finished, or has found more."""

        def __init__(self, text: str, hits: list[Hit], again: bool = False, more: bool = False) -> None:
            """The hits are for that text; `again` if it was searched for before, in older rules; `more` may come."""
            self.text = text
            self.hits = hits
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
        self.query_one(SearchBar).open()

    @on(SearchBar.Typed)
    def searched(self, event: SearchBar.Typed) -> None:
        """Search for what is typed."""
        self._searched = event.text
        self._entered = False
        if event.text.strip():
            self._under_way = True
            self._hits([])
            self.query_one(SearchBar).count("searching …")
            self._search(event.text)
        else:
            self._hits([])
            self.query_one(SearchBar).count("")

    @work(thread=True, exclusive=True, group="search", exit_on_error=False)
    def _search(self, text: str, again: bool = False) -> None:
        worker = get_current_worker()

        def stopped() -> bool:
            COURTESY.give_way()
            return worker.is_cancelled

        hits: list[Hit] = []
        # The first is told, then two, four, …: so one can go on early, and not every one is a message.
        due = 1
        try:
            for hit in self.session.searcher.search(text, stopped):
                hits.append(hit)
                if len(hits) == due and not again:
                    due *= 2
                    self.post_message(self.Found(text, list(hits), more=True))
                if len(hits) >= MAX_HITS:
                    break
        except UsageError as error:
            self.post_message(self.Refused(text, str(error)))
            return
        if not worker.is_cancelled:
            self.post_message(self.Found(text, hits, again))

    @on(Found)
    def found(self, event: Found) -> None:
        """Go to the first hit as soon as it is there; hits for an older text are nothing any more."""
        if event.text != self._searched:
            return
        self._under_way = event.more
        before = self.hit
        self._hits(event.hits)
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

    def _hits(self, hits: list[Hit]) -> None:
        self.hits, self.hit = hits, -1
        places = frozenset(Place(hit.table, hit.chain, hit.rule) for hit in hits)
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
        bar = self.query_one(SearchBar)
        bar.display = False
        self.set_focus(self.query_one(ChainTree))
