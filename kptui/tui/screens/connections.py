"""The connections view: which clients went to which pod, as conntrack knows it, beside the shares the rules promise."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import RenderableType
from rich.text import Text

from kptui.errors import KptuiError
from kptui.kubernetes.flows import Flows, about, flows
from kptui.kubernetes.service import ServicePort
from kptui.live.snapshot import Snapshot
from kptui.report.columns import Column
from kptui.report.services_text import bar, share_words
from kptui.text import number_of, visible
from kptui.tracing import Session
from kptui.tui.screens.chosen import Chosen
from kptui.tui.screens.table_screen import TableScreen
from kptui.tui.settings.fields import settings_of
from kptui.tui.table_model import TableColumn, TableModel, TableState
from kptui.tui.telling import tell, with_keys
from kptui.tui.tree_model import Place

CLIENTS = 12
"""So many clients are told in the detail."""


def _service(found: Flows) -> str:
    return found.service.title if found.service is not None else "(no Service)"


def _seen(found: Flows) -> str:
    share = found.share
    return f"{float(share) * 100:.0f} %" if share is not None else ""


def _clients(found: Flows) -> str:
    return ", ".join(f"{client} {count}" for client, count in found.clients.most_common(3))


def _style(name: str) -> Callable[[Flows], str]:
    return lambda found: name


COLUMNS: tuple[TableColumn[Flows], ...] = (
    TableColumn(
        Column("service", 16), _service, lambda found: (found.service is None, _service(found)), lambda found: "strong"
    ),
    TableColumn(Column("endpoint", 18), lambda found: found.pod, lambda found: found.pod, lambda found: "label"),
    TableColumn(Column("conns", 5, right=True), lambda found: f"{found.count:,}", lambda found: -found.count),
    TableColumn(Column("share", 5, rank=1, right=True), _seen, lambda found: -(found.share or 0)),
    TableColumn(
        Column("", 8, rank=3),
        lambda found: bar(found.share) if found.share is not None else "",
        None,
        lambda found: "rate",
    ),
    TableColumn(Column("rules", 5, rank=1), lambda found: share_words(found.promised) if found.endpoint else ""),
    TableColumn(
        Column("", 8, rank=4),
        lambda found: bar(found.promised) if found.endpoint else "",
        None,
        lambda found: "counter",
    ),
    TableColumn(Column("clients", 12, rank=2), _clients, lambda found: -len(found.clients)),
)


class ConnectionsScreen(TableScreen):
    """Connections by Service and endpoint: of what is selected, or all."""

    VIEW = "connections"

    WAITING = "counting connections …"
    wants_all = True
    """While it is open, conntrack is asked with each reading."""

    def __init__(
        self, snapshot: Snapshot, state: TableState, service: ServicePort | None = None, pod: str | None = None
    ) -> None:
        """Of one Service port, to one endpoint, or all; later snapshots come by `take_snapshot`."""
        self._only = (service, pod)
        super().__init__(self._titled(), snapshot.session.ruleset.name, TableModel(COLUMNS, None, state))
        self.snapshot = snapshot
        self._why = ""

    def _titled(self) -> str:
        service, pod = self._only
        of = f" of {service.title}" if service is not None else f" to {pod}" if pod is not None else ""
        return visible(f"Connections{of}")

    def load(self) -> Sequence[Flows]:
        """What conntrack's table says."""
        session = self.snapshot.session
        try:
            known = session.host(session.ruleset.family).connections
            self._why = _why(session) if known is None else ""
            return [] if known is None else list(about(flows(known.entries(), session.services), *self._only))
        except KptuiError as error:
            self._why = str(error)
            return []

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """The source was read again."""
        self.snapshot = snapshot
        if snapshot.facts_changed:
            self._load()

    def same(self, one: Flows, other: Flows) -> bool:
        """The same way to the same endpoint."""
        return (_service(one), one.pod) == (_service(other), other.pod)

    def summary(self) -> list[str]:
        """How many there are."""
        items: Sequence[Flows] = self.model.items
        count = sum(each.count for each in items)
        clients = len({client for each in items for client in each.clients})
        return [number_of(count, "connection"), number_of(clients, "client")] if items else []

    def nothing(self) -> str:
        """Why there are none."""
        if self._why:
            return self._why
        return "No connection is known" + (
            with_keys(": {connections} shows those of all.", settings_of(self.app))
            if any(self._only)
            else " to any Service."
        )

    def detail(self, item: Flows) -> RenderableType:
        """Clients with their counts, the addresses they asked for, and what the shares mean."""
        text = Text(visible(f"{_service(item)} → {item.pod}"), style="bold")
        told = [("clients", _listed(item.clients)), ("asked for", _listed(item.by))]
        if item.service is not None:
            now = f"{item.count:,} of {number_of(item.total, 'connection')} ({_seen(item) or 'none'})"
            rules = share_words(item.promised) if item.endpoint else "no rule leads there now: left from before"
            told.append(("shares", f"{now}; the rules give new ones: {rules}"))
        for head, words in told:
            text.append(f"\n{head:<10}", style="not bold dim")
            text.append(visible(words), style="not bold")
        return text

    def chosen(self, item: Flows) -> Chosen | None:
        """The endpoint's chain, else the Service's."""
        if item.endpoint is not None:
            return Chosen(Place("nat", item.endpoint.chain))
        return Chosen(Place("nat", item.service.chain)) if item.service is not None else None

    def action_connections(self) -> None:
        """Those of all Services."""
        if self._only == (None, None):
            tell(self, "These are the connections of all Services: {view_close} closes this view.")
            return
        self._only = (None, None)
        self.rows.border_title = self._titled()
        self._load()


def _listed(counts: dict[str, int]) -> str:
    most = sorted(counts.items(), key=lambda each: -each[1])
    words = [f"{name} ({count:,})" for name, count in most[:CLIENTS]]
    return ", ".join(words) + (f" and {len(most) - CLIENTS:,} more" if len(most) > CLIENTS else "") or "none"


def _why(session: Session) -> str:
    if session.live:
        return "conntrack's table could not be read: `conntrack` (conntrack-tools) is needed there, and root."
    return "This source holds no connections: a bundle of a host with conntrack-tools does (kptui capture)."
