"""A chain explained: what it is, what it does with packets rule by rule, how it shares them out, how they come here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from kptui.kubernetes.roles import role
from kptui.report.explain.around import Around
from kptui.report.explain.model import Explanation, Section, sections, sentence
from kptui.report.explain.reach import reached
from kptui.report.explain.rule import chain_gist, rule_parts
from kptui.report.explain.shares import Group, groups
from kptui.report.rule_words import condition_words, target_words
from kptui.ruleset.jumps import leads_to
from kptui.syntax.ast import Chain, Rule, Table
from kptui.text import number_of

RULES = 24
SHARED = 12


def explain_chain(
    around: Around, table: Table, chain: Chain, briefly: bool = False, listed: bool = True
) -> Explanation:
    """Everything about one chain; briefly, only what no look at every other rule is needed for.

    Its rules and where they lead are left out unless `listed`.
    """
    declared = f"line {chain.line}" if chain.line else "not declared"
    shared = groups(chain, around.fates(table)) if around.mentions(chain, "statistic") else []
    found = sections(
        Section("is", "Is", tuple(_is(around, table, chain))),
        Section("does", "Does", tuple(_does(around, table, chain, shared))),
        Section("rules", "Rules", tuple(_rules(around, table, chain)) if listed else ()),
        Section("end", "End", tuple(_end(around, table, chain))),
        Section("callers", "Reached", () if briefly else tuple(reached(around, table, chain))),
        Section("leads_to", "Leads to", tuple(_leads(around, table, chain)) if listed else ()),
    )
    title = f"{table.name} {chain.name} ({declared})"
    return Explanation("chain", title, chain.text, found, lambda: _parts(around, table, chain, shared))


def _is(around: Around, table: Table, chain: Chain) -> Iterator[str]:
    kind = f"A base chain of table {table.name}" if chain.builtin else f"A user-defined chain of table {table.name}"
    yield f"{kind} with {number_of(len(chain.rules), 'rule')}" + (
        f" and policy {chain.policy}." if chain.policy else "."
    )
    stands_for, known = around.label(table, chain.name), role(chain.name)
    if stands_for is not None:
        yield f"It stands for {stands_for}."
    if known is not None:
        yield f"What it is for: {known}."
    if chain.packets:
        yield f"{number_of(chain.packets, 'packet')} ({number_of(chain.bytes or 0, 'byte')}) came to its policy."


def _does(around: Around, table: Table, chain: Chain, shared: list[Group]) -> Iterator[str]:
    gist = chain_gist(around, table, chain.name)
    if gist and not shared:
        yield gist.replace("There the", "The").replace("There one", "One").replace("That chain is empty", "It is empty")
    for group in shared:
        yield from _shared(around, table, chain, group)


def _shared(around: Around, table: Table, chain: Chain, group: Group) -> Iterator[str]:
    """How rules share packets out, with where each leads."""
    ways = []
    for number, part in enumerate(group.parts, group.first):
        rule = chain.rules[number - 1]
        to = leads_to(rule, table)
        where = around.named(table, to) if to else rule.target.name if rule.target else "nowhere"
        ways.append(where if group.even else f"{where} {part if part is not None else '?'}")
    more = f" and {len(ways) - SHARED:,} more" if len(ways) > SHARED else ""
    listed = ", ".join(ways[:SHARED]) + more
    if len(ways) == 1:
        part = group.parts[0]
        yield f"Rule {group.first} takes {part if part is not None else 'some'} of what comes to it."
        return
    if group.even:
        yield (
            f"Rules {group.first} to {group.last} share out evenly what comes to them, 1/{len(ways)} to each of "
            f"{len(ways)}: {listed}."
        )
        return
    yield f"Rules {group.first} to {group.last} share out what comes to them: {listed}."
    if group.rest:
        yield f"{group.rest} of it none of them takes."


def _rules(around: Around, table: Table, chain: Chain) -> Iterator[str]:
    total = len(chain.rules)
    if total > RULES:
        yield from _targets(around, table, chain)
    for rule in chain.rules[: RULES if total <= RULES else RULES // 3]:
        yield f"{rule.number}: {_line(around, table, chain, rule)}"
    if total > RULES:
        last = chain.rules[total - 1]
        yield f"… and so on to {total:,}: {_line(around, table, chain, last)}"


def _line(around: Around, table: Table, chain: Chain, rule: Rule) -> str:
    """A rule in one line: what it asks for, what it does."""
    then = target_words(rule, table, lambda name: around.label(table, name))
    return f"{condition_words(rule, chain)} → {then}"


def _targets(around: Around, table: Table, chain: Chain) -> Iterator[str]:
    """Where the many rules of a long chain lead, by kind."""
    counts: Counter[str] = Counter()
    for rule in chain.rules:
        name = rule.target.name if rule.target is not None else "no target"
        known = role(name)
        kind = (
            name[: name.rindex("-") + 1] + "…" if known and name.startswith("KUBE-") and name[-16:].isalnum() else name
        )
        counts[f"{kind} ({known})" if known else kind] += 1
    for kind, count in counts.most_common(SHARED):
        yield f"{number_of(count, 'rule')} lead{'s' if count == 1 else ''} to {kind}."


def _end(around: Around, table: Table, chain: Chain) -> Iterator[str]:
    """What becomes of packets that no rule decides."""
    if chain.builtin:
        yield f"Packets that no rule decides fall to the policy: {chain.policy}."
        return
    fate = around.fates(table).of_chain(chain.name)
    yield {
        "ends": "No packet that comes here goes back.",
        "returns": "Every packet goes back to the rule after the one that led it here.",
        "either": "Packets that no rule decides go back to the rule after the one that led them here.",
    }[fate]


def _leads(around: Around, table: Table, chain: Chain) -> Iterator[str]:
    names = dict.fromkeys(rule.target.name for rule in around.index(table).callees(chain.name) if rule.target)
    named = []
    for name in list(names)[:SHARED]:
        about = around.about(table, name)
        named.append(f"{name} ({about})" if about else name)
    if named:
        more = f" and {len(names) - SHARED:,} more" if len(names) > SHARED else ""
        yield sentence(f"{', '.join(named)}{more}")


def _parts(around: Around, table: Table, chain: Chain, shared: list[Group]) -> dict[str, Any]:
    """The same facts for programs."""
    parts = {group.first + at: part for group in shared for at, part in enumerate(group.parts)}
    rules = []
    for rule in chain.rules:
        to, part = leads_to(rule, table), parts.get(rule.number)
        rules.append({
            "rule": rule.number,
            "line": rule.line,
            "matches": condition_words(rule, chain),
            "then": target_words(rule, table),
            "chain": to,
            "share": str(part) if part is not None else None,
        })  # fmt: skip
    index = around.index(table)
    return {
        "table": table.name,
        "family": table.family,
        "chain": chain.name,
        "line": chain.line or None,
        "policy": chain.policy,
        "role": role(chain.name),
        "stands_for": around.label(table, chain.name),
        "fate": None if chain.builtin else around.fates(table).of_chain(chain.name),
        "rules": rules,
        "hooks": [chain.name] if chain.builtin else around.hooks(table, chain.name),
        "callers": [rule_parts(table, rule) for rule in index.callers(chain.name)],
        "leads_to": list(dict.fromkeys(rule.target.name for rule in index.callees(chain.name) if rule.target)),
    }
