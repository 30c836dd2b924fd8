"""A file of expectations, read: a list of cases, with what holds for all of them beside it."""

from __future__ import annotations

from typing import Any

from kptui.ask.expectation import FIELDS, Expectation, expectation, expected_of
from kptui.ask.fields import NAMES
from kptui.ask.request import BITS, Request
from kptui.expectations.case import Case
from kptui.expectations.nodes import Document, Node, is_list, is_mapping
from kptui.records import replace

_TOLD = ("local", "routes", "assume", "set", "reply")
_CASE = ("name", "packet", "expect", *_TOLD)
_FILE = (*_TOLD, "cases")


def read_cases(name: str, text: str, told: Request | None = None, reply: bool = False) -> list[Case]:
    """The cases of a file; raises UsageError with line and column.

    `told` and `reply` hold for all: the file adds to them for all its cases, and each case for itself.
    """
    file = Document(name, text)
    base = told or Request()
    if is_list(file.root):
        nodes = file.items(file.root, "a list of cases")
    else:
        found = file.mapping(file.root, _FILE, "a list of cases, or a mapping with the field cases")
        if "cases" not in found:
            file.wrong(file.root, "the field cases is missing: the list of expectations.")
        base, reply = _told(file, found, base, reply)
        nodes = file.items(found["cases"], "a list of cases")
    if not nodes:
        file.wrong(file.root, "there is no case in it.")
    return [_case(file, node, number, base, reply) for number, node in enumerate(nodes, 1)]


def _case(file: Document, node: Node, number: int, base: Request, reply: bool) -> Case:
    found = file.mapping(node, _CASE, "a case: a mapping with the fields packet and expect")
    for needed in ("packet", "expect"):
        if needed not in found:
            file.wrong(node, f"the field {needed} is missing in this case.")
    packet = _packet(file, found["packet"])
    expect = _expectation(file, found["expect"])
    shown = packet if isinstance(packet, str) else " ".join(f"{name} {value}" for name, value in packet.items())
    name = file.text(found["name"], "the name of the case") if "name" in found else shown or f"case {number}"
    told, reply = _told(file, found, base, reply)
    mark = node.start_mark
    return Case(name, packet, expect, told, reply, mark.line + 1, mark.column + 1)


def _told(file: Document, found: dict[str, Node], base: Request, reply: bool) -> tuple[Request, bool]:
    """What is known of the host beside its rules, added to what holds already."""
    local, routes, assume = (
        file.texts(found[name], what) if name in found else ()
        for name, what in (
            ("local", "an address of the host, or a list of them"),
            ("routes", "a route such as “10.42.0.0/24 dev cni0”, or a list of them"),
            ("assume", "an assumption TEXT=yes or TEXT=no, or a list of them"),
        )
    )
    settings = dict(base.settings)
    if "set" in found:
        for name, node in _pairs(file, found["set"]):
            settings[name] = file.text(node, f"a value for {name}")
    if "reply" in found:
        reply = file.truth(found["reply"], "yes or no: whether the way back counts, too")
    told = replace(
        base,
        local=(*base.local, *local),
        routes=(*base.routes, *routes),
        assume=(*base.assume, *assume),
        settings=settings,
    )
    return told, reply


def _pairs(file: Document, node: Node) -> list[tuple[str, Node]]:
    if not is_mapping(node):
        file.wrong(node, "expected a mapping of names to values, as --set has them.")
    return [(file.text(key, "the name of a setting"), value) for key, value in node.value]


def _packet(file: Document, node: Node) -> str | dict[str, Any]:
    """An expression, or fields; those that are counted are numbers."""
    if not is_mapping(node):
        return file.text(node, "a packet: an expression such as “10.42.0.7 -> default/nginx”, or its fields")
    found: dict[str, Any] = {}
    for name, value in file.mapping(node, NAMES, "a packet").items():
        text = file.text(value, f"a value for {name}")
        found[name] = int(text) if name in BITS and text.isascii() and text.isdecimal() and len(text) < 20 else text
    return found


def _expectation(file: Document, node: Node) -> Expectation:
    """`yes dnat=…` in one text, or the same as a mapping."""
    try:
        if not is_mapping(node):
            return expectation(file.text(node, "what is expected, such as “yes dnat=10.42.0.199:80”"))
        found = file.mapping(node, ("answer", *FIELDS), "an expectation")
        answer = file.text(found["answer"], "yes, no or depends") if "answer" in found else ""
        return expected_of(answer, {n: file.texts(found[n], f"a value for {n}") for n in FIELDS if n in found})
    except ValueError as error:
        file.wrong(node, f"expect: {error}")
