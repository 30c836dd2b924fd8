"""Bytes to text, losing none: what is not UTF-8 is kept as lone surrogates, and written back as it was."""

from __future__ import annotations

from collections.abc import Mapping

from kptui.errors import SourceError
from kptui.records import dataclass, field
from kptui.text import visible

MAX_BYTES = 1 << 30
"""More than any dump (the largest reported has 700,000 lines, about 100 MB), less than what brings a host down."""


@dataclass(frozen=True, slots=True)
class SourceText:
    """A source's name as shown to people, and its text; `facts` are texts about the host, by their name in a bundle.

    `remarks` are sentences on what was found and what is missing.
    """

    name: str
    text: str
    facts: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def decode(data: bytes, name: str) -> str:
    """The text of a dump's bytes; raises SourceError for what can be no dump."""
    shown = visible(name)
    if not data or data.isspace():
        raise SourceError(f"{shown} is empty: expected the output of iptables-save.")
    if b"\0" in data[:65536]:
        raise SourceError(f"{shown} is a binary file: expected the text that iptables-save prints.")
    return data.decode("utf-8", "surrogateescape")
