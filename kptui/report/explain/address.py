"""An address explained: which Services it belongs to, as an address or as an endpoint, and which rules name it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kptui.ask.reference import Reach
from kptui.kubernetes.choosing import leading_to
from kptui.kubernetes.routes import routes
from kptui.kubernetes.service import Endpoint, ServicePort
from kptui.netfilter.address import family_of, parse
from kptui.report.explain.around import Around
from kptui.report.explain.model import Explanation, Section, sections
from kptui.report.rule_words import condition_words, target_words
from kptui.syntax.ast import Rule, Table
from kptui.text import number_of

SHOWN = 12
Found = list[tuple[Table, Rule]]


def explain_address(around: Around, reach: Reach) -> Explanation:
    """What the rules say of an address; the explanation has no sections if they say nothing."""
    own = [(port, each) for port in around.services for each in port.frontends if _same(each.ip, each.port, reach)]
    pods = leading_to(around.services, reach.ip, reach.port)
    named = list(_naming(around, reach))
    found = sections(
        Section(
            "service",
            "Service",
            tuple(f"It is the {each.kind} of {port.title}, port {each.port}." for port, each in own),
        ),
        Section("endpoint", "Endpoint", tuple(line for port, pod in pods for line in _pod(port, pod))),
        Section("rules", "Rules", tuple(_rules(named, bool(own or pods)))),
    )
    parts: dict[str, Any] = {
        "ip": reach.ip,
        "port": reach.port,
        "services": [{"name": port.title, "kind": each.kind, "port": each.port} for port, each in own],
        "endpoint_of": [
            {"name": port.title, "chain": pod.chain, "share": str(pod.share) if pod.share is not None else None}
            for port, pod in pods
        ],
        "rules": [
            {"table": table.name, "chain": rule.chain, "rule": rule.number, "line": rule.line} for table, rule in named
        ],
    }
    return Explanation("address", reach.words, "", found, lambda: parts)


def _same(ip: str | None, port: int, reach: Reach) -> bool:
    if ip is None or (reach.port is not None and port != reach.port):
        return False
    return family_of(ip) == family_of(reach.ip) and parse(ip, family_of(ip)) == parse(reach.ip, family_of(ip))


def _pod(port: ServicePort, pod: Endpoint) -> Iterator[str]:
    """That it is an endpoint, and by which ways it is reached."""
    share = f", which sends it {pod.share} of the connections" if pod.share is not None else ""
    yield f"{pod.address} is an endpoint of {port.title}{share}; its chain is {pod.chain} (line {pod.line})."
    for route in routes(port, pod)[:SHOWN]:
        whose = f", packets {route.condition}" if route.condition else ""
        way = " → ".join([*(f"{rule.chain} {rule.number}" for rule in route.rules), route.chain])
        yield f"By {route.frontend.kind} {route.frontend.address}{whose}: {way}."


def _naming(around: Around, reach: Reach) -> Iterator[tuple[Table, Rule]]:
    """The rules in which the address stands by itself, not as a network's or a part of another one."""
    wanted = re.compile(rf"(?<![\w.:]){re.escape(reach.ip)}(?![\w.]|:[0-9a-f]*:|/(?!32\b|128\b))")
    lines = around.ruleset.lines
    for table in around.ruleset.tables:
        for chain in table.chains.values():
            for index, number in enumerate(getattr(chain.rules, "numbers", ())):
                text = lines[number - 1]
                if reach.ip in text and wanted.search(text):
                    yield table, chain.rules[index]


def _rules(named: Found, known: bool) -> Iterator[str]:
    if not named:
        return
    yield f"{number_of(len(named), 'rule')} name{'s' if len(named) == 1 else ''} it:"
    for table, rule in named[:SHOWN]:
        place = f"{table.name} {rule.chain} {rule.number} (line {rule.line})"
        yield f"{place}: {condition_words(rule)} → {target_words(rule, table)}"
    if len(named) > SHOWN:
        yield f"… and {len(named) - SHOWN:,} more."
