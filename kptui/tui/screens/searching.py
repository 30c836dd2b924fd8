"""Searching: hits while one types, and stepping through them."""

from __future__ import annotations

from textual import on, work
from textual.message import Message
from textual.worker import get_current_worker

from kptui.errors import UsageError
from kptui.ruleset.search import Hit
from kptui.tracing import Session
from kptui.tui.screens.places import Places
from kptui.tui.tree_model import Place
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.rule_list import RuleList
from kptui.tui.widgets.search_bar import SearchBar

MAX_HITS = 10_000


class Searching(Places):
    """The part of the main screen that searches."""

    class Found(Message):
        """A search is finished."""

        def __init__(self, text: str, hits: list[Hit]) -> None:
            """The hits are for that text."""
            self.text = text
            self.hits = hits
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

    def action_search(self) -> None:
        """Open the search."""
        self.query_one(SearchBar).open()

    @on(SearchBar.Typed)
    def searched(self, event: SearchBar.Typed) -> None:
        """Search for what is typed."""
        self._searched = event.text
        if event.text.strip():
            self._search(event.text)
        else:
            self._hits([])
            self.query_one(SearchBar).count("")

    @work(thread=True, exclusive=True, group="search", exit_on_error=False)
    def _search(self, text: str) -> None:
        worker = get_current_worker()
        hits: list[Hit] = []
        try:
            for hit in self.session.searcher.search(text):
                hits.append(hit)
                if worker.is_cancelled or len(hits) >= MAX_HITS:
                    break
        except UsageError as error:
            self.post_message(self.Refused(text, str(error)))
            return
        self.post_message(self.Found(text, hits))

    @on(Found)
    def found(self, event: Found) -> None:
        """Go to the first hit; hits for an older text are nothing any more."""
        if event.text != self._searched:
            return
        self._hits(event.hits)
        if event.hits:
            self._go_to_hit(0)
        else:
            self.query_one(SearchBar).count("nothing found")

    @on(Refused)
    def refused(self, event: Refused) -> None:
        """Say why; what was found before is no longer what is asked for."""
        if event.text == self._searched:
            self._hits([])
            self.query_one(SearchBar).count(event.why)

    def _hits(self, hits: list[Hit]) -> None:
        self.hits, self.hit = hits, -1

    def _go_to_hit(self, index: int) -> None:
        self.hit = index % len(self.hits)
        hit = self.hits[self.hit]
        more = "+" if len(self.hits) >= MAX_HITS else ""
        self.query_one(SearchBar).count(f"{self.hit + 1} of {len(self.hits):,}{more}")
        self.go(Place(hit.table, hit.chain, hit.rule))

    def action_search_entered(self) -> None:
        """Keep the hits and go on with the keys of the panes."""
        if self.hits:
            self.set_focus(self.query_one(RuleList if self.hits[self.hit].rule else ChainTree))

    def action_close_search(self) -> None:
        """Give the search up."""
        self._hits([])
        self._searched = ""
        bar = self.query_one(SearchBar)
        bar.display = False
        self.set_focus(self.query_one(ChainTree))
