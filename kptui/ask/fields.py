"""A packet by its fields, under the names that the JSON of a trace has for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kptui.ask.request import DETAILS, FieldError, Request
from kptui.records import replace
from kptui.text import visible

_FIELDS = {
    "src": "src", "dst": "dst", "proto": "proto", "sport": "sport", "dport": "dport", "in": "in_", "out": "out",
    "origin": "origin", "ctstate": "ctstate", "mark": "mark", "ctmark": "ctmark", "tcp_flags": "tcp_flags",
}  # fmt: skip
NAMES = (*_FIELDS, "icmp_type", "icmp_code", *DETAILS)
"""All fields that a packet has."""


def with_fields(base: Request, given: Mapping[str, Any]) -> Request:
    """`base` with what is told here, which wins; raises FieldError for a field that no packet has.

    A field that is None is as good as left out; `id` and `family`, which answers have beside them, are passed over.
    """
    values: dict[str, Any] = {}
    for name, value in given.items():
        if value is None or name in ("id", "family"):
            continue
        if name in _FIELDS:
            values[_FIELDS[name]] = str(value)
        elif name == "icmp_type":
            code = given.get("icmp_code")
            values["icmp_type"] = str(value) if code is None else f"{value}/{code}"
        elif name not in NAMES:
            raise FieldError(name, f"a packet has no field “{visible(name)}”.")
    details = {name: given[name] for name in DETAILS if given.get(name) is not None}
    return replace(base, details=details or base.details, to_node=base.to_node and "dst" not in values, **values)
