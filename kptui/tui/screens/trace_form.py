"""The packet to trace, in one line or field by field, completed and checked as it is typed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.events import DescendantBlur
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Label, Static
from textual.worker import get_current_worker

from kptui.ask.completion import Completion
from kptui.ask.expression import expression
from kptui.ask.request import FieldError, Request, question
from kptui.ask.written import packet_expression
from kptui.errors import UsageError
from kptui.netfilter.host import Host
from kptui.report.words import packet_line
from kptui.text import visible
from kptui.tracing import Session
from kptui.tui.widgets.choices import Choice, Choices

ROOM = 6
"""So many choices are offered at once."""

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
LINE = Field("line", "Packet", "10.110.199.45:80, default/nginx, nodeport 32754, 10.42.0.7 -> default/nginx")
SAID_BY_LINE = ("src", "sport", "dst", "dport", "proto", "icmp_type")
"""The fields that an expression fills in."""
_NODE = "nodeport"
"""What stands in the field of the destination where any address of the node is meant."""


class TraceForm(ModalScreen[Request | None]):
    """Ask for a packet, in one line or field by field; the answer is the request, None if it was called off."""

    # With priority the focus has moved before the next key of a fast typist (or a paste) is looked at.
    BINDINGS: ClassVar = [
        Binding("escape", "dismiss", "Cancel"),
        Binding("tab", "complete", "Complete, or next field", show=False, priority=True),
        Binding("shift+tab", "field(-1)", "Previous", show=False, priority=True),
        Binding("down", "pick(1)", "Next", show=False, priority=True),
        Binding("up", "pick(-1)", "Previous", show=False, priority=True),
    ]

    class Completed(Message):
        """Ways to go on with a line have been found."""

        def __init__(self, line: str, found: Sequence[Completion]) -> None:
            """They are for that line."""
            self.line = line
            self.found = found
            super().__init__()

    def __init__(self, request: Request, session: Session, history: Sequence[Request] = ()) -> None:
        """Fill the form in with a request; `history` holds those traced before, the newest first."""
        super().__init__()
        self._given = request
        self._family = session.ruleset.family
        self._services = session.services
        self._completer = session.completer
        self._history = history
        self._offered: Sequence[Request | str] = ()
        self._line = packet_expression(request)
        """What the line says, so that only what somebody types in it is news."""
        self._wrong_line: UsageError | None = None

    def compose(self) -> Iterator[Widget]:
        """The line, then a row a field: label, input, what is wrong with it."""
        with VerticalScroll(id="form", can_focus=False) as form:
            form.border_title = "Trace a packet"
            form.border_subtitle = "enter traces · ↓ chooses · tab completes, next field · esc cancels"
            yield from self._row(LINE, self._line)
            yield Choices(id="choices")
            for field in FIELDS:
                yield from self._row(field, self._value(field))
            yield Static(id="preview", markup=False)

    def _row(self, field: Field, value: str) -> Iterator[Widget]:
        with Horizontal(classes="field", id=f"row-{field.name}"):
            yield Label(field.label)
            yield Input(
                visible(value), placeholder=field.empty, id=f"field-{field.name}", compact=True, select_on_focus=False
            )
            yield Static(classes="wrong", id=f"wrong-{field.name}", markup=False)

    def on_mount(self) -> None:
        """Start at the line, which a new one replaces at once."""
        self._go_to(LINE.name)
        self._check()
        self._offer_history()

    # The line and what it may go on with ------------------------------------------------------------------------

    @on(Input.Changed, "#field-line")
    def line_changed(self, event: Input.Changed) -> None:
        """Fill the fields in, and look how the line may go on."""
        event.stop()
        if event.value == self._line:
            return
        self._line = event.value
        self._wrong_line = None
        try:
            self._fill(expression(event.value, self._services) if event.value.strip() else Request())
        except UsageError as error:
            self._wrong_line = error
        self._check()
        if event.value.strip():
            self._complete(event.value)
        else:
            self._offer_history()

    def _fill(self, request: Request) -> None:
        for name in SAID_BY_LINE:
            field = self.query_one(f"#field-{name}", Input)
            with field.prevent(Input.Changed):
                field.value = _NODE if name == "dst" and request.to_node else getattr(request, name)

    @work(thread=True, exclusive=True, group="complete", exit_on_error=False)
    def _complete(self, line: str) -> None:
        worker = get_current_worker()
        found = self._completer.complete(line, ROOM, lambda: worker.is_cancelled)
        self.post_message(self.Completed(line, found))

    @on(Completed)
    def completed(self, event: Completed) -> None:
        """Offer them, unless the line has changed since."""
        if event.line == self.query_one("#field-line", Input).value:
            self._offer([each.line for each in event.found], [Choice(c.text, c.words) for c in event.found], "or")

    def _offer_history(self) -> None:
        recent = [each for each in self._history if packet_expression(each)][:ROOM]
        self._offer(recent, [Choice(packet_expression(each)) for each in recent], "traced before")

    def _offer(self, offered: Sequence[Request | str], choices: list[Choice], title: str) -> None:
        self._offered = offered
        self.query_one(Choices).show(choices if self.focused is self.query_one("#field-line") else (), title)

    @on(DescendantBlur, "#field-line")
    def line_left(self) -> None:
        """Without the line there is nothing to choose."""
        self.query_one(Choices).show((), "")

    @on(Choices.Clicked)
    def clicked(self, event: Choices.Clicked) -> None:
        """A click takes a choice into the line."""
        self._take(event.number)

    def action_pick(self, step: int) -> None:
        """The next choice, or the one before; the next field where there is none."""
        if not self.query_one(Choices).move(step):
            self.action_field(step)

    def action_complete(self) -> None:
        """Take the choice that is picked, or the first, into the line; go to the next field where there is none."""
        choices = self.query_one(Choices)
        if not choices.display or (isinstance(self._offered[0], Request) and choices.picked is None):
            self.action_field(1)
        else:
            self._take(choices.picked or 0)

    def _take(self, number: int) -> None:
        taken = self._offered[number]
        line = self.query_one("#field-line", Input)
        if isinstance(taken, Request):
            self._given = taken
            for field in FIELDS:
                self.query_one(f"#field-{field.name}", Input).value = visible(self._value(field))
            taken = packet_expression(taken)
        line.value = visible(taken)
        line.cursor_position = len(line.value)

    # The fields -------------------------------------------------------------------------------------------------

    @on(Input.Changed, ".field Input")
    def field_changed(self, event: Input.Changed) -> None:
        """Check at every key; the line says the same as the fields."""
        if event.input.id == "field-line":
            return
        if event.input is self.focused:
            self._wrong_line = None
            line = self.query_one("#field-line", Input)
            self._line = packet_expression(self._typed())
            with line.prevent(Input.Changed):
                line.value = self._line
        self._check()

    @on(Input.Submitted)
    def submitted(self) -> None:
        """Trace, if everything makes sense; else go to what doesn't."""
        picked = self.query_one(Choices).picked
        if picked is not None:
            self._take(picked)
            self._fill_from_line()
        wrong = self._check()
        if wrong is None:
            self.dismiss(self._resolved())
        else:
            self._go_to(wrong)

    def _fill_from_line(self) -> None:
        """What the line says, before its message comes round."""
        self._wrong_line = None
        try:
            self._fill(expression(self.query_one("#field-line", Input).value, self._services))
        except UsageError as error:
            self._wrong_line = error

    def action_field(self, step: int) -> None:
        """The next field, or the one before."""
        names = [LINE.name, *(field.name for field in FIELDS)]
        at = next((i for i, name in enumerate(names) if self.focused is self.query_one(f"#field-{name}")), 0)
        self._go_to(names[(at + step) % len(names)])

    def _go_to(self, name: str) -> None:
        """Move to a field; what is in it is selected, so that typing replaces it."""
        field = self.query_one(f"#field-{name}", Input)
        self.set_focus(field)
        field.select_all()

    def _value(self, field: Field) -> str:
        if field.name == "dst" and self._given.to_node:
            return _NODE
        value = getattr(self._given, field.name)
        return ", ".join(value) if isinstance(value, tuple) else str(value)

    def _typed(self) -> Request:
        values = {field.name: self.query_one(f"#field-{field.name}", Input).value.strip() for field in FIELDS}
        local = tuple(filter(None, re.split(r"[,\s]+", values.pop("local"))))
        to_node = values["dst"] == _NODE
        if to_node:
            values["dst"] = ""
        return replace(self._given, local=local, to_node=to_node, **values)  # type: ignore[arg-type]

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
            if self._wrong_line is not None:
                raise FieldError(LINE.name, str(self._wrong_line))
            asked = question(self._resolved(), Host(self._family))
        except FieldError as error:
            wrong, message = error.field, str(error)
        except UsageError as error:
            wrong, message = "dst", str(error)
        else:
            preview = Text(packet_line(asked.packet, asked.origin))
        if wrong is not None:
            label = next((field.label for field in FIELDS if field.name == wrong), LINE.label)
            preview = Text(f"✗ {label}: {visible(_plain(message))}")
        for field in (LINE, *FIELDS):
            shown = _plain(message) if field.name == wrong and field is not LINE else ""
            self.query_one(f"#wrong-{field.name}", Static).update(Text(visible(shown)))
            self.query_one(f"#field-{field.name}").set_class(field.name == wrong, "-wrong")
        self.query_one("#preview", Static).update(preview)
        self.query_one("#preview").set_class(wrong is not None, "-wrong")
        return wrong


def _plain(message: str) -> str:
    """An error without the name of the command line's option."""
    return re.sub(r"^--[\w-]+:? ", "", message)
