"""A Service port explained: where it is reached, how packets travel, endpoints, what is masqueraded, what refused."""

from __future__ import annotations

from collections.abc import Iterator

from kptui.kubernetes.frontend import Frontend, RuleRef
from kptui.kubernetes.names import ENDPOINT_PREFIX
from kptui.kubernetes.service import Endpoint, ServicePort
from kptui.netfilter.fate import unconditional
from kptui.report.explain.around import Around
from kptui.report.explain.model import Explanation, Section, sections
from kptui.report.rule_words import address_words, condition_words
from kptui.report.services_json import service_json
from kptui.syntax.ast import Rule, Table

MARK_MASQ = "KUBE-MARK-MASQ"
ENDPOINTS = 24


def explain_service(around: Around, port: ServicePort) -> Explanation:
    """Everything about one port of a Service."""
    nat = around.ruleset.table("nat", 6 if port.family == 6 else 4)
    found = sections(
        Section("reached", "Reached", tuple(_frontends(around, port))),
        Section("way", "Way", tuple(_way(port))),
        Section("endpoints", "Endpoints", tuple(_endpoints(port))),
        Section("policies", "Policies", tuple(_policies(port))),
        Section("masquerade", "Source", tuple(_masquerade(around, port, nat)) if nat is not None else ()),
        Section("refused", "Refused", tuple(_refused(port))),
    )
    title = f"{port.title} ({port.protocol or 'protocol not known'})"
    return Explanation("service", title, "", found, lambda: service_json(port))


def at(rule: RuleRef) -> str:
    """A rule by its place: nat KUBE-SERVICES 5 (line 102)."""
    return f"{rule.table} {rule.chain} {rule.number} (line {rule.line})"


def _frontends(around: Around, port: ServicePort) -> Iterator[str]:
    for each in port.frontends:
        by = f", by {at(each.rules[0])}" if each.rules else ""
        yield f"{_where(around, each)}{by}."
    if not port.frontends:
        yield "No rule of the dispatch chains leads to it: nothing reaches it."
    if port.health_check_node_port is not None:
        yield f"Load balancers ask for its health on port {port.health_check_node_port} of this node."


def _where(around: Around, frontend: Frontend) -> str:
    if frontend.kind == "node port":
        only = around.services.node_port_addresses
        where = f"at {', '.join(only)}" if only else "at every address of this node"
        return f"Node port {frontend.port} {where}"
    kind = frontend.kind if frontend.certain else "external IP or load balancer IP"
    return f"{kind[0].upper()}{kind[1:]} {frontend.address}"


_PARTS = {
    "svc": "chooses an endpoint, on whichever node it is",
    "svl": "chooses an endpoint on this node",
    "xlb": "chooses an endpoint on this node (but pods and this node itself go to KUBE-SVC-)",
    "ext": "handles what comes from outside",
    "fw": "lets only the source ranges on",
}


def _way(port: ServicePort) -> Iterator[str]:
    """How packets travel, from the first chain to the pod."""
    chains = dict.fromkeys(each.chain for each in port.frontends if each.chain)
    if not chains:
        return
    yield (
        "New connections come from PREROUTING (from pods and from outside) or OUTPUT (from this node) into "
        "KUBE-SERVICES, which looks the address up"
        + ("; node ports come last, by KUBE-NODEPORTS." if port.node_port else ".")
    )
    shown: set[str] = set()
    for first in chains:
        kinds = list(dict.fromkeys(each.kind for each in port.frontends if each.chain == first))
        steps = _steps(port, first)
        yield (
            f"By {' or '.join(kinds)}: "
            + ", then ".join(f"{name}, which {_PARTS[part]}" if name not in shown else name for part, name in steps)
            + "."
        )
        shown.update(name for _, name in steps)
        yield from _short_cuts(port, [part for part, _ in steps])
    if any(pod.chain.startswith(ENDPOINT_PREFIX) for pod in port.endpoints):
        yield (
            "The endpoint's KUBE-SEP- chain changes the destination to the pod (DNAT), once for the connection: "
            "conntrack translates its other packets, and replies back. Then the packet is routed to the pod: what "
            "comes from outside or from a pod by FORWARD and POSTROUTING, what this node sends by POSTROUTING alone."
        )


def _short_cuts(port: ServicePort, passed: list[str]) -> Iterator[str]:
    """Whose packets leave that way early: with a local policy those of pods and of this node."""
    for part in passed:
        taken: dict[str, list[str]] = {}
        for jump in port.inside.jumps.get(part, ()) if part in ("ext", "xlb") else ():
            if jump.condition and jump.part in port.chains and jump.part not in passed:
                taken.setdefault(port.chains[jump.part], []).append(jump.condition)
        for chain, whose in taken.items():
            yield f"But packets {' or '.join(dict.fromkeys(whose))} go from there to {chain}."


def _steps(port: ServicePort, first: str) -> list[tuple[str, str]]:
    part = next((part for part, name in port.chains.items() if name == first), None)
    if part is None:
        return []
    return [(each, port.chains[each]) for each in port.inside.beyond(part) if each in port.chains]


