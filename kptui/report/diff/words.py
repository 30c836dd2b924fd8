"""What differs, in words: each difference as a sign, a subject, what was and what is."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from kptui.diff.chains import RuleChange
from kptui.diff.compare import ChainChange, Difference
from kptui.diff.services import FieldChange, ServiceChange
from kptui.kubernetes.service import Endpoint, ServicePort
from kptui.records import dataclass
from kptui.report.rule_words import action_words, condition_words
from kptui.syntax.ast import Chain, Rule, Table
from kptui.text import number_of

SIGNS = {"added": "+", "removed": "-", "changed": "~", "moved": "→"}
SHOWN = 12
"""So many rules of a chain that is new or gone are told."""
FIELDS = {
    "name": "name", "cluster_ip": "cluster IP", "node_port": "node port", "external": "external",
    "health_check_node_port": "health check", "rejected": "rejected", "dropped": "dropped", "dispatch": "leads to",
    "source_ranges": "sources", "session_affinity_seconds": "affinity",
    "internal_traffic_policy": "internal policy", "external_traffic_policy": "external policy",
    "local_endpoints": "local endpoints",
}  # fmt: skip
"""What is said of the fields of a Service."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a difference: how deep, its sign, a short head, what was and what is now.

    `before` and `after` are the rules it speaks of, `chain` (table and name) is where to look.
    """

    depth: int
    sign: str
    head: str
    old: str = ""
    new: str = ""
    before: Rule | None = None
    after: Rule | None = None
    chain: tuple[str, str] | None = None


def summary(found: Difference) -> str:
    """How much differs, in one sentence."""
    if found.same:
        return "No difference."
    parts = []
    if not found.services and not found.chains:
        parts.append("No difference in what is there")
    for what, changes in (("Service", [each.kind for each in found.services]), ("chain", _kinds(found))):
        counts = [(kind, changes.count(kind)) for kind in ("added", "removed", "changed") if kind in changes]
        if counts:
            many = "" if len(changes) == 1 else "s"
            parts.append(f"{what}{many}: " + ", ".join(f"{count:,} {kind}" for kind, count in counts))
    for side, gap in found.cut:
        table = f"table {gap.table}" if gap.table else "the dump"
        parts.append(f"what stands {side} is not whole (line {gap.line}: {table}: {gap.why})")
    return "; ".join(parts)


def _kinds(found: Difference) -> list[str]:
    told = {(change.port.family, change.port.hash) for change in found.services}
    return [change.kind for change in found.chains if change.service not in told]


def service_lines(change: ServiceChange, chains: list[ChainChange]) -> Iterator[Line]:
    """One Service's differences; `chains` are what is left of its own chains."""
    port = change.port
    sign, at = SIGNS[change.kind], ("nat", port.chain)
    if change.kind != "changed":
        was = _short(port) if change.kind == "removed" else ""
        now = _short(port) if change.kind == "added" else ""
        yield Line(0, sign, title(port), was, now, chain=at)
        return
    yield Line(0, sign, title(port), chain=at)
    for field in change.fields:
        yield _field(field, at)
    for pod in change.removed:
        yield Line(1, "-", "endpoint", f"{pod.address}  ({_part(pod.share)})", chain=at)
    for pod in change.added:
        yield Line(1, "+", "endpoint", "", f"{pod.address}  ({_part(pod.share)})", chain=at)
    for was_pod, now_pod in change.shares:
        old, new = _part(was_pod.cluster_share), _part(now_pod.cluster_share)
        yield Line(1, "~", f"share {now_pod.address}", old, new, chain=at)
    for chain in chains:
        yield from chain_lines(chain, 1)


def title(port: ServicePort) -> str:
    """A Service port as a heading."""
    family = " IPv6" if port.family == 6 else ""
    return f"{port.title} ({port.protocol or 'protocol not known'}{family})"


