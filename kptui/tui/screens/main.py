"""The explorer's one screen: tree, rules, detail, trace; what the keys do and how the panes follow each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import Worker, WorkerState, get_current_worker

from kptui.ask.request import Request
from kptui.errors import KptuiError
from kptui.netfilter.trace import Trace
from kptui.ruleset.jumps import callers, leads_to
from kptui.ruleset.search import Hit, search
from kptui.syntax.ast import Chain, Rule, Ruleset, Table
from kptui.syntax.diagnostics import Diagnostic
from kptui.text import visible
from kptui.tracing import Session
from kptui.tui.keys import KEYS, bindings
from kptui.tui.marks import Marks, marks
from kptui.tui.naming import Naming, shortened
from kptui.tui.navigation import Navigation
from kptui.tui.prefill import prefill
from kptui.tui.screens.help import HelpScreen
from kptui.tui.screens.trace_form import TraceForm
from kptui.tui.tree_model import Place, TreeModel
from kptui.tui.widgets.bars import KeyBar, TopBar
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.row_view import RowView
from kptui.tui.widgets.rule_detail import Callers, RuleDetail
from kptui.tui.widgets.rule_list import RuleList
from kptui.tui.widgets.search_bar import SearchBar
from kptui.tui.widgets.trace_panel import HopList, OutcomeList, TracePanel

MAX_HITS = 10_000


@dataclass(slots=True)
class Survey:
    """What takes a look at every rule: who jumps where, and what could not be read."""

    callers: dict[str, Callers]
    diagnostics: tuple[Diagnostic, ...]


class MainScreen(Screen[None]):
    """Tree and rules of one source, and a trace through them."""

    BINDINGS: ClassVar = bindings(KEYS)

    class Surveyed(Message):
        """Every rule has been looked at."""

        def __init__(self, ruleset: Ruleset, survey: Survey) -> None:
            """The survey is of that ruleset, which may be the one before by now."""
            self.ruleset = ruleset
            self.survey = survey
            super().__init__()

    class Traced(Message):
        """A trace is finished, or went wrong."""

        def __init__(self, number: int, result: Trace | str, again: bool) -> None:
            """Only the newest number counts; `again` keeps the place and the chosen outcome."""
            self.number = number
            self.result = result
            self.again = again
            super().__init__()

    class Found(Message):
        """A search is finished."""

        def __init__(self, text: str, hits: list[Hit]) -> None:
            """The hits are for that text."""
            self.text = text
            self.hits = hits
            super().__init__()

    class Reloaded(Message):
        """The source has been read again, or could not be."""

        def __init__(self, result: Session | str) -> None:
            """A session, or why there is none."""
            self.result = result
            super().__init__()

    def __init__(self, session: Session, local: tuple[str, ...] = ()) -> None:
        """Show a session; `local` are the node's addresses as far as they are known."""
        super().__init__()
        self.session = session
        self.naming = Naming(session.ruleset)
        self.request = Request(local=local)
        self.navigation = Navigation()
        self.survey: Survey | None = None
        self.trace: Trace | None = None
        self.chosen: int | None = None
        self.hop = -1
        self.marks: Marks | None = None
        self.hits: list[Hit] = []
        self.hit = -1
        self._traces = 0
        self._searched = ""

    @property
    def ruleset(self) -> Ruleset:
        """What is being looked at."""
        return self.session.ruleset

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

    def on_resize(self) -> None:
        """The breadcrumbs are cut to fit."""
        self.call_after_refresh(self._show_breadcrumbs)

    # Places -------------------------------------------------------------------------------------------------------

    def go(self, place: Place | None) -> None:
        """Show a place in every pane."""
        if place is None:
            self._show_detail()
            return
        self.navigation.move(place)
        self._show(place)

    def _show(self, place: Place) -> None:
        tree = self.query_one(ChainTree)
        with tree.prevent(RowView.Moved):
            tree.show_place(place)
        self._show_rules(place)

    def _show_rules(self, place: Place) -> None:
        table, chain = self._table_chain(place)
        rules = self.query_one(RuleList)
        rules.show_chain(table, chain, self.naming)
        self._show_breadcrumbs()
        if place.rule is not None:
            with rules.prevent(RowView.Moved):
                rules.go_to(place.rule - 1)
        self._show_detail()

    def _show_detail(self) -> None:
        place = self.navigation.place
        table, chain = self._table_chain(place) if place else (None, None)
        rule = self._rule(place) if place else None
        found = self.survey.callers.get(table.name, {}) if self.survey and table else None
        self.query_one(RuleDetail).show(table, chain, rule, self.naming, found, self.marks)

    def _table_chain(self, place: Place) -> tuple[Table | None, Chain | None]:
        table = self.ruleset.table(place.table)
        return table, table.chains.get(place.chain) if table and place.chain else None

    def _rule(self, place: Place) -> Rule | None:
        _, chain = self._table_chain(place)
        if chain is None or place.rule is None or place.rule > len(chain.rules):
            return None
        return chain.rules[place.rule - 1]

    def _show_breadcrumbs(self) -> None:
        self.query_one(RuleList).border_title = self._breadcrumbs()

    def _breadcrumbs(self) -> Text:
        """The chains followed to get here, the first ones left out where there is no room."""
        room = max(20, self.query_one("#right").size.width - 6)
        names = [visible(place.chain or "") for place in self.navigation.trail if place.chain]
        table = self.navigation.trail[-1].table if self.navigation.trail else ""
        while len(names) > 1 and len(" › ".join([table, "…", *names])) > room:
            names.pop(0)
        dropped = len(names) < sum(1 for place in self.navigation.trail if place.chain)
        if names:
            names[-1] = shortened(names[-1], max(12, room - len(table) - 6))
        return Text(" › ".join([table, *(["…"] if dropped else []), *names]))

    @on(RowView.Moved, "#chains")
    def tree_moved(self) -> None:
        """The tree's cursor leads the other panes."""
        place = self.query_one(ChainTree).place
        if place is not None:
            self.navigation.move(place)
            self._show_rules(place)

    @on(RowView.Moved, "#rules")
    def rule_moved(self, event: RowView.Moved) -> None:
        """A rule in the list leads the detail, and the tree if it shows that rule."""
        place = self.navigation.place
        if place is None or place.chain is None:
            return
        here = Place(place.table, place.chain, event.row + 1)
        self.navigation.move(here)
        tree = self.query_one(ChainTree)
        row = tree.model.row(here)
        if row is not None:
            with tree.prevent(RowView.Moved):
                tree.go_to(row)
        self._show_detail()

    @on(RowView.Chosen)
    def chosen_by_click(self) -> None:
        """A double click follows."""
        self.action_follow()

    def action_follow(self) -> None:
        """Follow a jump, or fold; on a hop or an outcome, go there."""
        focused = self.focused
        if isinstance(focused, ChainTree) and focused.place is not None and focused.place.rule is None:
            focused.action_fold_or_unfold()
            return
        place = self.navigation.place
        if isinstance(focused, RuleList) and place is not None and place.chain and focused.rule is not None:
            place = Place(place.table, place.chain, focused.rule.number)
        rule = self._rule(place) if place else None
        table = self._table_chain(place)[0] if place else None
        target = leads_to(rule, table) if rule and table else None
        if place is None or table is None or target is None:
            self.notify("This rule jumps nowhere." if rule else "Select a rule to follow its jump.", timeout=3)
            return
        self.navigation.place = place
        self.navigation.follow(Place(place.table, target))
        self._show(Place(place.table, target))

    def action_back(self) -> None:
        """Back to where the last jump came from."""
        self._revisit(self.navigation.back(), "Nothing to go back to.")

    def action_forward(self) -> None:
        """Forward again."""
        self._revisit(self.navigation.forward(), "Nothing to go forward to.")

    def _revisit(self, place: Place | None, otherwise: str) -> None:
        if place is None:
            self.notify(otherwise, timeout=3)
        else:
            self._show(place)

    # Trace --------------------------------------------------------------------------------------------------------

    def action_trace(self) -> None:
        """Ask for a packet, filled in for what is selected, then trace it."""
        place = self.navigation.place
        table, chain = self._table_chain(place) if place else (None, None)
        filled = prefill(self.request, table, chain, self._rule(place) if place else None, self.naming)
        self.app.push_screen(TraceForm(filled, self.ruleset.family, self.naming.services), self._asked)

    def _asked(self, request: Request | None) -> None:
        if request is not None:
            self.start_trace(request)

    def start_trace(self, request: Request, again: bool = False) -> None:
        """Trace a packet; the panes show it when it is done. `again` is for the same packet through newer rules."""
        self._traces += 1
        self.request = request
        self._trace(self._traces, request, again)

    @work(thread=True, exclusive=True, group="trace", exit_on_error=False)
    def _trace(self, number: int, request: Request, again: bool) -> None:
        try:
            result: Trace | str = self.session.trace(request, misses=True)
        except KptuiError as error:
            result = str(error)
        self.post_message(self.Traced(number, result, again))

    @on(Traced)
    def traced(self, event: Traced) -> None:
        """Show a finished trace; one that was overtaken by another is nothing any more."""
        if event.number != self._traces:
            return
        if isinstance(event.result, str):
            self.notify(event.result, severity="error", markup=False)
            return
        self.trace = event.result
        panel = self.query_one(TracePanel)
        panel.add_class("-shown")
        panel.show(self.trace)
        count = len(self.trace.outcomes)
        if event.again:
            kept = self.chosen if self.chosen is not None and self.chosen < count else None
            self._light(0 if count == 1 else kept)
            self._show_detail()
        else:
            self.action_close_search()
            self.choose(0 if count == 1 else None)
            self.query_one(HopList).focus()

    def choose(self, outcome: int | None) -> None:
        """Light up one outcome (from 0), or all of them, and go to the first hop."""
        if self.trace is not None:
            self._light(outcome)
            self._step(1)

    def _light(self, outcome: int | None) -> None:
        """Light up one outcome or all, staying where one is."""
        assert self.trace is not None
        self.chosen = outcome
        self.marks = marks(self.trace, outcome)
        outcomes = self.query_one(OutcomeList)
        with outcomes.prevent(RowView.Moved):
            outcomes.go_to(0 if outcome is None else outcome + outcomes.lead)
        title = "Hops of all outcomes" if outcome is None else f"Hops of outcome {outcome + 1}"
        shown = None if outcome is None else self.trace.outcomes[outcome]
        self.query_one(HopList).show(shown, self.marks, title)
        self.query_one(ChainTree).set_marks(self.marks)
        self.query_one(RuleList).set_marks(self.marks)
        self.hop = -1

    @on(RowView.Moved, "#outcomes")
    def outcome_moved(self, event: RowView.Moved) -> None:
        """The list of outcomes chooses what is lit up."""
        lead = self.query_one(OutcomeList).lead
        self.choose(event.row - lead if event.row >= lead else None)

    @on(RowView.Moved, "#hops")
    def hop_moved(self, event: RowView.Moved) -> None:
        """The list of hops leads the other panes."""
        index = self.query_one(HopList).hop_at(event.row)
        if index is not None:
            self._go_to_hop(index)

    def action_outcome(self, step: int) -> None:
        """The next outcome, or the one before; all of them come after the last."""
        if self.trace is None:
            self.notify("There is no trace yet: t asks for a packet.", timeout=3)
            return
        count = len(self.trace.outcomes)
        lead = 1 if count > 1 else 0
        at = (lead + self.chosen if self.chosen is not None else 0) + step
        row = at % (count + lead)
        self.choose(row - lead if row >= lead else None)

    def _step(self, step: int) -> None:
        assert self.marks is not None
        if self.marks.hops:
            self._go_to_hop(max(0, min(self.hop + step, len(self.marks.hops) - 1)))

    def _go_to_hop(self, index: int) -> None:
        assert self.marks is not None
        self.hop = index
        self.query_one(HopList).show_hop(index)
        self.go(self.marks.hops[index].place)

    def _clear_trace(self) -> None:
        self.trace, self.marks, self.chosen, self.hop = None, None, None, -1
        self._traces += 1
        panel = self.query_one(TracePanel)
        if panel.has_focus_within:
            self.query_one(ChainTree).focus()
        panel.remove_class("-shown")
        self.query_one(ChainTree).set_marks(None)
        self.query_one(RuleList).set_marks(None)
        self._show_detail()

    # Search -------------------------------------------------------------------------------------------------------

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
        for hit in search(self.ruleset, text):
            hits.append(hit)
            if worker.is_cancelled or len(hits) >= MAX_HITS:
                break
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

    @on(Worker.StateChanged)
    def went_wrong(self, event: Worker.StateChanged) -> None:
        """A fault of kptui's own in the background is told, not hidden, and does not end the session."""
        if event.state == WorkerState.ERROR:
            fault = event.worker.error
            said = f"An error of kptui's own: {type(fault).__name__}: {fault}. Please report it."
            self.notify(visible(said), severity="error", markup=False)

    # The rest -----------------------------------------------------------------------------------------------------

    def action_cancel(self) -> None:
        """Close the search, then clear the trace."""
        if self.query_one(SearchBar).display:
            self.action_close_search()
        elif self.trace is not None:
            self._clear_trace()

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(HelpScreen())

    def action_copy(self) -> None:
        """Copy the selected rule, or the chain's declaration and rules, as written."""
        place = self.navigation.place
        rule = self._rule(place) if place else None
        chain = self._table_chain(place)[1] if place else None
        if rule is not None:
            text, what = rule.text, "the rule"
        elif chain is not None:
            text, what = "\n".join([chain.text, *(rule.text for rule in chain.rules)]), "the chain"
        else:
            self.notify("Nothing to copy is selected.", timeout=3)
            return
        self.app.copy_to_clipboard(text)
        self.notify(f"Copied {what}.", timeout=3)

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
        self.naming = Naming(self.ruleset)
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

    def _exists(self, place: Place) -> bool:
        table, chain = self._table_chain(place)
        if table is None or (place.chain is not None and chain is None):
            return False
        return place.rule is None or (chain is not None and place.rule <= len(chain.rules))

    @work(thread=True, exclusive=True, group="survey", exit_on_error=False)
    def look_around(self) -> None:
        """Look at every rule in the background."""
        ruleset = self.ruleset
        survey = Survey({table.name: callers(table) for table in ruleset.tables}, ruleset.diagnostics)
        self.post_message(self.Surveyed(ruleset, survey))

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
            f"{table.name} {sum(len(chain.rules) for chain in table.chains.values()):,}" for table in ruleset.tables
        ]
        tool = f"{'ip6tables' if ruleset.family == 6 else 'iptables'}{f'-{ruleset.backend}' if ruleset.backend else ''}"
        facts = [*counts, " ".join(filter(None, [tool, ruleset.version]))]
        warning = ""
        if self.survey and self.survey.diagnostics:
            count = len(self.survey.diagnostics)
            warning = f"{count} line{'' if count == 1 else 's'} with problems"
        self.query_one(TopBar).show(ruleset.name, facts, warning, "live" if self.session.live else "")


def _start(ruleset: Ruleset) -> Place | None:
    """KUBE-SERVICES of nat, else the first chain that has rules, else the first table."""
    if ruleset.chain("nat", "KUBE-SERVICES"):
        return Place("nat", "KUBE-SERVICES")
    for table in ruleset.tables:
        for chain in table.chains.values():
            if chain.rules:
                return Place(table.name, chain.name)
    return Place(ruleset.tables[0].name) if ruleset.tables else None
