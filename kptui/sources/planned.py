"""What would be run for a source, for people to read before they let it run; nothing is run to find that out."""

from __future__ import annotations

import shlex

from kptui.sources import is_live, place_of
from kptui.sources.access import chosen
from kptui.sources.commands import COMMANDS
from kptui.text import visible


def planned(name: str) -> tuple[list[str], list[str]]:
    """The commands, as one would type them into a shell, and notes on them; raises SourceError."""
    if name == "kubectl:" or (name.startswith("kubectl:") and name.endswith("/")):
        return _all_nodes(name)
    if not is_live(name):
        return [], [f"{visible(name)} is read; no command is run."]
    place = place_of(name, chosen())
    plan = place.planned()
    lines = [*plan.before, *(place.words(command.argv) for command in COMMANDS), *plan.after]
    notes = ["Of iptables-save's two other names, the one whose rules it printed already is left out."]
    return [visible(shlex.join(line)) for line in lines], [*notes, *filter(None, [plan.note])]


def _all_nodes(name: str) -> tuple[list[str], list[str]]:
    from kptui.sources.kubectl import listing

    return [visible(shlex.join(listing(name.partition(":")[2])))], [
        "Then each node is read; --dry-run with one tells how."
    ]
