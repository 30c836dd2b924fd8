"""A rule explained: what it matches, what happens then, where packets go next, why it is there, what it means later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kptui.kubernetes.balancing import destination
from kptui.kubernetes.names import service_in
from kptui.kubernetes.purposes import filled, purpose
from kptui.netfilter.fate import unconditional
from kptui.netfilter.marks import Marking
from kptui.report.explain.around import Around
from kptui.report.explain.model import Explanation, Section, sections, sentence
from kptui.report.explain.reach import reached
from kptui.report.explain.shares import Group, group_of
from kptui.report.rule_words import address_words, condition_words, conditions, target_text, target_words
from kptui.ruleset.jumps import leads_to
from kptui.syntax.ast import Chain, Rule, Table
from kptui.text import number_of

LOOKS = 6


def explain_rule(around: Around, table: Table, chain: Chain, rule: Rule, briefly: bool = False) -> Explanation:
    """Everything about one rule; briefly, only what no look at every other rule is needed for."""
    title = f"{table.name} {chain.name}, rule {rule.number} of {len(chain.rules)} (line {rule.line})"
    if rule.error is not None:
        why = f"It could not be read: {rule.error.message}. A trace takes it for unknown."
        return Explanation(
            "rule", title, rule.text, (Section("error", "Not read", (why,)),), lambda: rule_parts(table, rule)
        )
    chance = around.mentions(chain, "statistic")
    group = group_of(chain, rule.number, around.fates(table)) if chance else None
    found = sections(
        Section("matches", "Matches", tuple(matches(table, rule, group))),
        Section("then", "Then", tuple(then(around, table, rule))),
        Section("next", "Next", () if briefly else tuple(onward(around, table, chain, rule))),
        Section("why", "Why", tuple(why_there(around, table, rule))),
        Section("later", "Later", () if briefly else tuple(later(around, table, rule))),
        Section("callers", "Reached", () if briefly else tuple(reached(around, table, chain))),
    )
    return Explanation("rule", title, rule.text, found, lambda: _parts(around, table, chain, rule, group))


def matches(table: Table, rule: Rule, group: Group | None) -> Iterator[str]:
    """What a rule asks for; of rules that share packets out, its share."""
    if unconditional(rule):
        yield "Every packet that comes to it."
    else:
        yield sentence(condition_words(rule))
    if group is not None:
        yield share_sentence(group, rule.number)
    comment = rule.comment
    if comment:
        yield f"Its comment says “{comment}”."


def share_sentence(group: Group, number: int) -> str:
    """The part that a rule has of what comes to its group."""
    which = f"rules {group.first} to {group.last}"
    part = group.part(number)
    if len(group.parts) == 1:
        return f"That is {part} of them, drawn anew for every connection." if part is not None else ""
    if group.even:
        return f"Of the packets that come to {which}, each of these rules takes 1/{len(group.parts)}."
    if part is None:
        return f"Which part of the packets that come to {which} it takes can't be told."
    return f"Of the packets that come to {which}, it takes {part}."


def then(around: Around, table: Table, rule: Rule) -> Iterator[str]:
    """What happens to packets that match."""
    yield sentence(target_words(rule, table, lambda name: around.about(table, name) or None))
    chain = leads_to(rule, table)
    if chain is not None:
        gist = chain_gist(around, table, chain)
        if gist:
            yield gist


def chain_gist(around: Around, table: Table, chain: str) -> str:
    """What a chain does with packets, where one sentence says it all."""
    found = table.chains[chain]
    there = destination(found)
    if there is not None:
        return f"There the destination becomes {around.label(table, chain) or there.ip} (DNAT)."
    if not len(found.rules):
        return "That chain is empty: nothing happens there."
    marked = around.marks(table, found.rules[0]) if len(found.rules) == 1 and unconditional(found.rules[0]) else None
    if marked is not None:
        return f"There {mark_words(marked)}, and nothing else happens."
    port = around.services.by_chain(chain, table.family) if table.name == "nat" else None
    balanced = port.inside.balancings if port is not None else {}
    ways = next((each.ways for each in balanced.values() if each.chain == chain), ())
    if len(ways) > 1:
        return f"There one of {len(ways)} endpoints is chosen."
    return "There the one endpoint is chosen." if ways else ""


def mark_words(marked: Marking) -> str:
    """What a rule does to the mark, as a clause."""
    if marked.sets:
        return f"the mark gets {marked.sets:#x}"
    if marked.clears == marked.touches:
        return f"the mark loses {marked.clears:#x}"
    return f"{marked.touches:#x} of the mark is flipped"


def onward(around: Around, table: Table, chain: Chain, rule: Rule) -> Iterator[str]:
    """Where packets go that match, and those that don't."""
    fate = around.fates(table).of_rule(rule)
    following = following_words(chain, rule.number)
    jumps, goes = leads_to(rule, table), rule.target is not None and rule.target.goto
    if rule.target is not None and rule.target.name == "RETURN":
        if not chain.builtin:
            yield "It comes back to the rule after the one that led to this chain."
    elif fate == "ends":
        yield from _ended(around, table, rule, jumps)
    elif goes:
        yield "What is left of it comes back to the rule after the one that led to this chain."
    elif fate == "returns":
        back = "It comes back here in any case, and goes on" if jumps else "It goes on"
        yield f"{back} {following}."
    else:
        yield f"What is not decided there comes back here, and goes on {following}."
    if not unconditional(rule):
        yield f"Packets that do not match go on {following}."


