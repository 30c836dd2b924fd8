"""Text that is missing in a dump: every way of a packet that it could concern assumes that it does not."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.facts import Fact, Unsure
from kptui.netfilter.walk import Journal, Terminal, part
from kptui.netfilter.worlds import Flow
from kptui.syntax.ast import Gap, Table

UNKNOWN = "what is missing in the dump may decide"


def beyond(gaps: Sequence[Gap], family: int) -> list[Gap]:
    """The gaps in which whole tables of a family may be missing."""
    return [gap for gap in gaps if gap.table is None and gap.family in (None, family)]


def within_table(gaps: Sequence[Gap], table: Table) -> list[Gap]:
    """The gaps of one table."""
    key = (table.name, table.family, table.backend)
    return [gap for gap in gaps if (gap.table, gap.family, gap.backend) == key]


def as_if_whole(flow: Flow, gaps: Sequence[Gap], journal: Journal) -> Flow:
    """The packets on the ways on which nothing is missing; the others end here, nobody can say how."""
    for gap in gaps:
        kept, lost = Flow(), Flow()
        for packet, ways in flow:
            fact = Fact(("gap", gap.table, gap.backend, gap.line))
            whole, other = part(ways, Unsure(fact, gap.why), gap.line, gap.denied, journal)
            if whole:
                kept.take(packet, whole)
            if other:
                lost.take(packet, other)
        if lost:
            journal.ended.append(Terminal("UNKNOWN", UNKNOWN, lost))
        flow = kept
    return flow
