"""Whether packets to and from pods may be forwarded at all."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kptui.kubernetes.checks.finding import Check, Found, Place
from kptui.kubernetes.checks.view import View
from kptui.netfilter.address import network
from kptui.netfilter.intervals import Intervals, normal
from kptui.netfilter.sets.boxes import Box, meet
from kptui.netfilter.sets.conditions import region, states
from kptui.syntax.ast import Rule

_BRIDGE = re.compile(r"docker0|br-[0-9a-f]{12}|virbr\d+|lo|lxcbr\d+|podman\d+")
"""Interfaces that no pod of Kubernetes is behind, unless the dump says otherwise."""


def _dropped(view: View) -> Iterator[Found]:
    table, chain = view.tables.get("filter"), view.chain("filter", "FORWARD")
    if table is None or chain is None or chain.policy != "DROP" or not view.whole("filter"):
        return
    pods = _pods(view)
    if pods is None:
        return
    # A new connection to a pod, not marked by kube-proxy: what KUBE-FORWARD does not let through.
    new: Box = {"state": states("NEW"), "mark": ((0, 0xFFFFFFFF),)}
    asked: list[Box] = [{**new, "dst": pods}, {**new, "src": pods}]
    bridges = _used_bridges(view)
    for name in view.below("filter", "FORWARD"):
        for rule in view.rules("filter", name):
            if _may_accept(rule, asked, bridges, view.family):
                return
    message = "the policy is DROP, and no rule that it leads to accepts new connections to or from pods"
    yield Found(Place.of_chain(table, chain), message)


def _pods(view: View) -> Intervals | None:
    """The endpoints' addresses, but those of the API server, which runs on the nodes themselves; None without any."""
    spans = []
    for found in view.endpoints.values():
        if found.ip and "default/kubernetes:" not in (found.comment or ""):
            try:
                spans += list(network(found.ip, view.family).region or ())
            except ValueError:
                continue
    return normal(spans) if spans else None


def _used_bridges(view: View) -> frozenset[str]:
    """Bridges that kube-proxy takes for the pods' (--detect-local-mode=BridgeInterface)."""
    return frozenset(
        option.value
        for name in [*view.balancings][:50]
        for rule in view.rules("nat", name)[:1]
        for option in rule.generic
        if option.name == "in"
    )


def _may_accept(rule: Rule, asked: list[Box], bridges: frozenset[str], family: int) -> bool:
    """Whether a rule may let such a packet through: it accepts, or nobody knows what it does."""
    if rule.refused:
        return True
    target = rule.target.name if rule.target is not None else ""
    if target not in ("ACCEPT", "NFQUEUE", "QUEUE"):
        return False
    for option in rule.generic:
        named = option.name in ("in", "out") and not option.negated
        if named and _BRIDGE.fullmatch(option.value) and option.value not in bridges:
            return False
    box = region(rule, family).box
    return box is not None and any(meet(each, box) is not None for each in asked)


CHECKS = (
    Check(
        "forward-drops-pods", "error", "FORWARD drops, and nothing accepts packets of pods",
        "The policy of filter's FORWARD is DROP (Docker sets it, for one), and none of the rules it leads to accepts "
        "a new connection to or from the endpoints. kube-proxy's KUBE-FORWARD accepts only what it marked, and "
        "answers.",
        "Look whether the network plugin runs on the node: it should add its rules to FORWARD. Or: iptables -P "
        "FORWARD ACCEPT.",
        _dropped,
    ),
)  # fmt: skip
