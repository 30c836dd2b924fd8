"""Which views have nothing to show now: no trace yet, a file that nobody reads again, no counters, one node."""

from __future__ import annotations

from kptui.live.snapshot import Snapshot
from kptui.tui.keys import VIEWS


def lacking(snapshot: Snapshot, traced: bool, live: bool, nodes: bool) -> frozenset[str]:
    """The ids of the views that have nothing to show; a glance, for it is asked whenever the line of views is drawn."""
    ruleset = snapshot.session.ruleset
    if not ruleset.tables:
        return frozenset(VIEWS) - {"chains", "nodes" if nodes else ""}
    has = {
        "journey": traced,
        "compare": traced,
        "changes": live or bool(snapshot.changes),
        "busiest": _counted(snapshot),
        "connections": _connections(snapshot),
        "nodes": nodes,
    }
    return frozenset(view for view, something in has.items() if not something)


def _counted(snapshot: Snapshot) -> bool:
    """Whether rules have counters: iptables-save writes them for all rules or for none."""
    for table in snapshot.session.ruleset.tables:
        for chain in table.chains.values():
            if chain.rules:
                return snapshot.counted(chain.rules[0]) is not None
    return False


def _connections(snapshot: Snapshot) -> bool:
    session = snapshot.session
    return session.live or session.connections is not None or "conntrack" in session.facts
