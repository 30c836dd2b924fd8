"""What each screen and each pane is, in a sentence: the head of its help."""

from __future__ import annotations

from typing import NamedTuple


class About(NamedTuple):
    """A name and a sentence."""

    name: str
    sentence: str


SCREENS = {
    "MainScreen": About(
        "Chains",
        "The chains of every table on the left, on the right the rules of the selected chain and the selected one in "
        "full; below, once a packet is traced, where it goes.",
    ),
    "ServicesScreen": About(
        "Services", "The Services that the rules implement, one row a port; below, the selected one."
    ),
    "ProblemsScreen": About("Problems", "What goes wrong in the rules, the worst first; {view_open} goes to the rule."),
    "JourneyScreen": About(
        "Journey", "One outcome of the trace, hook by hook: what came in, what was done, what left."
    ),
    "ChangesScreen": About(
        "Changes", "What appeared, went and changed since the source was opened; {view_open} goes there."
    ),
    "BusiestScreen": About("Busiest rules", "The rules that most packets match, by rate or, of a file, in total."),
    "ConnectionsScreen": About(
        "Flows", "Connections that the kernel tracks: which client goes to which pod, by which Service."
    ),
    "DifferencesScreen": About(
        "Differences", "What another source has otherwise, in meaning: order and counters don't count."
    ),
    "CompareScreen": About(
        "Compare",
        "The trace beside another one: how both end, and their hops; what differs has a sign, {next} goes there.",
    ),
    "DifferingScreen": About(
        "Differences between nodes", "The Services that not every node has alike, and who has what."
    ),
    "LeadsScreen": About("What leads there", "Every rule by which a packet can come to the chain or endpoint."),
    "NodesScreen": About("Nodes", "The sources that are open, one row each; {node_open} explores one."),
}
"""By the name of the screen's class; keys by their ids."""

PANES = {
    "chains": About("Chains", "Tables, their chains with policy or number of rules, and the chains' rules."),
    "rules": About("Rules", "The selected chain's rules: what is asked, and what is done then."),
    "detail": About("Rule", "The selected rule or chain as it is written, in words, and who leads there."),
    "outcomes": About(
        "Outcomes", "Each way the packet can end, with its share; below, what is not told. ?1y: if ?1 is yes."
    ),
    "hops": About("Hops", "The rules on the path of the chosen outcome, in the kernel's order."),
    "table": About("Table", "One row for each; what is selected stands below in full."),
    "table-detail": About("In full", "All that is known of the selected row."),
    "search-text": About(
        "Search", "What is typed is looked for in chains and rules; enter keeps the hits, esc clears."
    ),
}
"""By the pane's id."""
