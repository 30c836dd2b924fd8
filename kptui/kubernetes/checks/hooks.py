"""Whether packets get to kube-proxy's chains at all, and before anything else takes them."""

from __future__ import annotations

from collections.abc import Iterator

from kptui.kubernetes.checks.finding import Check, Found, Place
from kptui.kubernetes.checks.marks import masquerade_bits, short
from kptui.kubernetes.checks.view import View
from kptui.kubernetes.frontend import Frontend
from kptui.kubernetes.service import ServicePort
from kptui.netfilter.address import network
from kptui.netfilter.protocols import protocol_number
from kptui.netfilter.sets.boxes import YES, Box, Field, Values, meet
from kptui.netfilter.sets.conditions import WHOLE, states
from kptui.netfilter.sets.taking import Taken
from kptui.syntax.ast import Rule

SERVICES, NODE_PORTS, POSTROUTING = "KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING"
_LOCAL: Field = ("addrtype", "dst-type", frozenset({"LOCAL"}), ())
_TRANSLATES_SOURCE = ("MASQUERADE", "SNAT", "NETMAP")


def _kube_proxy(view: View) -> bool:
    """Whether the whole nat table of a node with kube-proxy's rules is there."""
    return view.whole("nat") and any(rule.target is not None for rule in view.rules("nat", SERVICES))


def _not_reached(view: View) -> Iterator[Found]:
    table, chain = view.tables.get("nat"), view.chain("nat", SERVICES)
    if table is None or chain is None or not _kube_proxy(view):
        return
    leading = view.above("nat", SERVICES)
    for hook, whose in (("PREROUTING", "from pods and from outside"), ("OUTPUT", "from the node itself")):
        if hook in table.chains and hook not in leading:
            message = f"nothing leads here from {hook}: packets {whose} are not translated"
            yield Found(Place.of_chain(table, chain), message)


def _late(view: View) -> Iterator[Found]:
    if not _kube_proxy(view):
        return
    leading = view.above("nat", SERVICES)
    for hook in ("PREROUTING", "OUTPUT"):
        for rule in view.rules("nat", hook):
            if rule.target is not None and rule.target.name in leading:
                break
            hit = [port for taken in view.taking["nat"].by_rule(rule) for port in _hit(view, taken)]
            if hit:
                titles = list(dict.fromkeys(f"{port.title} ({where.address})" for port, where in hit))
                more = f" and {len(titles) - 3} more" if len(titles) > 3 else ""
                message = f"takes packets to {', '.join(titles[:3])}{more} before {SERVICES} sees them: {short(rule)}"
                yield Found(Place.of("nat", rule), message)


def _hit(view: View, taken: Taken) -> Iterator[tuple[ServicePort, Frontend]]:
    """The Services that surely lose packets to it: at least a new connection with no mark yet."""
    box = meet(taken.box, {"state": states("NEW"), "mark": ((0, 0xFFFFFFFF),)})
    if box is None:
        return
    questions = {field for field in box if isinstance(field, tuple)} - {WHOLE}
    for port in view.services:
        for frontend in port.frontends:
            # Whether an address is one of the host's is known of node ports only.
            if frontend.rules and questions <= ({_LOCAL} if frontend.ip is None else set()):
                asked = _box(port, frontend, view.family)
                if asked is not None and meet(box, asked) is not None:
                    yield port, frontend


def _box(port: ServicePort, frontend: Frontend, family: int) -> Box | None:
    try:
        protocol = protocol_number(port.protocol)
        region = network(frontend.ip, family).region if frontend.ip is not None else None
    except ValueError:
        return None
    box: dict[Field, Values] = {"proto": ((protocol,) * 2,), "dport": ((frontend.port,) * 2,), WHOLE: YES}
    return {**box, "dst": region} if region is not None else {**box, _LOCAL: YES}


def _not_last(view: View) -> Iterator[Found]:
    rules = view.rules("nat", SERVICES)
    last = next((rule for rule in reversed(rules) if _leads_to(rule, NODE_PORTS)), None)
    if last is None:
        return
    for rule in rules:
        if _leads_to(rule, NODE_PORTS):
            behind = next((each for each in rules[rule.number :] if not _leads_to(each, NODE_PORTS)), None)
            if behind is not None:
                message = f"rule {behind.number} (line {behind.line}) stands behind it: {short(behind)}"
                yield Found(Place.of("nat", rule), message)


