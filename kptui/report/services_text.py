"""Services for people: a table, a block each with everything, and what leads to an endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from kptui.kubernetes.frontend import Frontend, RuleRef
from kptui.kubernetes.routes import Route, routes
from kptui.kubernetes.service import Endpoint, ServicePort
from kptui.report.columns import Column, table
from kptui.report.trace_text import Paint, plain
from kptui.text import visible

COLUMNS = (
    Column("service", 16),
    Column("port", 8, rank=2),
    Column("cluster ip", 10),
    Column("outside", 7, rank=4),
    Column("endpoints", 10, rank=1),
    Column("also", 8, rank=3),
)
BAR = 12
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
    number = f"{port.protocol}/{port.port}" if port.port is not None else port.protocol
    name = visible(port.title if port.name else "(no name)")
    cells = [name, number, port.cluster_ip or "", outside_words(port), endpoints_words(port), extras(port)]
    return [visible(cell) for cell in cells]


def outside_words(port: ServicePort) -> str:
    """How a Service is reached from outside: its node port and external addresses."""
    ips = dict.fromkeys((*port.ips("load balancer IP"), *port.ips("external IP")))
    return " ".join([*([f"*:{port.node_port}"] if port.node_port is not None else []), *ips])


def endpoints_words(port: ServicePort) -> str:
    """How many endpoints a Service has, how many on this node if that is known, and whether their shares differ."""
    pods = port.endpoints
    words = [str(len(pods)) if pods else "none"]
    here = sum(1 for pod in pods if pod.local)
    if any(pod.local is not None for pod in pods):
        words.append(f"{here} here")
    if len({pod.share for pod in pods if pod.share is None or pod.share > 0}) > 1:
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


def service_block(port: ServicePort, paint: Paint = plain) -> str:
    """Everything about one Service port."""
    return "\n".join(_block(port, paint))


def _block(port: ServicePort, paint: Paint) -> Iterator[str]:
    yield paint(visible(port.title), "strong") + f"  {visible(port.protocol)}"
    for each in port.frontends:
        yield _line(_kind(each), f"{each.address:<24}  {_leads(each)}".rstrip())
    for each in port.refused:
        where = f", {rule_words(each.refused_by)}" if each.refused_by else ""
        yield _line("", paint(f"{each.address} is {each.refusal} for want of endpoints{where}", "bad"))
    policies = [f"{name} {policy}" for name, policy in _policies(port) if policy]
    if policies:
        yield _line("traffic policy", ", ".join(policies))
    if port.session_affinity is not None:
        yield _line("affinity", f"a client stays with its endpoint for {port.session_affinity} s")
    if port.source_ranges:
        yield _line("sources", ", ".join(port.source_ranges))
    if port.health_check_node_port is not None:
        yield _line("health check", f"node port {port.health_check_node_port}")
    yield from endpoint_lines(port)
    if port.chains:
        yield _line("chains", ", ".join(port.chains.values()))


def _line(head: str, text: str) -> str:
    return f"  {head:<16}  {text}"


def _kind(frontend: Frontend) -> str:
    return frontend.kind if frontend.certain else "ext. or lb. IP"


def _leads(frontend: Frontend) -> str:
    return ", ".join(rule_words(rule) for rule in frontend.rules)


def rule_words(rule: RuleRef) -> str:
    """A rule by its place: KUBE-SERVICES 5 (line 102)."""
    return f"{visible(rule.chain)} {rule.number} (line {rule.line})"


def _policies(port: ServicePort) -> Iterator[tuple[str, str | None]]:
    yield "internal", port.internal_policy
    yield "external", port.external_policy


def endpoint_lines(port: ServicePort) -> Iterator[str]:
    """A line an endpoint: its share as a number and as a bar."""
    head = "endpoints"
    for pod in port.endpoints:
        words = [f"{visible(pod.address):<22} {share_words(pod.share):>6} {bar(pod.share)}"]
        if pod.local is not None:
            words.append("this node" if pod.local else "elsewhere")
        if pod.local_share is not None and pod.cluster_share is not None and pod.local:
            words.append(f"{share_words(pod.local_share)} by local policy")
        yield _line(head, "  ".join([*words, f"line {pod.line}"]))
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


def leading_text(found: Sequence[tuple[ServicePort, Endpoint]], paint: Paint = plain) -> str:
    """For each Service port that leads to an endpoint: by which addresses, with what share, through which rules."""
    lines: list[str] = []
    for port, pod in found:
        lines.append(f"{paint(visible(port.title), 'strong')}  {visible(port.protocol)} → {visible(pod.address)}")
        lines += [line for route in routes(port, pod) for line in _route(route)] or ["  no rule leads to it"]
    return "\n".join(lines)


def _route(route: Route) -> Iterator[str]:
    frontend = route.frontend
    whose = f"  of packets {visible(route.condition)}" if route.condition else ""
    yield f"  {_kind(frontend):<16}  {frontend.address:<22} {share_words(route.share):>6}{whose}"
    yield "    " + " → ".join([*(f"{visible(rule.chain)} {rule.number}" for rule in route.rules), visible(route.chain)])
