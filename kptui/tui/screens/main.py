"""The explorer's one screen: its panes, its keys, and what happens in the background."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.worker import Worker, WorkerState, get_current_worker

from kptui.errors import CancelledError
from kptui.netfilter.trace import Trace
from kptui.syntax.ast import Ruleset
from kptui.text import number_of, visible
from kptui.tui.anything import Anything
from kptui.tui.courtesy import COURTESY
from kptui.tui.keys import KEYS, bindings
from kptui.tui.lacking import lacking
from kptui.tui.screens.help import HelpScreen
from kptui.tui.screens.places import Survey
from kptui.tui.screens.refreshing import Refreshing
from kptui.tui.screens.small import OnePane
from kptui.tui.telling import tell
from kptui.tui.tree_model import Place, TreeModel
from kptui.tui.widgets.bars import KeyBar, TopBar
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.rule_detail import RuleDetail
from kptui.tui.widgets.rule_list import RuleList
from kptui.tui.widgets.search_bar import SearchBar
from kptui.tui.widgets.trace_panel import TracePanel
from kptui.tui.widgets.view_line import ViewLine
from kptui.tui.widgets.waiting import Waiting

SMALL = 30_000
"""Rules that are looked at in no time."""
QUIET = 8.0
"""Seconds without a change after which very many rules are looked at."""


class MainScreen(Refreshing, OnePane):
    """Tree and rules of one source, and a trace through them."""

    BINDINGS: ClassVar = bindings(KEYS)
    anything: Anything | None = None
    """The index of the palette, once it has been opened."""

    class Surveyed(Message):
        """Every rule has been looked at."""

        def __init__(self, ruleset: Ruleset, survey: Survey) -> None:
            """The survey is of that ruleset, which may be the one before by now."""
            self.ruleset = ruleset
            self.survey = survey
            super().__init__()

    def compose(self) -> Iterator[Widget]:
        """The panes."""
        yield TopBar(id="top")
        yield ViewLine("chains")
        yield Waiting(id="waiting")
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
        if not self.waiting:
            self.rules_changed()
            self._measure()
            self.go(self.start)
            self.query_one(ChainTree).focus()
        self.follow_source()

    def lacking(self) -> frozenset[str]:
        """The views that have nothing to show now."""
        nodes = getattr(self.app, "fleet", None) is not None
        return lacking(self.snapshot, self.trace is not None, self.timing.interval is not None, nodes)

    def show_trace(self, trace: Trace, name: str = "Trace", again: bool = False) -> None:
        """As before; there is a journey now."""
        super().show_trace(trace, name, again)
        self.query_one(ViewLine).refresh()

    def _clear_trace(self) -> None:
        super()._clear_trace()
        self.query_one(ViewLine).refresh()

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
            tell(self, "Nothing to step through: {search} searches, {trace} traces.")

    def action_cancel(self) -> None:
        """Give up a reading that one waits for; close the search, then the reply, then the trace."""
        if self.stop_reading():
            return
        if self.query_one(SearchBar).shown:
            self.action_close_search()
        elif self.forth is not None:
            self.show_forth()
        elif self.trace is not None:
            self._clear_trace()
        elif not self.stop_reading(long=True):
            tell(self, "Nothing is open that could be closed: {quit} leaves.")

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(HelpScreen(self))

    def rules_changed(self) -> None:
        """Look at every rule again; on a large host that changes all the time, once it has been quiet for a while."""
        self._show_top()
        rules = sum(self.query_one(ChainTree).model.rules(label) for label in self._labels())
        if self.timing.interval is None or rules < SMALL or self.snapshot.number <= 1:
            self.look_around()
        else:
            self.set_timer(QUIET, partial(self._look_if_still, self.ruleset))

    def _look_if_still(self, ruleset: Ruleset) -> None:
        if ruleset is self.ruleset:
            self.look_around()

    @property
    def start(self) -> Place | None:
        """The chain that an operator most likely wants to see first."""
        return _start(self.ruleset)

    def _labels(self) -> list[str]:
        return [table.label for table in self.query_one(ChainTree).model.tables]

    @work(thread=True, exclusive=True, group="survey", exit_on_error=False)
    def look_around(self) -> None:
        """Look at every rule in the background."""
        around = self.around
        worker = get_current_worker()

        def told() -> None:
            COURTESY.give_way()
            if worker.is_cancelled:
                raise CancelledError

        try:
            around.look_around(told)
            found = around.ruleset.look_through(told)
        except CancelledError:
            return
        self.post_message(self.Surveyed(around.ruleset, Survey(found)))

    @on(Surveyed)
    def surveyed(self, event: Surveyed) -> None:
        """Now it is known who jumps where."""
        if event.ruleset is self.ruleset:
            self.survey = event.survey
            self._show_top()
            self._show_detail()

    def _show_top(self) -> None:
        ruleset = self.ruleset
        model = self.query_one(ChainTree).model
        other = [table for table in ruleset.tables if table.family != ruleset.family]
        counts = [f"{table.label} {model.rules(table.label):,}" for table in model.tables]
        counts += [f"IPv{table.family} {table.label}" for table in other]
        tool = f"{'ip6tables' if ruleset.family == 6 else 'iptables'}{f'-{ruleset.backend}' if ruleset.backend else ''}"
        facts = [*counts, " ".join(filter(None, [tool, ruleset.version]))]
        warning = ""
        if self.survey and self.survey.diagnostics:
            warning = f"{number_of(len(self.survey.diagnostics), 'line')} with problems"
        self.query_one(TopBar).show(ruleset.name, facts, warning)
        self.query_one(ViewLine).refresh()

    @on(Worker.StateChanged)
    def went_wrong(self, event: Worker.StateChanged) -> None:
        """A fault of kptui's own in the background is told, not hidden, and does not end the session."""
        if event.state == WorkerState.ERROR:
            fault = event.worker.error
            if event.worker.group == "reload":
                self.timing.bad(self.timing.number, "an error of kptui's own")
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
