"""Quotes and escapes of values, as iptables-restore reads them (xshared.c, add_param_to_argv)."""

from __future__ import annotations

import re

from kptui.patterns import pattern

_CLOSED = pattern(r'[^"\\]*(?:\\.[^"\\]*)*"\Z', re.DOTALL)
_ESCAPE = pattern(r"\\(.)", re.DOTALL)


def unquoted(text: str) -> str:
    """A value without its quotes and escapes; a quote that is never closed takes in the end of the line."""
    before, quote, body = text.partition('"')
    if not quote:
        return str(text)
    closed = _CLOSED.match(body)
    body = body[:-1] if closed else body + "\n"
    return before + (_ESCAPE.sub(r"\1", body) if "\\" in body else body)
