"""From a source's name to a ruleset: the one place where sources, parser and extensions meet."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from kptui.errors import SourceError
from kptui.netfilter.extensions import Catalogue
from kptui.patterns import pattern
from kptui.records import replace
from kptui.sources import SourceText, read_source
from kptui.syntax.ast import Ruleset
from kptui.syntax.reader import read
from kptui.text import visible

if TYPE_CHECKING:
    from kptui.sources.steps import Progress


def load(source: str) -> Ruleset:
    """Read a source into a ruleset; raises SourceError if it can't be read or holds no rules."""
    return load_with_facts(source)[0]


def load_with_facts(
    source: str, cancelled: Callable[[], bool] | None = None, progress: Progress | None = None
) -> tuple[Ruleset, Mapping[str, str]]:
    """A source's ruleset, and what it tells of the host, as texts by their names in a bundle.

    Raises SourceError; CancelledError once `cancelled` says so while a running host is read. `progress` is told what
    that host is asked for.
    """
    found = read_source(source, cancelled, progress)
    return parse(found), found.facts


def parse(source: SourceText, told: Callable[[int], None] | None = None) -> Ruleset:
    """Parse a source's text; raises SourceError if there is no table, chain or rule in it.

    `told` is given the place in the text now and then; what it raises ends the reading.
    """
    ruleset = read(source.text, Catalogue(), source.name, told)
    if not ruleset.tables:
        first = f" Line {ruleset.notes[0].line}: {ruleset.notes[0].message}." if ruleset.notes else ""
        raise SourceError(f"{visible(source.name)} holds no iptables rules.{first}")
    return replace(ruleset, remarks=source.remarks) if source.remarks else ruleset


_COUNTERS = pattern(r"^\[\d+:\d+\] (?=-)", re.MULTILINE)


def load_uncounted(source: str) -> Ruleset:
    """A source's ruleset without the counters before its rules, so that equal rules are written alike; as `load`."""
    found = read_source(source)
    return parse(replace(found, text=without_counters(found.text)))


def without_counters(text: str) -> str:
    """A dump as iptables-save prints it without -c; the lines stay where they are."""
    return _COUNTERS.sub("", text)
