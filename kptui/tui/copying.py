"""What can be copied, as text: of the selected place, of a trace; and writing it to a file, the sure way."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kptui.ask.request import Request
from kptui.ask.written import command_line
from kptui.errors import KptuiError
from kptui.netfilter.trace import Trace
from kptui.syntax.ast import Chain, Rule
from kptui.text import number_of, visible
from kptui.tracing import Session

MANY = 74_994
"""Bytes; of what is longer, many terminals take nothing: base64 makes it longer than the 100,000 bytes they read."""

_FONTS = re.compile(r"@font-face\s*\{.*?\}\s*", re.DOTALL)


class UnwrittenError(KptuiError):
    """A file could not be written."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something to copy: its id among the keys of the menu, what it is called, its text, the file it would go to.

    Without a `text` there is none now, and `words` say why; else `words` say more of it.
    """

    id: str
    name: str
    text: Callable[[], str] | None
    file: str
    words: str = ""
    also: str = ""
    """Another id that it answers to."""


def rule_text(rule: Rule) -> str:
    """A rule as it is written, but for what could act: it gets pasted into terminals, where a control is a key."""
    return visible(rule.text)


def chain_text(chain: Chain) -> str:
    """A chain's declaration and its rules as they are written, but for what could act."""
    return "\n".join(map(visible, (chain.text, *(rule.text for rule in chain.rules))))


def place_items(rule: Rule | None, chain: Chain | None) -> list[Item]:
    """The selected rule and its chain, or the selected chain."""
    items = []
    if rule is not None:
        items.append(Item("copy_selected", "the rule", lambda: rule_text(rule), "kptui-rule.txt", rule_text(rule)))
    if chain is not None:
        count = f"{visible(chain.name)}, {len(chain.rules):,} rule{'' if len(chain.rules) == 1 else 's'}"
        ids = ("copy_chain", "") if items else ("copy_selected", "copy_chain")
        items.append(Item(ids[0], "the chain", lambda: chain_text(chain), "kptui-chain.txt", count, ids[1]))
    return items or [Item("copy_selected", "the rule", None, "", "no rule or chain is selected")]


def trace_items(session: Session, request: Request, trace: Trace | None) -> list[Item]:
    """A trace in each of its forms; `trace` is that of the way there, with the way back if that was asked for."""
    forms: tuple[tuple[str, str, str, Callable[[Trace], str]], ...] = (
        ("copy_text", "the trace as text", "kptui-trace.txt", session.text),
        (
            "copy_command", "the trace as a command", "kptui-trace.sh",
            lambda trace: command_line(session.source, request, trace.replied),
        ),
        (
            "copy_json", "the trace as JSON", "kptui-trace.json",
            lambda trace: json.dumps(session.json(trace), indent=2),
        ),
        ("copy_mermaid", "the trace as Mermaid", "kptui-trace.mmd", lambda trace: session.graph(trace, "mermaid")),
    )  # fmt: skip
    if trace is None:
        return [Item(id, name, None, file, "no trace yet: t asks") for id, name, file, _ in forms]
    return [Item(id, name, _later(write, trace), file) for id, name, file, write in forms]


def _later(write: Callable[[Trace], str], trace: Trace) -> Callable[[], str]:
    return lambda: write(trace)


def write_file(name: str, text: str) -> Path:
    """Write a new file into the working directory, for its owner only, beside those that are there; says which.

    Raises UnwrittenError.
    """
    stem, _, suffix = name.rpartition(".")
    for number in range(1, 1000):
        path = Path.cwd() / (f"{stem}-{number}.{suffix}" if number > 1 else name)
        try:
            # A link in its place is not followed, and what is there is not written over.
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        except OSError as error:
            raise UnwrittenError(f"{path} can't be written: {error.strerror}.") from None
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text if text.endswith("\n") else f"{text}\n")
        return path
    raise UnwrittenError(f"There are too many files like {name} in {Path.cwd()}.")


def size_words(text: str) -> str:
    """How much was copied."""
    lines = text.count("\n") + 1
    return number_of(lines, "line") if lines > 1 else number_of(len(text), "character")


def own_picture(svg: str) -> str:
    """A picture that fetches nothing: its fonts would come from a server, so the viewer's own have to do."""
    return _FONTS.sub("", svg)
