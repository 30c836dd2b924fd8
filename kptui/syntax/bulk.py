"""The bulk of a dump as iptables-save prints it, many lines a match: declarations, and rules of one chain."""

from __future__ import annotations

from kptui.patterns import pattern

# Groups are repeated greedily: up to Python 3.11.4, a possessive repeat forgets where a turn that fails began.
RULES = {
    lead[0]: pattern(
        rf'{rule} ([^ \t\n"]+) .*+\n' + rf"({rule} \1 .*+\n)?" * 2 + rf"(?:({rule} \1 .*+\n)(?:{rule} \1 .*+\n)*)?"
    )
    for lead, rule in (("-A", "-A"), ("[0:0] -A", r"\[\d+:\d+\] -A"))
}
"""By their first character, rules of one chain: its name, then groups of which the last that matched tells how many.

There are as many rules as that group's number; at 4 there are four or more. Most chains of kube-proxy have up to three.
"""
_CHAINS = pattern(r"(?::[!#-~]{1,28} - \[\d{1,20}:\d{1,20}\]\n)+")
_CHAIN_NAME = pattern(r":([^ ]+) - \[[\d:]+\]\n")
_UNCOUNTED = " - [0:0]\n"


def declared(text: str, position: int) -> tuple[list[str], int]:
    """The user-defined chains that are declared one after the other from a place on, and where that ends."""
    found = _CHAINS.match(text, position)
    if found is None:
        return [], position
    lines = found[0]
    if lines.endswith(_UNCOUNTED):
        names = lines[1 : -len(_UNCOUNTED)].split(f"{_UNCOUNTED}:")
        if len(names) == lines.count("\n"):
            return names, found.end()
    return _CHAIN_NAME.findall(lines), found.end()
