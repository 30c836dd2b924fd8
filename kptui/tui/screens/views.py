"""The views that cover the main screen, and what becomes of what is chosen in them."""

from __future__ import annotations

from kptui.kubernetes.balancing import destination
from kptui.kubernetes.service import ServicePort
from kptui.tracing import Session
from kptui.tui.screens.ask_source import AskSource
from kptui.tui.screens.chosen import Chosen
from kptui.tui.screens.comparing import Comparing
from kptui.tui.screens.differences import DifferencesScreen
from kptui.tui.screens.journey import JourneyScreen
from kptui.tui.screens.leads import LeadsScreen, to_chain, to_endpoint
from kptui.tui.screens.problems import ProblemsScreen
from kptui.tui.screens.services import ServicesScreen
from kptui.tui.screens.table_screen import TableScreen
from kptui.tui.screens.tracing import NO_TRACE
from kptui.tui.table_model import TableState
from kptui.tui.telling import tell
from kptui.tui.tree_model import Place
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.trace_panel import OutcomeList


class Views(Comparing):
    """The part of the main screen that opens views."""

    def __init__(self, session: Session, local: tuple[str, ...] = ()) -> None:
        """No view has been opened yet."""
        super().__init__(session, local)
        self._states: dict[str, TableState] = {}

    def state(self, view: str) -> TableState:
        """How a view was looked at last."""
        return self._states.setdefault(view, TableState())

    def open_view(self, view: TableScreen) -> None:
        """Cover the screen with a view, and do what is chosen in it."""
        self.app.push_screen(view, self.viewed)

    def viewed(self, found: Chosen | None) -> None:
        """Go to the place that was chosen, or trace the packet."""
        if found is None:
            return
        for place in found.unfold:
            self.query_one(ChainTree).model.toggle(place, True)
        if found.place is not None and self.exists(found.place):
            self.follow_to(found.place)
        if found.request is not None:
            self.ask(found.request)
        if found.connections is not None:
            self.show_connections(found.connections)
        if found.view == "compare" and found.node:
            self.compare_with_node(found.node)
        elif found.view == "chains":
            self.query_one(ChainTree).focus()
        elif found.view:
            self.action_view(found.view)

    def show_connections(self, service: ServicePort | None, pod: str | None = None) -> None:
        """The connections of a Service port, to an endpoint, or all."""
        raise NotImplementedError

    def action_view(self, name: str) -> None:
        """Open a view by its id."""
        getattr(self, f"action_{name}")()

    def action_chains(self) -> None:
        """The chains are what is open when no view is: from a view, this is the way back."""
        tree = self.query_one(ChainTree)
        if tree.has_focus:
            tell(self, "These are the chains: {pane} goes to the other panes.")
        tree.focus()

    def action_nodes(self) -> None:
        """The nodes, where several sources are open."""
        self.app.action_nodes()  # type: ignore[attr-defined]

    def action_services(self) -> None:
        """The Services of the rules."""
        self.open_view(ServicesScreen(self.session, self.request, self.state("services")))

    def action_problems(self) -> None:
        """What goes wrong in the rules."""
        self.open_view(ProblemsScreen(self.session, self.state("problems")))

    def action_journey(self) -> None:
        """The trace hook by hook, for the outcome that is lit up, or the first."""
        if self.trace is None:
            tell(self, NO_TRACE)
        else:
            first = self.query_one(OutcomeList).first_of(self.lit)
            self.open_view(JourneyScreen(self.session, self.trace, first))

    def action_leads(self) -> None:
        """What leads to the selected chain, or to the endpoint that is selected."""
        view = self.leads(self.navigation.place)
        if view is None:
            self.notify("Select a chain or a rule.", timeout=3)
        else:
            self.open_view(view)

    def leads(self, place: Place | None) -> LeadsScreen | None:
        """The view of what leads to a place, None if it is no chain's."""
        table, chain = self._table_chain(place) if place else (None, None)
        if table is None or chain is None:
            return None
        session, naming, name, pod = self.session, self.naming, chain.name, destination(chain)
        if pod is None or chain.builtin:
            return LeadsScreen(session, name, lambda: to_chain(session, table, name, naming))
        ip, port = pod.ip, pod.port
        return LeadsScreen(
            session,
            naming.label(table, name) or name,
            lambda: [*to_endpoint(session, ip, port), *to_chain(session, table, name, naming)],
        )

    def action_differences(self) -> None:
        """What differs between another source and this one; asks for it the first time."""
        if self.before:
            self.open_view(DifferencesScreen(self.session, self.before, self.state("differences")))
        else:
            self.app.push_screen(AskSource(), self._compare)

    def _compare(self, source: str | None) -> None:
        if source:
            self.open_view(DifferencesScreen(self.session, source, self.state("differences")))
            self.before = source
