"""Services for people: a table, a block each with everything, and what leads to an endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from kptui.kubernetes.frontend import Frontend, RuleRef
from kptui.kubernetes.routes import Route, routes
from kptui.kubernetes.service import Endpoint, ServicePort
from kptui.records import dataclass
from kptui.report.columns import Column, table
from kptui.report.paint import Paint, plain
from kptui.report.rule_words import condition_words
from kptui.ruleset.translations import Translation
from kptui.text import visible

COLUMNS = (
    Column("service", 16),
    Column("port", 8, rank=2),
    Column("cluster ip", 10),
    Column("outside", 7, rank=4),
    Column("endpoints", 10, rank=1),
    Column("also", 8, rank=3),
)
BAR = 8
_EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")


def services_table(ports: Sequence[ServicePort], width: int | None, paint: Paint = plain) -> str:
    """One line a Service port; cut to a width if there is one."""
    rows = [_row(port) for port in ports]

    def style(row: int, column: int) -> str | None:
        if column in (4, 5) and ports[row].refused:
            return "bad"
        return "strong" if column == 0 else None

    return "\n".join(table(COLUMNS, rows, width, paint, style))


def _row(port: ServicePort) -> list[str]:
    name = visible(port.title if port.name or not port.frontends else "(no name)")
    cells = [name, port_words(port), port.cluster_ip or "", outside_words(port), endpoints_words(port), extras(port)]
    return [visible(cell) for cell in cells]


def port_words(port: ServicePort) -> str:
    """tcp/443."""
    return f"{port.protocol}/{port.port}" if port.port is not None else port.protocol


_HEIGHTS = "▁▂▃▄▅▆▇"
WEIGHTS = 16
"""So many endpoints are drawn in a table's cell."""


def weights(port: ServicePort) -> str:
    """A bar an endpoint, the highest for the largest share; “?” where a share isn't known."""
    shares = [pod.share for pod in port.endpoints[:WEIGHTS]]
    most = max((share for share in shares if share), default=Fraction(1))
    signs = ("?" if share is None else _HEIGHTS[int(share / most * 6)] if share else " " for share in shares)
    return "".join(signs) + ("…" if len(port.endpoints) > WEIGHTS else "")


def outside_words(port: ServicePort) -> str:
    """How a Service is reached from outside: its node port and external addresses."""
    ips = dict.fromkeys((*port.ips("load balancer IP"), *port.ips("external IP")))
    return " ".join([*([f"*:{port.node_port}"] if port.node_port is not None else []), *ips])


def endpoints_words(port: ServicePort) -> str:
    """How many endpoints a Service has, how many on this node if that is known, and whether their shares differ.

    “?” where a rule leads to a chain of which the dump (a part of one) has nothing.
    """
    pods = port.endpoints
    words = [str(len(pods)) if pods else "none" if port.refused else "?"]
    here = sum(1 for pod in pods if pod.local)
    if any(pod.local is not None for pod in pods):
        words.append(f"{here} here")
    shares = [pod.share for pod in pods if pod.share]
    # What old versions wrote with five digits is meant to be even.
    if shares and max(shares) - min(shares) > Fraction(1, 10_000):
        words.append("uneven")
    return ", ".join(words)


def extras(port: ServicePort) -> str:
    """What is not as usual: refused for want of endpoints, local policies, session affinity, source ranges."""
    words: list[str] = list(dict.fromkeys(each.refusal for each in port.refused if each.refusal))
    if port.external_policy == "Local":
        words.append("external Local")
    if port.internal_policy == "Local":
        words.append("internal Local")
    if port.session_affinity is not None:
        words.append(f"affinity {duration(port.session_affinity)}")
    if port.source_ranges:
        words.append(f"from {','.join(port.source_ranges)}")
    return ", ".join(words)


def duration(seconds: int) -> str:
    """10800 as 3h, 90 as 90s."""
    for unit, factor in (("h", 3600), ("m", 60)):
        if seconds and seconds % factor == 0:
            return f"{seconds // factor}{unit}"
    return f"{seconds}s"


@dataclass(frozen=True, slots=True)
class Line:
    """One line about a Service: what it is about, what is said, and how it is painted (good, bad, … or not)."""

    head: str
    text: str
    kind: str = ""


def service_block(port: ServicePort, paint: Paint = plain) -> str:
    """Everything about one Service port."""
    head, *lines = service_lines(port)
    told = [f"  {line.head:<16}  {paint(line.text, line.kind) if line.kind else line.text}" for line in lines]
    return "\n".join([f"{paint(head.text, head.kind)}", *told])


