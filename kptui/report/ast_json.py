"""kptui parse --format json: the AST as the contract kptui.ast/1 has it."""

from __future__ import annotations

from typing import Any

from kptui.netfilter.extensions import target_extension
from kptui.syntax.ast import Option, Rule, Ruleset, Table, Target


def ast_json(ruleset: Ruleset) -> dict[str, Any]:
    """The whole AST, with everything that could not be read under `diagnostics`."""
    return {
        "schema": "kptui.ast/1",
        "tables": [_table(table) for table in ruleset.tables],
        "diagnostics": [
            {
                "line": found.line,
                "column": found.column,
                "severity": found.severity,
                "message": found.message,
                "text": found.text,
                "hint": found.hint or None,
            }
            for found in ruleset.diagnostics
        ],
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "family": table.family,
        "line": table.line or None,
        "chains": [
            {
                "name": chain.name,
                "policy": chain.policy,
                "packets": chain.packets,
                "bytes": chain.bytes,
                "line": chain.line,
                "rules": [_rule(rule, table) for rule in chain.rules],
            }
            for chain in table.chains.values()
        ],
    }


def _rule(rule: Rule, table: Table) -> dict[str, Any]:
    return {
        "line": rule.line,
        "rule": rule.number,
        "packets": rule.packets,
        "bytes": rule.bytes,
        "comment": rule.comment,
        **{name: _generic(rule, name) for name in ("protocol", "source", "destination", "in", "out", "fragment")},
        "matches": [
            {"name": match.name, "implicit": match.implicit, "options": [_option(option) for option in match.options]}
            for match in rule.matches
        ],
        "target": _target(rule, table),
        "text": rule.text,
        "error": rule.error.message if rule.error else None,
        "problem": rule.problem.message if rule.problem else None,
    }


def _generic(rule: Rule, name: str) -> dict[str, Any] | None:
    option = rule.option(name)
    return None if option is None else {"negated": option.negated, "value": option.value or None}


def _option(option: Option) -> dict[str, Any]:
    return {"name": option.name, "negated": option.negated, "values": list(option.values)}


def _target(rule: Rule, table: Table) -> dict[str, Any] | None:
    target = rule.target
    if target is None:
        return None
    return {
        "name": target.name,
        "kind": "chain" if _is_chain(target, table) else "extension",
        "goto": target.goto,
        "options": [_option(option) for option in target.options],
    }


def _is_chain(target: Target, table: Table) -> bool:
    """Whether it is a user-defined chain: as grepped lines have them, it need not be declared."""
    there = table.chains.get(target.name)
    if there is not None:
        return not there.builtin
    return target.goto or not (target.options or target_extension(target.name))
