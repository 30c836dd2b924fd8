"""A difference for programs: the JSON of `kptui diff` (schema kptui.diff/1)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from kptui.diff.chains import RuleChange
from kptui.diff.compare import ChainChange, Difference
from kptui.diff.services import ServiceChange, key_of
from kptui.kubernetes.service import Endpoint
from kptui.report.diff.words import rule_words
from kptui.report.services_json import service_json
from kptui.syntax.ast import Chain, Rule, Table

SCHEMA = "kptui.diff/1"


def diff_json(found: Difference, before: str, after: str) -> dict[str, Any]:
    """The whole difference; `before` and `after` are the sources' names."""
    return {
        "schema": SCHEMA,
        "before": before,
        "after": after,
        "same": found.same,
        "cut": [{"source": side, "line": gap.line, "table": gap.table, "why": gap.why} for side, gap in found.cut],
        "services": [_service(change, found) for change in found.services],
        "chains": [_chain(change) for change in found.chains],
    }


def _service(change: ServiceChange, found: Difference) -> dict[str, Any]:
    port, key = change.port, key_of(change.port)
    told: dict[str, Any] = {
        "change": change.kind,
        "namespace": port.namespace or None,
        "name": port.service_name or None,
        "port_name": port.port_name or None,
        "protocol": port.protocol or None,
        "family": port.family,
        "chains": [each.name for each in found.chains if each.service == key],
    }
    if change.kind != "changed":
        return {**told, "service": service_json(port)}
    return {
        **told,
        "fields": [{"name": each.name, "before": each.before, "after": each.after} for each in change.fields],
        "endpoints": {
            "added": [_endpoint(pod) for pod in change.added],
            "removed": [_endpoint(pod) for pod in change.removed],
            "shares": [
                {**_endpoint(now), "before": _share(was.cluster_share), "after": _share(now.cluster_share)}
                for was, now in change.shares
            ],
        },
    }


def _endpoint(pod: Endpoint) -> dict[str, Any]:
    return {"ip": pod.ip, "port": pod.port, "chain": pod.chain, "share": _share(pod.share)}


def _share(share: Fraction | None) -> str | None:
    return None if share is None else str(share)


def _chain(change: ChainChange) -> dict[str, Any]:
    policy = change.policy if change.kind == "changed" else _policies(change)
    return {
        "change": change.kind,
        "table": change.table,
        "family": change.family,
        "chain": change.name,
        "service": change.service[1] if change.service is not None else None,
        "policy": {"before": policy[0], "after": policy[1]} if policy is not None else None,
        "rules": [_rule_change(change, each) for each in change.rules] if change.kind == "changed" else _all(change),
    }


def _policies(change: ChainChange) -> tuple[str | None, str | None] | None:
    """Those of a chain that is new or gone, None of a user-defined one."""
    before, after = (chain.policy if chain is not None else None for chain in (change.before, change.after))
    return None if before is None and after is None else (before, after)


def _all(change: ChainChange) -> list[dict[str, Any]]:
    """Every rule of a chain that is new or gone."""
    chain: Chain | None = change.after or change.before
    table = change.new if change.after is not None else change.old
    side = "after" if change.after is not None else "before"
    other = "before" if side == "after" else "after"
    rules = chain.rules if chain is not None else ()
    return [{"change": change.kind, side: _rule(rule, table), other: None, "comment_only": False} for rule in rules]


def _rule_change(chain: ChainChange, change: RuleChange) -> dict[str, Any]:
    return {
        "change": change.kind,
        "before": _rule(change.before, chain.old),
        "after": _rule(change.after, chain.new),
        "comment_only": change.comment_only,
    }


def _rule(rule: Rule | None, table: Table | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    return {"rule": rule.number, "line": rule.line, "text": rule.text, "words": rule_words(rule, table)}
