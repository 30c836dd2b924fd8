"""The kernel's path as steps, in the same form as a trace's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kptui.kernel.messages import Event
from kptui.netfilter.path import Step
from kptui.syntax.ast import Family, Ruleset


def kernel_steps(events: Iterable[Event], ruleset: Ruleset, family: Family) -> Iterator[Step]:
    """Each event with its line and text; the effect is the kernel's verdict, or the target where it says none."""
    for order, event in enumerate(events, 1):
        chain = ruleset.chain(event.table, event.chain, family)
        rule = chain.rules[event.rule - 1] if chain is not None and event.rule is not None else None
        line, text = (rule.line, rule.text) if rule else (chain.line, chain.text) if chain else (0, "")
        target = rule.target.name if rule is not None and rule.target is not None else ""
        effect = _effect(event, target)
        yield Step(order, event.hook, event.table, event.chain, event.rule, line, text, effect)


def _effect(event: Event, target: str) -> str:
    verdict = event.verdict or ""
    if event.kind == "policy":
        return f"policy {verdict}"
    if event.kind == "return" or verdict == "RETURN":
        return "return"
    return verdict if verdict.startswith(("jump ", "goto ")) else target or "count"
