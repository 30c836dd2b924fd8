"""What a table hands back when it closes."""

from __future__ import annotations

from dataclasses import dataclass

from kptui.ask.request import Request
from kptui.kubernetes.service import ServicePort
from kptui.tracing import Session
from kptui.tui.tree_model import Place


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen in a table: a place to go to, with others to unfold, a packet to trace, a Service.

    `session` is that of another source that is to be explored, `node` names it where it has to be opened first;
    `view` is another view to open.
    """

    place: Place | None = None
    unfold: tuple[Place, ...] = ()
    request: Request | None = None
    session: Session | None = None
    node: str | None = None
    connections: ServicePort | None = None
    view: str = ""
