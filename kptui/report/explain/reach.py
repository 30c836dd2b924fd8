"""How packets come to a chain: who leads to it, and from which hooks."""

from __future__ import annotations

from collections.abc import Iterator

from kptui.report.explain.around import Around
from kptui.report.rule_words import condition_words
from kptui.syntax.ast import Chain, Table
from kptui.text import number_of

SHOWN = 8
_BASE = {
    "PREROUTING": ("every packet that arrives", "before routing"),
    "INPUT": ("every packet for this host itself", "after routing"),
    "FORWARD": ("every packet that passes through this host", "after routing"),
    "OUTPUT": ("every packet that this host itself sends", "after routing"),
    "POSTROUTING": ("every packet that leaves", "after routing"),
}


def reached(around: Around, table: Table, chain: Chain) -> Iterator[str]:
    """Who leads to a chain, and from which hooks packets can come."""
    if chain.builtin:
        what, when = _BASE.get(chain.name, ("the packets of its hook", ""))
        if table.name == "nat":
            what = what.replace("every packet", "the first packet of each connection")
        yield f"{chain.name} is a base chain: the kernel calls it for {', '.join(filter(None, (what, when)))}."
        return
    index = around.index(table)
    count, callers = index.count(chain.name), index.callers(chain.name, SHOWN)
    if not callers:
        yield f"Nothing in table {table.name} leads to {chain.name}: no packet comes here."
        return
    hooks = around.hooks(table, chain.name)
    where = f"in the end from {' and '.join(hooks)}" if hooks else "but no packet comes to any of them"
    yield f"{number_of(count, 'rule')} lead{'s' if count == 1 else ''} to {chain.name}, {where}:"
    for rule in callers:
        asked = condition_words(rule, table.chains[rule.chain])
        yield f"{around.named(table, rule.chain)} {rule.number} (line {rule.line}): {asked}"
    if count > SHOWN:
        yield f"… and {count - SHOWN:,} more."
