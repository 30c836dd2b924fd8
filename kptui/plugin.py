"""`kubectl kptui`: the command line with nodes where it takes sources."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from kptui.cli import main as kptui
from kptui.commands import COMMANDS

_USAGE = """Usage: kubectl kptui [--context NAME] [NODE]...
       kubectl kptui [--context NAME] COMMAND NODE [OPTIONS]...

`kubectl kptui NODE` is `kptui kubectl:NODE`, `kubectl kptui trace NODE PACKET` is `kptui trace kubectl:NODE PACKET`,
and so on; `diff` takes two nodes. Without NODE, all nodes of the cluster. What holds a colon or slash, and -, is a
source as kptui takes it: `kubectl kptui diff ./yesterday.tar.gz node1`. `kptui --help` tells of commands and options.
"""
_MANY = 1_000
_SOURCES = {None: _MANY, "check": _MANY, "diff": 2, "test": 2, "demo": 0, "completion": 0}
"""How many words behind a command name sources, where it is not one."""


def translated(argv: Sequence[str]) -> list[str]:
    """The arguments of `kptui` that those of `kubectl kptui` stand for."""
    context, rest = _context(list(argv))
    command = rest.pop(0) if rest and rest[0] in COMMANDS else None
    options = (at for at, word in enumerate(rest) if word.startswith("-") and word != "-")
    count = min(_SOURCES.get(command, 1), next(options, len(rest)))
    named = [_source(word, context) for word in rest[:count]]
    if command == "test":  # the first of its words is the file of expectations
        named[:1] = rest[:1]
    if command is None and not rest:
        named = [_source("", context)]
    return [*([command] if command else []), *named, *rest[len(named) :]]


def _context(words: list[str]) -> tuple[str, list[str]]:
    if words and words[0].startswith("--context="):
        return words[0].partition("=")[2], words[1:]
    if len(words) > 1 and words[0] == "--context":
        return words[1], words[2:]
    return "", words


def _source(word: str, context: str) -> str:
    if word == "-" or ":" in word or "/" in word:
        return word
    return f"kubectl:{context}/{word}" if context else f"kubectl:{word}"


def main() -> None:
    """The console script `kubectl-kptui`, which kubectl finds by its name."""
    argv = sys.argv[1:]
    if argv[:1] in (["-h"], ["--help"]):
        sys.stdout.write(_USAGE)
        return
    sys.argv[1:] = translated(argv)
    kptui()