def _short(port: ServicePort) -> str:
    """What is worth knowing of a Service that is new or gone."""
    addresses = list(dict.fromkeys(each.address for each in port.frontends))
    pods: list[Endpoint] = port.endpoints
    told = ", ".join(pod.address for pod in pods[:3]) + (f" and {len(pods) - 3:,} more" if len(pods) > 3 else "")
    where = " ".join(addresses) or "reached by nothing"
    return f"{where}; {f'endpoints {told}' if pods else 'no endpoints'}"


def _part(share: Fraction | None) -> str:
    return "share not known" if share is None else "all" if share == 1 else str(share)


def _field(field: FieldChange, at: tuple[str, str]) -> Line:
    """Of lists only what is gone and what is new; else what was and what is."""
    name = FIELDS.get(field.name, field.name)
    if isinstance(field.before, list) and isinstance(field.after, list):
        gone = " ".join(_shown(each) for each in field.before if each not in field.after)
        new = " ".join(_shown(each) for each in field.after if each not in field.before)
        return Line(1, "~" if bool(gone) == bool(new) else "-" if gone else "+", name, gone, new, chain=at)
    return Line(1, "~", name, _shown(field.before), _shown(field.after), chain=at)


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return " → ".join(map(str, value))
    return "none" if value is None or value == "" else str(value)


def chain_lines(change: ChainChange, depth: int = 0) -> Iterator[Line]:
    """One chain's differences."""
    family = " (IPv6)" if change.family == 6 else ""
    known = change.after or change.before
    at = change.table, change.name
    count = _whole(known) if known is not None else ""
    was, now = count if change.kind == "removed" else "", count if change.kind == "added" else ""
    yield Line(depth, SIGNS[change.kind], f"{change.table} {change.name}{family}", was, now, chain=at)
    if change.policy is not None:
        yield Line(depth + 1, "~", "policy", str(change.policy[0]), str(change.policy[1]), chain=at)
    if change.kind != "changed" and known is not None:
        yield from _all(change, depth + 1)
    for each in change.rules:
        yield rule_line(change, each, depth + 1)


def _whole(chain: Chain) -> str:
    """What there is of a chain that is new or gone."""
    policy = f", policy {chain.policy}" if chain.policy is not None else ""
    return f"{len(chain.rules):,} rule{'' if len(chain.rules) == 1 else 's'}{policy}"


def _all(change: ChainChange, depth: int) -> Iterator[Line]:
    """The first rules of a chain that is new or gone."""
    known = change.after or change.before
    rules = known.rules if known is not None else ()
    for rule in rules[:SHOWN]:
        added = change.kind == "added"
        yield rule_line(change, RuleChange("added", None, rule) if added else RuleChange("removed", rule, None), depth)
    if len(rules) > SHOWN:
        more = f"… and {number_of(len(rules) - SHOWN, 'more rule')}"
        yield Line(depth, SIGNS[change.kind], "", more if change.kind == "removed" else "", more)


def rule_line(chain: ChainChange, change: RuleChange, depth: int) -> Line:
    """One rule's difference; numbers are those of the side that the rule is on."""
    before, after, at = change.before, change.after, (chain.table, chain.name)
    number = str(change.rule.number)
    if change.kind == "moved" and before is not None and after is not None:
        number = f"{before.number} → {after.number}"
    old = rule_words(before, chain.old) if before is not None else ""
    new = rule_words(after, chain.new) if after is not None else ""
    if change.kind == "changed" and before is not None and after is not None:
        if change.comment_only:
            old, new = f"{old}, comment “{before.comment or ''}”", f"comment “{after.comment or ''}”"
        elif old == new:
            # The words don't tell them apart.
            old, new = before.text, after.text
    return Line(depth, SIGNS[change.kind], number, old, new, before, after, at)


def rule_words(rule: Rule, table: Table | None) -> str:
    """A rule of that table in one line."""
    return f"{condition_words(rule)} {action_words(rule, table)}" if table is not None else rule.text
