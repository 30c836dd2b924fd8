"""What can be done where there is nothing to show: a sentence for each view, its keys under the settings."""

from __future__ import annotations

from kptui.syntax.ast import Ruleset
from kptui.tui.settings.fields import Settings
from kptui.tui.settings.keymap import labels

NEXT = {
    "ServicesScreen": (
        "kube-proxy's chains are there, but they dispatch to no Service: {problems} tells what is wrong with "
        "them; `kptui check SOURCE --services FILE` compares with what the API server says. {chains} goes back to "
        "the chains."
    ),
    "ServicesScreen without kube-proxy": (
        "No chain of kube-proxy's is there. Was the dump taken on a Kubernetes node, as root? In nftables mode "
        "kube-proxy's rules are in `nft list table ip kube-proxy`, with a replacement such as Cilium's there are "
        "none. {chains} goes to the chains, {trace} traces a packet through them."
    ),
    "ProblemsScreen": (
        "What the rules say holds together. Whether it fits the cluster: `kptui check SOURCE --services FILE "
        "--endpoints FILE`. {chains} goes back to the chains; there {trace} traces a packet."
    ),
    "ProblemsScreen incomplete": (
        "The search was ended, so that nothing was found says nothing of the rest: {problems} looks again, "
        "at all rules."
    ),
    "ChangesScreen": (
        "{reload} reads the source again (from the chains, where {chains} leads); what then is different is "
        "listed here."
    ),
    "BusiestScreen": (
        "Counters come with `iptables-save -c`, rates with a running host that is read again and again: `kptui "
        "live:`. {chains} goes back to the chains."
    ),
    "ConnectionsScreen": (
        "A bundle of `kptui capture` and a running host tell their connections. {chains} goes back to the chains."
    ),
    "LeadsScreen": (
        "So no packet comes there, unless by a policy. {problems} tells whether it is left over; {view_close} "
        "goes back."
    ),
    "DifferencesScreen": (
        "{view_close} goes back; there {differences} asks again, `kptui diff` says the same for scripts."
    ),
    "CompareScreen": "{view_close} goes back; there {trace} asks for a packet.",
    "DifferingScreen": "{view_close} goes back to the nodes; {view_open} explores one.",
    "NodesScreen": "{node_reload} reads the sources again.",
    "filter": "No row has every word of “{words}”. {view_close} clears the filter.",
    "no tables": (
        "There are no tables here: no rule is set, or none of iptables'. `nft list ruleset` shows the others. "
        "{reload} reads the source again, {quit} leaves."
    ),
    "no kube-proxy": (
        "No chain of kube-proxy's is in these tables: the rules are somebody else's, and are traced and explained "
        "all the same. {trace} traces a packet, {search} searches, {problems} looks for problems."
    ),
    "search": "nothing found; fewer words find more, {close} clears",
}
"""By the screen's class, or by what is missing; keys by their ids."""


def next_step(what: str, settings: Settings, **also: str) -> str:
    """The sentence, empty if there is none."""
    keys = labels(settings)
    return NEXT.get(what, "").format(**keys, close=keys["cancel"], **also)


def has_kube_proxy(ruleset: Ruleset) -> bool:
    """Whether any chain is named as kube-proxy names its own; it looks at names until it finds one."""
    return any(name.startswith("KUBE-") for table in ruleset.tables for name in table.chains)