def following_words(chain: Chain, number: int) -> str:
    """What comes after a rule: “to rule 3”, or what the chain's end means."""
    if number < len(chain.rules):
        return f"to rule {number + 1}"
    if chain.builtin:
        return f"to the chain's policy, {chain.policy}"
    return "to the rule after the one that led to this chain, for this was its last"


_GONE = frozenset({"DROP", "REJECT"})


def _ended(around: Around, table: Table, rule: Rule, jumps: str | None) -> Iterator[str]:
    """After a target that ends the hook, or a chain that lets nothing come back."""
    name = rule.target.name if rule.target is not None else ""
    if jumps is not None:
        yield "No packet comes back from there."
        return
    if name in _GONE:
        yield "The packet's way ends here."
        return
    hooks = around.hooks(table, rule.chain)
    translated = {"DNAT": " with its new destination", "REDIRECT": " with its new destination"}.get(name, "")
    ways = [(hook, around.onward(table, hook)) for hook in hooks]
    if len(ways) == 1:
        yield f"The packet goes on{translated} {ways[0][1]}."
    elif ways:
        yield f"The packet goes on{translated}: " + "; ".join(f"in {hook}, {to}" for hook, to in ways) + "."
    if table.name == "nat":
        yield "Further packets of the connection don't come to nat: conntrack translates them, and the replies back."


def why_there(around: Around, table: Table, rule: Rule) -> Iterator[str]:
    """Why kube-proxy or kubelet wrote the rule; nothing for anyone else's."""
    words = purpose(table.name, rule)
    if words is not None:
        yield sentence(filled(words, lambda name: _value(around, table, rule, name)))


def _value(around: Around, table: Table, rule: Rule, name: str) -> str:
    """What a placeholder of a purpose stands for."""
    target = rule.target.name if rule.target is not None else ""
    if name == "service":
        nat = around.ruleset.table("nat", table.family)
        port = around.services.by_chain(rule.chain, table.family) or around.services.by_chain(target, table.family)
        told = service_in(rule.comment or "") or (port.title if port is not None else None)
        return told or (around.label(nat, target) if nat is not None else None) or "the Service"
    if name == "endpoint":
        return around.label(table, target) or "this endpoint"
    if name == "source":
        source = rule.option("source")
        return address_words(source.value) if source is not None else "the client"
    seconds = (option.value for match in rule.matches for option in match.options if option.name == "seconds")
    return next(seconds, "some")


def later(around: Around, table: Table, rule: Rule) -> Iterator[str]:
    """What a mark that is set here, or in the small chain that is passed, means afterwards."""
    marked = around.marks(table, rule)
    if marked is None or not (marked.sets or marked.clears):
        return
    bits = marked.sets or marked.clears
    found = [look for look in around.looks if look.table.family == table.family and look.mask & bits]
    if not found:
        yield f"No rule in this dump asks for {bits:#x} of the mark; `ip rule` or another program may."
        return
    yield f"{bits:#x} of the mark is asked for by {number_of(len(found), 'rule')}:"
    for look in found[:LOOKS]:
        where = f"{look.table.name} {look.rule.chain} {look.rule.number} (line {look.rule.line})"
        met = look.met(bits) if marked.sets else None
        fits = (
            {True: ", which now matches", False: ", which now does not match"}.get(met, "") if met is not None else ""
        )
        yield f"{where}{fits}: {target_words(look.rule, look.table)}."
    if len(found) > LOOKS:
        yield f"… and {len(found) - LOOKS:,} more."
    if any(look.rule.chain == "KUBE-POSTROUTING" and look.met(bits) is not None for look in found) and marked.sets:
        yield (
            "So KUBE-POSTROUTING masquerades the packet in POSTROUTING: its source becomes the address of the "
            "interface that it leaves by, and the reply comes back to this node."
        )


def rule_parts(table: Table, rule: Rule) -> dict[str, Any]:
    """Where a rule stands."""
    return {"table": table.name, "family": table.family, "chain": rule.chain, "rule": rule.number, "line": rule.line}


def _parts(around: Around, table: Table, chain: Chain, rule: Rule, group: Group | None) -> dict[str, Any]:
    """The same facts for programs."""
    to = leads_to(rule, table)
    marked = around.marks(table, rule)
    part = group.part(rule.number) if group is not None else None
    callers = () if chain.builtin else around.index(table).callers(chain.name)
    return {
        **rule_parts(table, rule),
        "comment": rule.comment,
        "conditions": [{"text": each.text, "words": each.words} for each in conditions(rule)],
        "action": {
            "text": target_text(rule) or None,
            "words": target_words(rule, table),
            "chain": to,
            "goto": rule.target is not None and rule.target.goto,
        },
        "fate": around.fates(table).of_rule(rule),
        "share": None
        if part is None or group is None
        else {"part": str(part), "first": group.first, "last": group.last},
        "mark": None if marked is None else {"sets": f"{marked.sets:#x}", "clears": f"{marked.clears:#x}"},
        "stands_for": {"chain": around.label(table, chain.name), "target": around.label(table, to) if to else None},
        "hooks": [chain.name] if chain.builtin else around.hooks(table, chain.name),
        "callers": [rule_parts(table, each) for each in callers],
    }
