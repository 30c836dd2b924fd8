"""The explorer's one screen: its panes, its keys, and what happens in the background."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual import on, work
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from kptui.errors import KptuiError
from kptui.report.explain.around import Around
from kptui.syntax.ast import Ruleset
from kptui.text import visible
from kptui.tracing import Session
from kptui.tui.keys import KEYS, bindings
from kptui.tui.naming import Naming
from kptui.tui.screens.help import HelpScreen
from kptui.tui.screens.places import Survey
from kptui.tui.screens.views import Views
from kptui.tui.tree_model import Place, TreeModel
from kptui.tui.widgets.bars import KeyBar, TopBar
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.row_view import RowView
from kptui.tui.widgets.rule_detail import RuleDetail
from kptui.tui.widgets.rule_list import RuleList
from kptui.tui.widgets.search_bar import SearchBar
from kptui.tui.widgets.trace_panel import TracePanel


class MainScreen(Views):
    """Tree and rules of one source, and a trace through them."""

    BINDINGS: ClassVar = bindings(KEYS)

    class Surveyed(Message):
        """Every rule has been looked at."""

        def __init__(self, ruleset: Ruleset, survey: Survey) -> None:
            """The survey is of that ruleset, which may be the one before by now."""
            self.ruleset = ruleset
            self.survey = survey
            super().__init__()

    class Reloaded(Message):
        """The source has been read again, or could not be."""

        def __init__(self, result: Session | str) -> None:
            """A session, or why there is none."""
            self.result = result
            super().__init__()

    def compose(self) -> Iterator[Widget]:
        """The panes."""
        yield TopBar(id="top")
        with Horizontal(id="main"):
            yield ChainTree(TreeModel(self.ruleset), self.naming, id="chains")
            with Vertical(id="right"):
                yield RuleList(id="rules")
                yield RuleDetail(id="detail")
        yield TracePanel(id="trace")
        yield SearchBar(id="search")
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin at the chain an operator most likely wants."""
        self._show_top()
        self.look_around()
        self.go(_start(self.ruleset))
        self.query_one(ChainTree).focus()

    def action_next(self) -> None:
        """The next hit while a search is on, else the next hop."""
        self._next(1)

    def action_previous(self) -> None:
        """The hit or hop before."""
        self._next(-1)

    def _next(self, step: int) -> None:
        if self.hits:
            self._go_to_hit(self.hit + step)
        elif self.marks is not None:
            self._step(step)
        else:
            self.notify("Nothing to step through: / searches, t traces.", timeout=3)

    def action_cancel(self) -> None:
        """Close the search, then the reply, then the trace."""
        if self.query_one(SearchBar).display:
            self.action_close_search()
        elif self.forth is not None:
            self.show_forth()
        elif self.trace is not None:
            self._clear_trace()

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(HelpScreen())

    def action_reload(self) -> None:
        """Read the source again."""
        self._reload()

    @work(thread=True, exclusive=True, group="reload", exit_on_error=False)
    def _reload(self) -> None:
        try:
            result: Session | str = self.session.again()
        except KptuiError as error:
            result = str(error)
        self.post_message(self.Reloaded(result))

    @on(Reloaded)
    def reloaded(self, event: Reloaded) -> None:
        """Show the new rules at the old place, and run the trace again; keep the old ones if there are none."""
        if isinstance(event.result, str):
            self.notify(f"{event.result} What is shown is as before.", severity="error", markup=False)
            return
        tree = self.query_one(ChainTree)
        self.session = event.result
        self.naming = Naming(self.session)
        self.around = Around(self.ruleset, lambda: self.session.services, self.session.backend)
        self.survey = None
        with tree.prevent(RowView.Moved):
            tree.set_model(TreeModel(self.ruleset, tree.model.opened), self.naming)
        self.look_around()
        self._show_top()
        place = self.navigation.place
        while place is not None and not self._exists(place):
            place = place.parent
        self.go(place)
        if self.trace is not None:
            self.start_trace(self.request, again=True)
        self.notify("Read again.", timeout=2)

    @work(thread=True, exclusive=True, group="survey", exit_on_error=False)
    def look_around(self) -> None:
        """Look at every rule in the background."""
        around = self.around
        around.look_around()
        self.post_message(self.Surveyed(around.ruleset, Survey(around.ruleset.diagnostics)))

    @on(Surveyed)
    def surveyed(self, event: Surveyed) -> None:
        """Now it is known who jumps where."""
        if event.ruleset is self.ruleset:
            self.survey = event.survey
            self._show_top()
            self._show_detail()

    def _show_top(self) -> None:
        ruleset = self.ruleset
        counts = [
            f"{table.label} {sum(len(chain.rules) for chain in table.chains.values()):,}" for table in ruleset.tables
        ]
        tool = f"{'ip6tables' if ruleset.family == 6 else 'iptables'}{f'-{ruleset.backend}' if ruleset.backend else ''}"
        facts = [*counts, " ".join(filter(None, [tool, ruleset.version]))]
        warning = ""
        if self.survey and self.survey.diagnostics:
            count = len(self.survey.diagnostics)
            warning = f"{count} line{'' if count == 1 else 's'} with problems"
        self.query_one(TopBar).show(ruleset.name, facts, warning, "live" if self.session.live else "")

    @on(Worker.StateChanged)
    def went_wrong(self, event: Worker.StateChanged) -> None:
        """A fault of kptui's own in the background is told, not hidden, and does not end the session."""
        if event.state == WorkerState.ERROR:
            fault = event.worker.error
            said = f"An error of kptui's own: {type(fault).__name__}: {fault}. Please report it."
            self.notify(visible(said), severity="error", markup=False)


def _start(ruleset: Ruleset) -> Place | None:
    """KUBE-SERVICES of nat, else the first chain that has rules, else the first table."""
    if ruleset.chain("nat", "KUBE-SERVICES"):
        return Place("nat", "KUBE-SERVICES")
    for table in ruleset.tables:
        for chain in table.chains.values():
            if chain.rules:
                return Place(table.label, chain.name)
    return Place(ruleset.tables[0].label) if ruleset.tables else None