def _leads_to(rule: Rule, chain: str) -> bool:
    return rule.target is not None and rule.target.name == chain


def _no_masquerading(view: View) -> Iterator[Found]:
    table = view.tables.get("nat")
    if table is None or not _kube_proxy(view) or not view.called("nat", "KUBE-MARK-MASQ"):
        return
    base, chain = table.chains.get("POSTROUTING"), table.chains.get(POSTROUTING)
    if base is None:
        return
    if chain is None:
        yield Found(Place.of_chain(table, base), f"there is no {POSTROUTING}: what is marked is never masqueraded")
    elif "POSTROUTING" not in view.above("nat", POSTROUTING):
        yield Found(Place.of_chain(table, chain), "POSTROUTING does not lead here: what is marked is never masqueraded")
    elif not any(rule.target is not None and rule.target.name in _TRANSLATES_SOURCE for rule in chain.rules):
        yield Found(Place.of_chain(table, chain), "no rule of it masquerades: what is marked goes out as it came")


def _late_masquerading(view: View) -> Iterator[Found]:
    leading = view.above("nat", POSTROUTING)
    bits = masquerade_bits(view)
    if not _kube_proxy(view) or "POSTROUTING" not in leading or not bits:
        return
    for rule in view.rules("nat", "POSTROUTING"):
        if rule.target is not None and rule.target.name in leading:
            return
        for taken in view.taking["nat"].by_rule(rule):
            marked = meet(taken.box, {"mark": ((bits, bits),)})
            if marked is not None and taken.target.name not in _TRANSLATES_SOURCE:
                how = f"takes marked packets ({taken.target.name}) before {POSTROUTING} can masquerade them"
                yield Found(Place.of("nat", rule), f"{how}: {short(rule)}")
                break


CHECKS = (
    Check(
        "services-not-reached", "error", "KUBE-SERVICES that PREROUTING or OUTPUT does not lead to",
        "Without the jump from PREROUTING no packet of a pod or from outside is translated, without the one from "
        "OUTPUT none of the node itself. Somebody flushed the base chain; kube-proxy puts its jumps back with its "
        "next synchronisation.",
        "Dump again after a minute; if the jump stays away, look at kube-proxy's log, and who else writes the nat "
        "table.",
        _not_reached,
    ),
    Check(
        "services-late", "warning", "A rule before KUBE-SERVICES that takes Services' packets",
        "kube-proxy puts its jump first, but what is started later may put its own before it. Packets that such a "
        "rule accepts, returns or translates never get to the Service. Only what surely is taken is told.",
        "Look whose rule it is (a host port, a redirect, an exception) and whether it is meant to win over the "
        "Service.",
        _late,
    ),
    Check(
        "node-ports-not-last", "warning", "A rule behind the jump to KUBE-NODEPORTS",
        "Node ports match any address of the node, so kube-proxy keeps that jump last: whatever stands behind it "
        "loses packets to node ports of the same number.",
        "Look who added the rule. kube-proxy writes the chain anew with its next full synchronisation.",
        _not_last,
    ),
    Check(
        "masquerading-missing", "error", "KUBE-POSTROUTING that is missing, not reached, or does not masquerade",
        "Packets are marked for masquerading, but nothing does it: answers to clients outside, and to pods that reach "
        "themselves, go astray.",
        "Dump again after a minute; if it stays, look at kube-proxy's log, and who else writes POSTROUTING.",
        _no_masquerading,
    ),
    Check(
        "masquerading-late", "warning", "A rule before KUBE-POSTROUTING that takes marked packets",
        "A rule that accepts or returns in POSTROUTING ends the table: the packet leaves with its own source, though "
        "a Service wanted it masqueraded.",
        "Put the rule behind the jump to KUBE-POSTROUTING, or let it leave marked packets alone (-m mark ! --mark …).",
        _late_masquerading,
    ),
)  # fmt: skip
