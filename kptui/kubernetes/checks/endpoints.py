"""Endpoints: that they translate, to an address that exists, and that all chains of a Service agree on them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kptui.kubernetes.balancing import Balancing
from kptui.kubernetes.checks.endpoint_chain import EndpointChain
from kptui.kubernetes.checks.finding import Check, Found, Place
from kptui.kubernetes.checks.reading import looks_broken
from kptui.kubernetes.checks.view import View
from kptui.kubernetes.names import ENDPOINT_PREFIX, parted
from kptui.netfilter.extensions.values import is_address

_ARROW = re.compile(r" -> (\S+)\Z")

_PASSING = "A pod that shuts down, or topology hints, explain it; if it stays, compare with the EndpointSlices."


def _without_dnat(view: View) -> Iterator[Found]:
    table = view.tables.get("nat")
    for name in table.chains if table is not None else ():
        if not name.startswith(ENDPOINT_PREFIX):
            continue
        found = view.endpoints.get(name)
        if found is not None and (found.place is not None or found.damaged):
            continue
        leads, chain = view.called("nat", name), view.chain("nat", name)
        if table is not None and leads and chain is not None:
            ref = leads[0]
            message = f"no rule of it translates; rule {ref.number} of {ref.chain} (line {ref.line}) sends packets here"
            yield Found(Place.of_chain(table, chain), message)


def _nowhere(view: View) -> Iterator[Found]:
    broken = {met.rule.line for met in view.unread if looks_broken(met.rule.text)}
    yield from (Found(place, message) for place, message in view.lost if place.line not in broken)


def _disagree(view: View) -> Iterator[Found]:
    for found in view.endpoints.values():
        ip = found.ip if found.place is not None and found.source else None
        if ip and found.source and found.place is not None and not _same(found.source, ip):
            message = f"marks packets from {found.source} as the endpoint's own, but translates to {found.to}"
            yield Found(found.place, message)
    for balance in view.balancings.values():
        yield from _wrong_comments(view, balance)
        yield from _affinity(view, balance)
    yield from _only_local(view)


def _same(source: str, ip: str) -> bool:
    return source == ip or not is_address(source, 6 if ":" in source else 4)


def _wrong_comments(view: View, balance: Balancing) -> Iterator[Found]:
    """From 1.24 on the comment names the endpoint; kube-proxy leaves comments out on large clusters."""
    for way in balance.ways:
        comment = view.told.get((balance.chain, way.number))
        there = view.endpoints.get(way.chain) if comment else None
        told = _ARROW.search(comment) if comment and there is not None and there.to else None
        if told is not None and there is not None and told[1] != there.to:
            message = f"its comment says {told[1]}, but {way.chain} translates to {there.to}"
            yield Found(Place("nat", balance.chain, way.number, way.line), message)


def _affinity(view: View, balance: Balancing) -> Iterator[Found]:
    """Where clients stay with their endpoint, each endpoint has a rule for that."""
    if not balance.affine or not view.whole("nat"):
        return
    balanced = {way.chain for way in balance.ways}
    for chains, words in (
        (balanced - set(balance.affine), "gets new clients, but those it has had don't stay with it"),
        (set(balance.affine) - balanced, "keeps the clients it has had, but gets no new ones"),
    ):
        for chain in sorted(chains):
            line = next(rule for rule in view.rules("nat", balance.chain) if rule.target and rule.target.name == chain)
            yield Found(Place.of("nat", line), f"session affinity: {_address(view, chain)} {words}")


def _only_local(view: View) -> Iterator[Found]:
    """An endpoint that the local policy has and the cluster policy hasn't: right for a while, or by topology hints."""
    for name, balance in view.balancings.items():
        there = parted(name)
        whole = view.balancings.get(f"KUBE-SVC-{there[1]}") if there is not None and there[0] == "svl" else None
        if whole is None:
            continue
        known = {way.chain for way in whole.ways}
        for way in balance.ways:
            if way.chain not in known:
                message = f"leads to {_address(view, way.chain)}, which {whole.chain} does not"
                yield Found(Place("nat", name, way.number, way.line), message, _PASSING, "info")


def _address(view: View, chain: str) -> str:
    found: EndpointChain | None = view.endpoints.get(chain)
    return found.to if found is not None and found.to else chain


CHECKS = (
    Check(
        "endpoint-without-dnat", "error", "An endpoint's chain that does not translate",
        "Packets that come here keep the cluster IP as their destination, and go nowhere.",
        "Look whether the dump was cut; else restart kube-proxy, which writes the chain anew, and look at its log.",
        _without_dnat,
    ),
    Check(
        "dnat-to-nowhere", "error", "A translation to 0.0.0.0, or to port 0",
        "No packet can be delivered there. iptables of another version than the one that wrote the rules prints such "
        "addresses, too: then the rule in the kernel may be right, and only the dump is wrong.",
        "Compare iptables --version in the kube-proxy (or CNI) container with the one that made the dump; dump with "
        "that one.",
        _nowhere,
        part=True,
    ),
    Check(
        "endpoints-disagree", "warning", "Chains of one Service that disagree about its endpoints",
        "An endpoint's comment, its rule for packets to itself, its translation and its session affinity must all "
        "mean the same address. Info: the local policy knows an endpoint that the cluster policy does not.",
        "Compare with kubectl get endpointslices of the Service. A restart of kube-proxy writes the chains anew.",
        _disagree,
    ),
)  # fmt: skip
