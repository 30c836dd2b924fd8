"""A request written back as a user would type it: as an expression, and as a command."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from kptui.ask.request import Request
from kptui.text import visible

_OPTIONS = {
    "proto": "--proto", "src": "--src", "sport": "--sport", "dst": "--dst", "dport": "--dport", "in_": "--in",
    "out": "--out", "origin": "--origin", "ctstate": "--ctstate", "mark": "--mark", "ctmark": "--ctmark",
    "tcp_flags": "--tcp-flags", "icmp_type": "--icmp-type",
}  # fmt: skip
_IN_EXPRESSION = ("proto", "src", "sport", "dst", "dport", "icmp_type")


def packet_expression(request: Request) -> str:
    """The expression that stands for a request's packet, empty where none does: one has to have a destination."""
    if request.to_node:
        after = f"nodeport {request.dport}" if request.dport else ""
    else:
        after = _place(request.dst, request.dport)
    if not after:
        return ""
    # An ICMP type is only read behind its protocol.
    kind = request.icmp_type if request.proto else ""
    before = " ".join(filter(None, [request.proto, kind, _place(request.src, request.sport)]))
    arrow = "-> " if request.src or kind else ""
    return f"{before} {arrow}{after}".strip()


def command_line(source: str, request: Request, reply: bool = False) -> str:
    """The `kptui trace` command that asks the same, quoted for a POSIX shell; safe to paste into a terminal."""
    words = ["kptui", "trace", source, *_words(request), *(["--reply"] if reply else [])]
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    r"""A word as the shell reads it; what could act on the terminal it is pasted into goes in as $'\nnn'."""
    if visible(word) == word:
        return shlex.quote(word)
    return "$'" + "".join(map(_escaped, word.encode("utf-8", "surrogateescape"))) + "'"


def _escaped(byte: int) -> str:
    return chr(byte) if 0x20 <= byte < 0x7F and chr(byte) not in "'\\" else f"\\{byte:03o}"


def _words(request: Request) -> Iterator[str]:
    expression = packet_expression(request) if request.to_node else ""
    if expression:
        yield expression
    for name, option in _OPTIONS.items():
        value = getattr(request, name)
        if value and not (expression and name in _IN_EXPRESSION):
            yield from (option, value)
    for option, values in (("--local", request.local), ("--route", request.routes), ("--assume", request.assume)):
        for value in values:
            yield from (option, value)
    for name, value in request.settings.items():
        yield from ("--set", f"{name}={value}")


def _place(address: str, port: str) -> str:
    if not address or not port:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
