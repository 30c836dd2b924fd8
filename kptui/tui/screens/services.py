"""The Services view: a line a Service port, everything about the selected one below."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.style import Style
from rich.table import Table as Grid
from rich.text import Text

from kptui.ask.request import Request
from kptui.kubernetes.choosing import ORDERS, matching
from kptui.kubernetes.service import ServicePort
from kptui.live.snapshot import Snapshot
from kptui.report.columns import Column
from kptui.report.services_text import endpoints_words, extras, outside_words, port_words, service_lines, weights
from kptui.text import number_of, visible
from kptui.tracing import Session
from kptui.tui.empty import has_kube_proxy
from kptui.tui.prefill import from_service
from kptui.tui.screens.chosen import Chosen
from kptui.tui.screens.table_screen import TableScreen
from kptui.tui.screens.trace_form import TraceForm
from kptui.tui.table_model import TableColumn, TableModel, TableState
from kptui.tui.tree_model import Place

STYLES = {"good": "bold", "bad": "bold", "dim": "dim", "strong": "bold", "": ""}


def _endpoints(port: ServicePort) -> str:
    return " ".join(filter(None, [endpoints_words(port), weights(port)]))


def _sign(port: ServicePort) -> str:
    return "bad" if port.refused else ""


COLUMNS: tuple[TableColumn[ServicePort], ...] = (
    TableColumn(Column("service", 16), lambda port: port.title, ORDERS["name"], lambda port: "strong"),
    TableColumn(Column("port", 8, rank=2), port_words, ORDERS["port"]),
    TableColumn(Column("cluster ip", 15), lambda port: port.cluster_ip or "", ORDERS["address"]),
    TableColumn(Column("outside", 7, rank=4), outside_words, ORDERS["node-port"]),
    TableColumn(Column("endpoints", 12, rank=1), _endpoints, ORDERS["endpoints"], _sign, slow=True),
    TableColumn(Column("also", 8, rank=3), extras, extras, _sign, slow=True),
)


class ServicesScreen(TableScreen):
    """The Services that a ruleset implements."""

    VIEW = "services"

    def __init__(self, session: Session, request: Request, state: TableState) -> None:
        """`request` is the packet traced last, whose source is kept."""
        super().__init__("Services", session.ruleset.name, TableModel(COLUMNS, matching, state))
        self.session = session
        self.request = request

    def at_hand(self) -> Sequence[ServicePort] | None:
        """The Service ports, if the tree's labels have needed them before."""
        return list(self.session.services) if "services" in vars(self.session) else None

    def load(self) -> Sequence[ServicePort]:
        """The Service ports; their endpoints are read as they come into sight."""
        return list(self.session.services)

    def summary(self) -> list[str]:
        """How many there are."""
        ports = self.model.items
        services = {port.service for port in ports if port.name}
        return [number_of(len(services), "Service"), number_of(len(ports), "port")]

    def nothing(self) -> str:
        """Why there are none."""
        if self.session.services.ipvs:
            return "kube-proxy runs in IPVS mode here: its Services are not in the rules (ipvsadm -Ln)."
        return "These rules implement no Kubernetes Service."

    def missing(self) -> str:
        """Whether it is the Services or kube-proxy that is not there."""
        name = super().missing()
        return name if has_kube_proxy(self.session.ruleset) else f"{name} without kube-proxy"

    def detail(self, item: ServicePort) -> RenderableType:
        """Addresses, policies, endpoints with weight bars, chains."""
        grid = Grid.grid(padding=(0, 2))
        grid.add_column(width=16, style="dim")
        grid.add_column()
        for line in service_lines(item, numbers=False):
            grid.add_row(Text(line.head), Text(visible(line.text), style=self._style(line.kind)))
        return grid

    def _style(self, kind: str) -> Style:
        style = Style.parse(STYLES[kind])
        return style + self.rows.style_of("bad") if kind == "bad" else style

    def chosen(self, item: ServicePort) -> Chosen | None:
        """Its chains in the tree, the first of those that balance selected; the rule that refuses it if it has none.

        The tree shows one family only.
        """
        if item.family != self.session.ruleset.family:
            return None
        chains = [Place("nat", chain) for chain in item.chains.values()]
        if chains:
            return Chosen(Place("nat", item.chain), tuple(chains))
        refused = next((each.refused_by for each in item.frontends if each.refused_by), None)
        return Chosen(Place(refused.table, refused.chain, refused.number)) if refused else None

    def action_trace(self) -> None:
        """Ask for a packet to the selected Service; for any, over the chains, where there is none."""
        item = self.rows.item
        if item is None:
            self.dismiss(Chosen(view="trace"))
        else:
            filled = from_service(self.request, item)
            self.app.push_screen(TraceForm(filled, self.session), self._asked)

    def action_leads(self) -> None:
        """Every way to the Service's endpoints, and who leads to its chains."""
        item = self.rows.item
        if item is None:
            super().action_leads()
        else:
            from kptui.tui.screens.leads import LeadsScreen, to_service

            self.app.push_screen(LeadsScreen(self.session, item.title, lambda: to_service(item)), self._led)

    def action_connections(self) -> None:
        """The connections of the selected Service, in the explorer's view of them."""
        item = self.rows.item
        self.dismiss(Chosen(connections=item) if item is not None else Chosen(view="connections"))

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """The source was read again."""
        if snapshot.session is not self.session:
            self.session = snapshot.session
            self._load()

    def same(self, one: ServicePort, other: ServicePort) -> bool:
        """The same port of the same Service."""
        return (one.title, one.protocol, one.family) == (other.title, other.protocol, other.family)
