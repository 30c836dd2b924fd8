"""A difference for people: Services first, then chains; every line begins with a sign, so that colour is not needed."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from kptui.diff.compare import Difference
from kptui.diff.services import key_of
from kptui.report.diff.words import Line, chain_lines, service_lines, summary
from kptui.report.trace_text import Paint, plain
from kptui.text import visible

_STYLES = {"+": "good", "-": "bad", "~": "unsure", "→": "unsure"}


def diff_text(found: Difference, before: str, after: str, width: int = 80, paint: Paint = plain) -> str:
    """The whole difference."""
    lines = [paint(f"{visible(before)} → {visible(after)}", "strong"), summary(found)]
    for heading, part in (("Services", _services(found)), ("Chains", _chains(found))):
        listed = list(part)
        if listed:
            lines += ["", paint(heading, "strong")]
            lines += [text for line in listed for text in _written(line, width, paint)]
    return "\n".join(lines)


def all_lines(found: Difference) -> Iterator[Line]:
    """Every line, Services first."""
    yield from _services(found)
    yield from _chains(found)


def _services(found: Difference) -> Iterator[Line]:
    told = set()
    for change in found.services:
        key = key_of(change.port)
        told.add(key)
        yield from service_lines(change, [chain for chain in found.chains if chain.service == key])
    # Chains of Services about which nothing else differs.
    for chain in found.chains:
        if chain.service is not None and chain.service not in told:
            yield from chain_lines(chain)


def _chains(found: Difference) -> Iterator[Line]:
    for chain in found.chains:
        if chain.service is None:
            yield from chain_lines(chain)


def _written(line: Line, width: int, paint: Paint) -> Iterator[str]:
    """A line, broken where the terminal ends; what a rule is now stands below what it was."""
    indent = "  " * (line.depth + 1)
    head, first, second = visible(line.head), *texts(line)
    if line.depth and first:
        column = f"{head:<14} "
    else:
        column = f"{head}  " if head and first else head
    hang = " " * (len(column) if len(column) < 24 else 4)
    rows = [(f"{column}{visible(first)}", hang)]
    if second:
        rows.append((f"{hang}now: {visible(second)}", f"{hang}     "))
    sign = line.sign
    for text, below in rows:
        for row in wrap(text, max(40, width) - len(indent) - 2, subsequent_indent=below, break_on_hyphens=False):
            yield paint(f"{indent}{sign} {row}", _STYLES[line.sign])
            sign = " "


def texts(line: Line) -> tuple[str, str]:
    """What is told of a line, and below it what is now where that is a rule of its own."""
    if line.sign == "→":
        return line.new, ""
    if not (line.old and line.new):
        return line.old or line.new, ""
    return (line.old, line.new) if line.before is not None else (f"{line.old} → {line.new}", "")
