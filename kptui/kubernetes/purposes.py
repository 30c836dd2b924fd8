"""Why kube-proxy (1.20 to 1.34) and kubelet write a rule: data, one row a kind of rule, the first that fits counts.

Source: pkg/proxy/iptables/proxier.go and pkg/kubelet/kubelet_network_linux.go of these versions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from kptui.syntax.ast import Rule


class Purpose(NamedTuple):
    """A kind of rule by its table, chain and target (beginnings, `|` between), words of its comment, and what it asks.

    `asks` names matches or generic options that must be there, or after a `!` must not. In `words`, {service},
    {endpoint}, {source} and {seconds} stand for what the rule is about.
    """

    table: str
    chain: str
    target: str
    comment: str
    asks: str
    words: str


_LOCAL = "externalTrafficPolicy is Local for {service}"
_MASQUERADED = "what is marked is masqueraded in POSTROUTING, so that the reply comes back through this node"
PURPOSES = tuple(Purpose(*row) for row in (
    # The ways in, from the base chains.
    ("nat", "PREROUTING|OUTPUT", "KUBE-SERVICES", "", "",
     "This is the way into kube-proxy's rules: every new connection, from outside or from this node, is looked up "
     "among the Services."),
    ("nat", "POSTROUTING", "KUBE-POSTROUTING", "", "",
     "This is where kube-proxy masquerades: what its rules marked on the way gets this node's address as its source."),
    ("filter", "INPUT|FORWARD|OUTPUT", "KUBE-SERVICES", "", "",
     "New connections to a Service without endpoints were not translated in nat: here they are refused."),
    ("filter", "INPUT|FORWARD", "KUBE-EXTERNAL-SERVICES", "", "",
     "New connections from outside to a Service without endpoints are refused here."),
    ("filter", "INPUT", "KUBE-NODEPORTS", "", "", "Health checks of load balancers are let in here."),
    ("filter", "FORWARD", "KUBE-FORWARD", "", "",
     "kube-proxy lets the Services' traffic be forwarded, even if the policy of FORWARD is DROP."),
    ("filter", "INPUT|FORWARD|OUTPUT", "KUBE-PROXY-FIREWALL", "", "",
     "New connections to a load balancer address that came from none of its source ranges are dropped here."),
    ("filter", "INPUT|OUTPUT", "KUBE-FIREWALL", "", "",
     "kubelet (from 1.27 on kube-proxy too) guards services that listen on 127.0.0.1 only."),
    # KUBE-SERVICES and KUBE-NODEPORTS in nat.
    ("nat", "KUBE-SERVICES", "KUBE-MARK-MASQ", "cluster IP", "",
     "Up to 1.21: a client outside of the pod network is masqueraded on the way to {service}."),
    ("nat", "KUBE-SERVICES", "KUBE-MARK-MASQ", "", "",
     "Up to 1.21: traffic from outside to {service} is masqueraded, so that the reply comes back through this node."),
    ("nat", "KUBE-SERVICES", "KUBE-NODEPORTS", "", "",
     "What goes to no Service's address but to an address of this node may mean a node port; this has to stay the last "
     "rule."),
    ("nat", "KUBE-SERVICES", "KUBE-SVL-", "cluster IP", "",
     "This is the cluster IP of {service}, whose internalTrafficPolicy is Local: only endpoints on this node are "
     "used."),
    ("nat", "KUBE-SERVICES", "KUBE-SVC-", "cluster IP", "", "This is the cluster IP of {service}."),
    ("nat", "KUBE-SERVICES", "KUBE-", "external IP", "", "This is an external IP of {service}."),
    ("nat", "KUBE-SERVICES", "KUBE-FW-", "", "",
     "This is a load balancer address of {service}; who may come by it is checked first."),
    ("nat", "KUBE-SERVICES", "KUBE-", "loadbalancer IP", "",
     "This is a load balancer address of {service}: nodes and pods take the short way, too."),
    ("nat", "KUBE-SERVICES", "KUBE-SVC-|KUBE-SVL-", "", "", "This is an address of {service}."),
    ("nat", "KUBE-NODEPORTS", "KUBE-", "", "nfacct",
     "It counts the connections to node ports through 127.0.0.1, for kube-proxy's metrics (1.31 on)."),
    ("nat", "KUBE-NODEPORTS", "KUBE-MARK-MASQ", "", "",
     "Traffic to the node port of {service} is masqueraded, so that the reply comes back through this node."),
    ("nat", "KUBE-NODEPORTS", "KUBE-", "", "", "This is the node port of {service}."),
    # A Service's own chains.
    ("nat", "KUBE-SVC-|KUBE-SVL-|KUBE-XLB-", "KUBE-SEP-", "", "recent",
     "{service} has session affinity: a client that was sent to {endpoint} in the last {seconds} s is sent there "
     "again."),
    ("nat", "KUBE-SVC-", "KUBE-MARK-MASQ", "cluster IP", "source",
     "The pod network is {source}: a client that is not a pod is masqueraded, so that the pod's reply comes back "
     "through this node."),
    ("nat", "KUBE-SVC-|KUBE-SVL-", "KUBE-MARK-MASQ", "cluster IP", "in",
     "Pods are told by the interface that they arrive by: any other client is masqueraded, so that the pod's reply "
     "comes back through this node."),
    ("nat", "KUBE-SVC-|KUBE-SVL-", "KUBE-MARK-MASQ", "cluster IP", "!source !in",
     "kube-proxy runs with --masquerade-all: all traffic to the cluster IP is masqueraded."),
    ("nat", "KUBE-SVL-", "KUBE-MARK-MASQ", "cluster IP", "",
     "A client that is not a pod is masqueraded, so that the pod's reply comes back through this node."),
    ("nat", "KUBE-SVC-", "KUBE-MARK-MASQ", "", "",
     "1.22 and 1.23: traffic from outside to {service} is masqueraded, so that the reply comes back through this "
     "node."),
    ("nat", "KUBE-SVC-", "KUBE-SEP-", "", "statistic", "kube-proxy spreads connections evenly over the endpoints."),
    ("nat", "KUBE-SVC-", "KUBE-SEP-", "", "!statistic",
     "This is the last endpoint (or the only one): it gets what the rules above have left."),
    ("nat", "KUBE-SVL-|KUBE-XLB-", "KUBE-SEP-", "", "statistic",
     "kube-proxy spreads connections evenly over the endpoints on this node."),
    ("nat", "KUBE-SVL-|KUBE-XLB-", "KUBE-SEP-", "", "!statistic",
     "This is the last endpoint on this node (or the only one): it gets what the rules above have left."),
    ("nat", "KUBE-SEP-", "KUBE-MARK-MASQ", "", "",
     "A pod that reaches itself through {service} has to be masqueraded: else it would see a packet from itself, and "
     "answer without the translation being undone."),
    ("nat", "KUBE-SEP-", "DNAT", "", "recent",
     "This is where the Service's address becomes the pod's; the client is remembered for session affinity."),
    ("nat", "KUBE-SEP-", "DNAT", "", "", "This is where the Service's address becomes the pod's."),
    ("nat", "KUBE-EXT-", "KUBE-MARK-MASQ", "masquerade traffic for", "",
     "externalTrafficPolicy is Cluster for {service}: the pod may be on another node, and has to answer through this "
     "one."),
    ("nat", "KUBE-EXT-", "KUBE-MARK-MASQ", "masquerade LOCAL traffic", "",
     _LOCAL + ", but this node's own traffic may go to any endpoint, and is masqueraded for it."),
    ("nat", "KUBE-EXT-", "KUBE-SVC-", "pod traffic for", "",
     _LOCAL + ", but pods may go to any endpoint, as if they had used the cluster IP."),
    ("nat", "KUBE-EXT-", "KUBE-SVC-", "route LOCAL traffic", "",
     _LOCAL + ", but this node's own traffic may go to any endpoint."),
    ("nat", "KUBE-EXT-", "KUBE-SVC-", "", "", "Traffic from outside is spread over the endpoints of all nodes."),
    ("nat", "KUBE-EXT-", "KUBE-SVL-", "", "",
     _LOCAL + ": what comes from outside goes to endpoints on this node only, and keeps its source address."),
    ("nat", "KUBE-EXT-|KUBE-SVL-|KUBE-XLB-", "KUBE-MARK-DROP", "", "",
     "Up to 1.24: there is no endpoint on this node, so the packet is marked to be dropped."),
    ("nat", "KUBE-XLB-", "KUBE-MARK-MASQ", "", "",
     "Up to 1.23: this node's own traffic to {service} is masqueraded, as it may go to any endpoint."),
    ("nat", "KUBE-XLB-", "KUBE-SVC-", "Redirect pods", "",
     "Up to 1.23: pods may go to any endpoint, as if they had used the cluster IP."),
    ("nat", "KUBE-XLB-", "KUBE-SVC-", "", "", "Up to 1.23: this node's own traffic may go to any endpoint."),
    ("nat", "KUBE-FW-", "KUBE-MARK-MASQ", "", "",
     "Up to 1.23: what comes by the load balancer is masqueraded, so that the reply comes back through this node."),
    ("nat", "KUBE-FW-", "KUBE-MARK-DROP", "", "",
     "Up to 1.24: who is in none of the source ranges of {service} is marked to be dropped."),
    ("nat", "KUBE-FW-", "KUBE-", "", "source", "{source} is one of loadBalancerSourceRanges of {service}."),
    ("nat", "KUBE-FW-", "KUBE-", "", "", "{service} takes load balancer traffic from everywhere."),
    ("nat", "KUBE-FW-", "", "", "",
     "It only says what happens to the rest: untranslated, it still has the load balancer's address, by which "
     "KUBE-PROXY-FIREWALL in filter drops it."),
    # Marks.
    ("nat", "KUBE-MARK-MASQ", "MARK", "", "", f"This is the mark for masquerading: {_MASQUERADED}."),
    ("nat", "KUBE-MARK-DROP", "MARK", "", "",
     "This is the mark for dropping (up to 1.26): KUBE-FIREWALL in filter drops it in INPUT and OUTPUT, but not in "
     "FORWARD."),
    ("nat", "KUBE-POSTROUTING", "RETURN", "", "mark", "Only what was marked on the way is masqueraded."),
    ("nat", "KUBE-POSTROUTING", "MARK", "", "",
     "The mark has done its work: it is taken off, so that a packet that comes through again (after encapsulation, for "
     "example) is not masqueraded once more."),
    ("nat", "KUBE-POSTROUTING", "MASQUERADE|SNAT", "", "",
     "The pod's reply then comes back to this node, which undoes both translations."),
    # filter.
    ("filter", "KUBE-SERVICES|KUBE-EXTERNAL-SERVICES", "REJECT", "no endpoints", "",
     "{service} has no endpoints: clients learn at once instead of waiting in vain."),
    ("filter", "KUBE-SERVICES|KUBE-EXTERNAL-SERVICES", "DROP", "no local endpoints", "",
     "{service} has endpoints, but none on this node, and its traffic policy is Local."),
    ("filter", "KUBE-NODEPORTS", "ACCEPT", "health check", "",
     "By this port a load balancer asks whether {service} has endpoints on this node."),
    ("filter", "KUBE-PROXY-FIREWALL", "DROP", "", "",
     "It still has the load balancer's address of {service}: no source range let it through."),
    ("filter", "KUBE-FIREWALL", "DROP", "localnet", "",
     "Nobody but this node itself may reach 127.0.0.0/8, though node ports on 127.0.0.1 made route_localnet necessary "
     "(CVE-2020-8558)."),
    ("filter", "KUBE-FIREWALL", "DROP", "", "mark", "What KUBE-MARK-DROP marked is dropped here (up to 1.26)."),
    ("filter", "KUBE-FORWARD", "DROP", "", "conntrack",
     "A packet that conntrack does not know would leave untranslated, and the client would reset its connection for "
     "it."),
    ("filter", "KUBE-FORWARD", "ACCEPT", "", "mark",
     "What is marked for masquerading goes to a Service, so it may be forwarded."),
    ("filter", "KUBE-FORWARD", "ACCEPT", "", "conntrack",
     "Further packets of connections that were let through, and replies to them."),
))  # fmt: skip


def purpose(table: str, rule: Rule) -> str | None:
    """Why the rule is there, with placeholders; None for a rule that is none of kube-proxy's or kubelet's."""
    target = rule.target.name if rule.target is not None else ""
    comment = rule.comment or ""
    asks = {option.name for option in rule.generic} | {match.name for match in rule.matches}
    for row in PURPOSES:
        named = row.table == table and _begins(rule.chain, row.chain) and _begins(target, row.target)
        if named and row.comment in comment and all(_asked(each, asks) for each in row.asks.split()):
            return row.words
    return None


def _begins(name: str, wanted: str) -> bool:
    """Whether a name is one of those, or begins with one that ends in a dash; nothing wanted means no target."""
    if not wanted:
        return name == ""
    return any(name.startswith(each) if each.endswith("-") else name == each for each in wanted.split("|"))


def _asked(name: str, asks: set[str]) -> bool:
    return name[1:] not in asks if name[0] == "!" else name in asks


def filled(words: str, values: Callable[[str], str]) -> str:
    """The words with each placeholder replaced."""
    return re.sub(r"\{(\w+)\}", lambda found: values(found[1]), words)
