"""The packet to trace, field by field, checked as it is typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from kptui.ask.expression import expression
from kptui.ask.request import FieldError, Request, question
from kptui.errors import UsageError
from kptui.kubernetes.services import Services
from kptui.netfilter.host import Host
from kptui.report.words import packet_line
from kptui.text import visible

_SERVICE = re.compile(r"[a-z][-a-z0-9.]*/[-a-z0-9.]+(:[-a-zA-Z0-9]+)?\Z")


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the form: the request's field, its label, and what is shown while it is empty."""

    name: str
    label: str
    empty: str


FIELDS = (
    Field("src", "From address", "unknown"),
    Field("sport", "From port", "unknown"),
    Field("dst", "To address", "address, or namespace/name of a Service"),
    Field("dport", "To port", "unknown"),
    Field("proto", "Protocol", "tcp"),
    Field("icmp_type", "ICMP type", "echo-request"),
    Field("in_", "In by interface", "unknown"),
    Field("origin", "Origin", "external or local; by the source address"),
    Field("ctstate", "State", "NEW"),
    Field("local", "Node's addresses", "unknown; for example 192.168.50.10"),
)


class TraceForm(ModalScreen[Request | None]):
    """Ask for a packet; the answer is the request, None if it was called off."""

    # With priority the focus has moved before the next key of a fast typist (or a paste) is looked at.
    BINDINGS: ClassVar = [
        Binding("escape", "dismiss", "Cancel"),
        Binding("tab,down", "field(1)", "Next", show=False, priority=True),
        Binding("shift+tab,up", "field(-1)", "Previous", show=False, priority=True),
    ]

    def __init__(self, request: Request, family: int, services: Services) -> None:
        """Fill the form in with a request."""
        super().__init__()
        self._given = request
        self._family = family
        self._services = services

    def compose(self) -> Iterator[Widget]:
        """A row a field: label, input, what is wrong with it."""
        with VerticalScroll(id="form", can_focus=False) as form:
            form.border_title = "Trace a packet"
            form.border_subtitle = "enter traces · tab next field · esc cancels"
            for field in FIELDS:
                with Horizontal(classes="field"):
                    yield Label(field.label)
                    yield Input(
                        self._value(field),
                        placeholder=field.empty,
                        id=f"field-{field.name}",
                        compact=True,
                        select_on_focus=False,
                    )
                    yield Static(classes="wrong", id=f"wrong-{field.name}", markup=False)
            yield Static(id="preview", markup=False)

    def on_mount(self) -> None:
        """Start where the first thing is missing."""
        empty = next((f for f in FIELDS if f.name in ("src", "dst", "dport") and not self._value(f)), FIELDS[0])
        self._go_to(empty.name)
        self._check()

    @on(Input.Changed)
    def changed(self) -> None:
        """Check at every key."""
        self._check()

    @on(Input.Submitted)
    def submitted(self) -> None:
        """Trace, if everything makes sense; else go to what doesn't."""
        wrong = self._check()
        if wrong is None:
            self.dismiss(self._resolved())
        else:
            self._go_to(wrong)

    def action_field(self, step: int) -> None:
        """The next field, or the one before."""
        names = [field.name for field in FIELDS]
        at = next((i for i, name in enumerate(names) if self.focused is self.query_one(f"#field-{name}")), 0)
        self._go_to(names[(at + step) % len(names)])

    def _go_to(self, name: str) -> None:
        """Move to a field; what is in it is selected, so that typing replaces it."""
        field = self.query_one(f"#field-{name}", Input)
        self.set_focus(field)
        field.select_all()

    def _value(self, field: Field) -> str:
        value = getattr(self._given, field.name)
        return ", ".join(value) if isinstance(value, tuple) else str(value)

    def _typed(self) -> Request:
        values = {field.name: self.query_one(f"#field-{field.name}", Input).value.strip() for field in FIELDS}
        local = tuple(filter(None, re.split(r"[,\s]+", values.pop("local"))))
        return replace(self._given, local=local, to_node=False, **values)  # type: ignore[arg-type]

    def _resolved(self) -> Request:
        """The request as typed, a Service's name replaced by its cluster IP and port; raises UsageError."""
        request = self._typed()
        if not _SERVICE.match(request.dst):
            return request
        try:
            service = expression(f"{request.proto} -> {request.dst}", self._services)
        except UsageError as error:
            raise FieldError("dst", str(error)) from None
        return replace(request, dst=service.dst, dport=request.dport or service.dport, proto=service.proto)

    def _check(self) -> str | None:
        """Show what is wrong, and the packet as understood; the name of the wrong field, None if all is well."""
        wrong, message = None, ""
        preview = Text("")
        try:
            asked = question(self._resolved(), Host(self._family))
        except FieldError as error:
            wrong, message = error.field, str(error)
        except UsageError as error:
            wrong, message = "dst", str(error)
        else:
            preview = Text(packet_line(asked.packet, asked.origin))
        if wrong is not None:
            label = next((field.label for field in FIELDS if field.name == wrong), wrong)
            preview = Text(f"✗ {label}: {visible(_plain(message))}")
        for field in FIELDS:
            shown = _plain(message) if field.name == wrong else ""
            self.query_one(f"#wrong-{field.name}", Static).update(Text(visible(shown)))
            self.query_one(f"#field-{field.name}").set_class(field.name == wrong, "-wrong")
        self.query_one("#preview", Static).update(preview)
        self.query_one("#preview").set_class(wrong is not None, "-wrong")
        return wrong


def _plain(message: str) -> str:
    """An error without the name of the command line's option."""
    return re.sub(r"^--[\w-]+:? ", "", message)
