"""Comparing the trace with another: what there is to compare it with, asked for once."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from kptui.ask.request import Request
from kptui.ask.written import packet_expression
from kptui.errors import SourceError
from kptui.loading import parse
from kptui.netfilter.trace import Trace
from kptui.syntax.ast import collector_paused
from kptui.tracing import Session
from kptui.tui.screens.ask_other import AskOther
from kptui.tui.screens.compare import CompareScreen, Other
from kptui.tui.screens.inquiring import Inquiring
from kptui.tui.screens.table_screen import TableScreen
from kptui.tui.table_model import TableState
from kptui.tui.telling import tell
from kptui.tui.widgets.choices import Choice

if TYPE_CHECKING:
    from kptui.nodes.fleet import Fleet

EARLIER = 5
"""So many packets that were traced before are offered."""


class Comparing(Inquiring):
    """The part of the main screen that compares traces."""

    before = ""
    """The other source that was named last."""

    def action_compare(self) -> None:
        """The trace beside that of another source, another node, or an earlier packet."""
        if self.trace is None:
            tell(self, "There is no trace yet: {trace} asks for a packet, {compare} then compares it.")
            return
        others = self._others()
        self.app.push_screen(
            AskOther(
                "Compare the trace",
                "With the same packet in another source: yesterday's dump, a bundle, another host.",
                "yesterday.txt",
                [(Choice(other.name, words), other) for other, words in others],
            ),
            self._compare_with,
        )

    def compare_with_node(self, source: str) -> None:
        """With the same packet on another node."""
        fleet: Fleet | None = getattr(self.app, "fleet", None)
        if self.trace is None or fleet is None or source == self.session.source:
            self.action_compare()
        else:
            self._compare_with(self._on_node(fleet, source))

    def _compare_with(self, other: Other | str | None) -> None:
        trace: Trace | None = self.forth or self.trace
        if not other or trace is None:
            return
        if isinstance(other, str):
            self.before = other
            other = self._in_source(other)
        self.open_view(CompareScreen(self.session, self.request, trace, other, TableState()))

    def _others(self) -> list[tuple[Other, str]]:
        """What is at hand, the likeliest first."""
        found: list[tuple[Other, str]] = []
        fleet: Fleet | None = getattr(self.app, "fleet", None)
        for node in fleet.nodes if fleet is not None else ():
            if node.frozen is not None and node.source != self.session.source:
                assert fleet is not None
                found.append((self._on_node(fleet, node.source), "the same packet on that node"))
        if self.before:
            found.append((self._in_source(self.before), "the same packet there"))
        for earlier in [each for each in self.asked_before if each != self.request][:EARLIER]:
            name = packet_expression(earlier) or "an earlier packet"
            found.append((Other(name, earlier), "traced before, here"))
        return found

    def _in_source(self, source: str) -> Other:
        return Other(source, self.request, partial(_opened, source, self.session))

    def _on_node(self, fleet: Fleet, source: str) -> Other:
        # Its addresses and routes are its own.
        request: Request = replace(self.request, local=(), routes=())
        return Other(fleet.label(source), request, partial(_node, fleet, source))

    def open_view(self, view: TableScreen) -> None:
        """Cover the screen with a view, and do what is chosen in it."""
        raise NotImplementedError


def _opened(source: str, beside: Session) -> Session:
    if source == "-":
        raise SourceError("Standard input is the terminal here; name a file.")
    with collector_paused():
        return Session.open(source, names=beside.names)


def _node(fleet: Fleet, source: str) -> Session:
    text = fleet.snapshot(source)
    with collector_paused():
        return Session(parse(text), source, names=fleet.names, facts=text.facts)