def _endpoints(port: ServicePort) -> Iterator[str]:
    pods = port.endpoints
    if not pods:
        yield "It has no endpoints."
        return
    shares = {pod.share for pod in pods}
    if len(pods) == 1:
        yield f"One endpoint, which gets everything: {_pod(pods[0])}."
    elif len(shares) == 1 and None not in shares:
        yield f"{len(pods):,} endpoints, each of which gets {shares.pop()} of the connections: {_pods(pods)}."
    else:
        told = [f"{_pod(pod)} {pod.share if pod.share is not None else '?'}" for pod in pods[:ENDPOINTS]]
        yield f"{len(pods):,} endpoints, with uneven shares: {', '.join(told)}{_more(pods)}."
    local = [pod for pod in pods if pod.local_share]
    if port.local_balancing is not None and port.cluster_balancing is not None and local:
        told = [f"{pod.address} {pod.local_share}" for pod in local[:ENDPOINTS]]
        yield f"By local policy only those on this node: {', '.join(told)}{_more(local)}."


def _pods(pods: list[Endpoint]) -> str:
    return ", ".join(map(_pod, pods[:ENDPOINTS])) + _more(pods)


def _pod(pod: Endpoint) -> str:
    return pod.address + (" (on this node)" if pod.local else "")


def _more(pods: list[Endpoint]) -> str:
    return f" and {len(pods) - ENDPOINTS:,} more" if len(pods) > ENDPOINTS else ""


def _policies(port: ServicePort) -> Iterator[str]:
    outside = any(each.kind != "cluster IP" for each in port.frontends)
    if port.internal_policy == "Local":
        yield "internalTrafficPolicy Local: the cluster IP leads to endpoints on this node only."
    elif port.internal_policy == "Cluster":
        yield "internalTrafficPolicy Cluster: the cluster IP leads to the endpoints of all nodes."
    if port.external_policy == "Local":
        yield (
            "externalTrafficPolicy Local: from outside only endpoints on this node are reached, and clients keep their "
            "address."
        )
    elif port.external_policy == "Cluster" and outside:
        yield "externalTrafficPolicy Cluster: from outside the endpoints of all nodes are reached."
    if port.session_affinity is not None:
        yield (
            f"Session affinity: a client goes to the endpoint that it had last, if that was in the last "
            f"{port.session_affinity} s."
        )
    if port.source_ranges:
        yield f"By the load balancer only {', '.join(port.source_ranges)} may come; the rest is dropped."


def _masquerade(around: Around, port: ServicePort, nat: Table) -> Iterator[str]:
    """Whose source becomes this node's, and when."""
    told = list(dict.fromkeys(_who(rule, part) for part, rule in _marking_rules(port, nat)))
    pods = any(_hairpin(nat, pod) for pod in port.endpoints)
    if pods:
        told.append("an endpoint that reaches itself through the Service")
    if not told:
        yield "Nothing is masqueraded: pods see the client's own address."
        return
    marks = (around.marks(nat, rule) for rule in nat.chains[MARK_MASQ].rules) if MARK_MASQ in nat.chains else ()
    mark = next((each for each in marks if each is not None), None)
    bits = f" (mark {mark.sets:#x})" if mark is not None else ""
    yield f"Masqueraded are: {'; '.join(told)}."
    yield (
        f"They are marked on the way{bits}, and KUBE-POSTROUTING gives them the address of the interface that they "
        "leave by; the pod sees that instead of the client's. All others keep their own."
    )


def _marking_rules(port: ServicePort, nat: Table) -> Iterator[tuple[str, Rule]]:
    """The rules that mark for masquerading: in the Service's own chains, and (up to 1.21) beside the dispatch rules."""
    for part, name in port.chains.items():
        for rule in nat.chains[name].rules if name in nat.chains else ():
            if rule.target is not None and rule.target.name == MARK_MASQ:
                yield part, rule
    for each in port.frontends:
        for ref in each.rules[:1]:
            before = nat.chains[ref.chain].rules[ref.number - 2] if ref.number > 1 else None
            same = before is not None and before.target is not None and before.target.name == MARK_MASQ
            if before is not None and same and before.comment == nat.chains[ref.chain].rules[ref.number - 1].comment:
                yield each.kind, before


def _who(rule: Rule, part: str) -> str:
    """Whose packets a marking rule takes."""
    source, arriving = rule.option("source"), rule.option("in")
    where = {"svc": "to the cluster IP", "svl": "to the cluster IP"}.get(part, f"to the {part}")
    if part in ("ext", "xlb", "fw"):
        own = any(option.name == "src-type" for match in rule.matches for option in match.options)
        if own:
            return "what this node itself sends to the external addresses or the node port"
        return "everything from outside" if unconditional(rule) else condition_words(rule)
    if source is not None and source.negated:
        return f"clients that are not in {address_words(source.value)}, {where}"
    if source is not None:
        return f"clients in {address_words(source.value)}, {where}"
    if arriving is not None and arriving.negated:
        return f"clients that do not arrive by {arriving.value.replace('+', '…')}, {where}"
    return f"everything {where}" if not any(m.name == "addrtype" for m in rule.matches) else condition_words(rule)


def _hairpin(nat: Table, pod: Endpoint) -> bool:
    rules = nat.chains[pod.chain].rules if pod.chain in nat.chains else ()
    return len(rules) > 0 and rules[0].target is not None and rules[0].target.name == MARK_MASQ


def _refused(port: ServicePort) -> Iterator[str]:
    for each in port.refused:
        by = f", by {at(each.refused_by)}" if each.refused_by else ""
        where = f"Node port {each.port}" if each.kind == "node port" else each.address
        why = "for want of endpoints" if each.refusal == "rejected" else "for want of endpoints on this node"
        yield f"{where} is {each.refusal} {why}{by}."