def service_lines(port: ServicePort, numbers: bool = True) -> Iterator[Line]:
    """Everything about one Service port, its name first; without `numbers` not the lines of its endpoints."""
    yield Line("service", f"{visible(port.title)}  {visible(port.protocol)}", "strong")
    for each in port.frontends:
        yield Line(_kind(each), f"{each.address:<24}  {_leads(each)}".rstrip())
    for each in port.refused:
        where = f", {rule_words(each.refused_by)}" if each.refused_by else ""
        yield Line("", f"{each.address} is {refusal_words(each)} for want of endpoints{where}", "bad")
    policies = [f"{name} {policy}" for name, policy in _policies(port) if policy]
    if policies:
        yield Line("traffic policy", ", ".join(policies))
    if port.session_affinity is not None:
        yield Line("affinity", f"a client stays with its endpoint for {port.session_affinity} s")
    if port.source_ranges:
        yield Line("sources", ", ".join(port.source_ranges))
    if port.health_check_node_port is not None:
        yield Line("health check", f"node port {port.health_check_node_port}")
    yield from endpoint_lines(port, numbers)
    for head, chain in zip(["chains"] + [""] * len(port.chains), port.chains.values(), strict=False):
        yield Line(head, chain)


def _kind(frontend: Frontend) -> str:
    return frontend.kind if frontend.certain else "ext. or lb. IP"


def _leads(frontend: Frontend) -> str:
    return ", ".join(rule_words(rule) for rule in frontend.rules)


def rule_words(rule: RuleRef) -> str:
    """A rule by its place: KUBE-SERVICES 5 (line 102)."""
    return f"{visible(rule.chain)} {rule.number} (line {rule.line})"


def refusal_words(frontend: Frontend) -> str:
    """What becomes of packets to an address without endpoints; up to 1.24 they are only marked (KUBE-MARK-DROP)."""
    marked = frontend.refused_by is not None and frontend.refused_by.table == "nat"
    return "marked for dropping" if marked else str(frontend.refusal)


def _policies(port: ServicePort) -> Iterator[tuple[str, str | None]]:
    yield "internal", port.internal_policy
    yield "external", port.external_policy


def endpoint_lines(port: ServicePort, numbers: bool = True) -> Iterator[Line]:
    """A line an endpoint: its share as a number and as a bar."""
    head = "endpoints"
    for pod in port.endpoints:
        words = [f"{visible(pod.address):<21} {share_words(pod.share):>6} {bar(pod.share)}"]
        if pod.local is not None:
            words.append("here" if pod.local else "elsewhere")
        if pod.local_share is not None and pod.cluster_share is not None and pod.local:
            words.append(f"{share_words(pod.local_share)} locally")
        if numbers:
            words.append(f"line {pod.line}")
        yield Line(head, "  ".join(words).rstrip())
        head = ""


def share_words(share: Fraction | None) -> str:
    """A share as a fraction, or as a percentage where the fraction says nothing; “?” where it isn't known."""
    if share is None:
        return "?"
    if share == 1:
        return "all"
    return str(share) if share.denominator <= 999 else f"{float(share) * 100:.3g} %"


def bar(share: Fraction | None, width: int = BAR) -> str:
    """A share as a bar; an endpoint that gets anything at all shows."""
    if share is None:
        return "?" + " " * (width - 1)
    eighths = int(share * width * 8)
    if share > 0:
        eighths = max(1, eighths)
    full, part = divmod(eighths, 8)
    return f"{'█' * full}{_EIGHTHS[part]}".ljust(width)


def leading_text(
    found: Sequence[tuple[ServicePort, Endpoint]], others: Sequence[Translation] = (), paint: Paint = plain
) -> str:
    """For each Service port that leads to an endpoint: by which addresses, with what share, through which rules.

    Then rules that translate to it without being a Service's.
    """
    lines: list[str] = []
    for port, pod in found:
        lines.append(f"{paint(visible(port.title), 'strong')}  {visible(port.protocol)} → {visible(pod.address)}")
        lines += [line for route in routes(port, pod) for line in _route(route)] or ["  no rule leads to it"]
    if others:
        lines.append(paint("no Service's", "strong"))
    for each in others:
        asks = visible(condition_words(each.rule))
        where = f"{visible(each.table.name)} {rule_words(RuleRef.of(each.table.name, each.rule))}"
        lines += [f"  {asks} → {visible(each.to)}", f"    {where}"]
    return "\n".join(lines)


def _route(route: Route) -> Iterator[str]:
    frontend = route.frontend
    whose = f"  of packets {visible(route.condition)}" if route.condition else ""
    yield f"  {_kind(frontend):<16}  {frontend.address:<22} {share_words(route.share):>6}{whose}"
    yield "    " + " → ".join([*(f"{visible(rule.chain)} {rule.number}" for rule in route.rules), visible(route.chain)])
