"""Random changes of a dump: which rule is which, what changed and what is counted, against the plain way to tell it."""

from __future__ import annotations

import random
import re
from collections import defaultdict

import pytest

from kptui.live.alignment import Changed, Side, align
from kptui.live.counters import CountedLines, Slots, read_counters
from kptui.loading import parse, without_counters
from kptui.sources.text import SourceText

Chains = dict[str, list[str]]


def drawn_dump(drawn: random.Random, chains: Chains) -> str:
    """The text of a table whose counters are drawn, as iptables-save prints it."""
    lines = ["*nat", f":PREROUTING {drawn.choice(['ACCEPT', 'DROP'])} [{drawn.randrange(9)}:0]"]
    lines += [f":{name} - [0:0]" for name in chains if name != "PREROUTING"]
    for name, rules in chains.items():
        lines += [f"[{drawn.randrange(9)}:{drawn.randrange(9)}] -A {name} {rule}" for rule in rules]
    return "\n".join([*lines, "COMMIT", ""])


def changed(drawn: random.Random, chains: Chains) -> Chains:
    """The same with some chains and rules gone, new, or elsewhere."""
    found = {name: list(rules) for name, rules in chains.items() if name == "PREROUTING" or drawn.random() > 0.1}
    for name, rules in found.items():
        if drawn.random() < 0.2:
            rules.insert(drawn.randrange(len(rules) + 1), f"-s 10.0.0.{drawn.randrange(3)}/32 -j RETURN")
        if rules and drawn.random() < 0.1:
            del rules[drawn.randrange(len(rules))]
        if drawn.random() < 0.05:
            drawn.shuffle(rules)
        assert name
    if drawn.random() < 0.5:
        found[f"NEW{drawn.randrange(1000)}"] = ["-j RETURN"]
    names = [*found]
    if drawn.random() < 0.2:
        drawn.shuffle(names)
    return {name: found[name] for name in names}


def side(text: str) -> Side:
    bare = without_counters(text)
    ruleset = parse(SourceText("x", bare))
    return Side(ruleset, Slots.of(ruleset), bare.split("\n"), {})


def plainly(before: Side, now: Side) -> dict[int, int | None]:
    """By line: the line it was, the n-th of equal texts in a chain being the n-th of them before."""
    waiting: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for chain in before.ruleset.tables[0].chains.values():
        for rule in chain.rules:
            waiting[chain.name, rule.text].append(rule.line)
    found: dict[int, int | None] = {}
    for chain in now.ruleset.tables[0].chains.values():
        for rule in chain.rules:
            same = waiting[chain.name, rule.text]
            found[rule.line] = same.pop(0) if same else None
    return found


@pytest.mark.parametrize("seed", range(60))
def test_each_rule_is_found_where_it_was(seed: int) -> None:
    drawn = random.Random(seed)
    rules = [f"-s 10.0.0.{number}/32 -j RETURN" for number in range(3)]
    names = ["PREROUTING", *(f"C{at}" for at in range(drawn.randrange(40)))]
    first = {name: drawn.choices(rules, k=drawn.randrange(5)) for name in names}
    second = changed(drawn, first)
    before, now = side(drawn_dump(drawn, first)), side(drawn_dump(drawn, second))
    found, told = align(before, now)
    for line, was in plainly(before, now).items():
        slot = now.slots.of_line(line)
        assert slot is not None
        old = found.before(slot)
        assert (before.slots.lines[old] if old is not None else None) == was
    one = told.get((4, "nat"), Changed())
    assert set(one.new) == second.keys() - first.keys()
    assert set(one.gone) == first.keys() - second.keys()
    others = {name for name in first.keys() & second.keys() if first[name] != second[name]}
    assert set(one.other) - {"PREROUTING"} == others - {"PREROUTING"}


@pytest.mark.parametrize("seed", range(20))
def test_counters_of_a_later_text_are_those_of_a_reading_anew(seed: int) -> None:
    drawn = random.Random(seed)
    chains = {"PREROUTING": ["-j C1"] * 3, **{f"C{at}": ["-j RETURN"] * drawn.randrange(4) for at in range(1, 9)}}
    first, second, third = (
        re.sub(r"PREROUTING (ACCEPT|DROP)", f"PREROUTING {policy}", drawn_dump(drawn, chains))
        for policy in ("ACCEPT", "ACCEPT", "DROP")
    )
    slots = Slots.of(parse(SourceText("x", first)))
    lines = CountedLines(first)
    assert lines.counters(slots) == read_counters(first, len(slots))
    found = lines.counted(second)
    assert found is not None
    before, now = read_counters(first, len(slots)), read_counters(second, len(slots))
    assert found[0] == now
    assert before is not None
    assert now is not None
    for slot in range(len(slots)):
        if (before.packets[slot], before.bytes[slot]) != (now.packets[slot], now.bytes[slot]):
            assert slot in found[1]
    assert lines.counted(third) is None
    assert lines.counted(second.replace("-j RETURN", "-j ACCEPT", 1)) is None
    assert lines.counted(second.replace("COMMIT", "COMMIT\n# more")) is None


@pytest.mark.parametrize(
    "line",
    ["[1:2:3] -A X -j RETURN", "[1] -A X -j RETURN", "[root@node ~]# x", "[1:٣] -A X -j RETURN", "[1:2]-A X", "["],
)
def test_a_bracket_that_is_no_counter_stays(line: str) -> None:
    text = f"*nat\n:X - [0:0]\n[3:4] -A X -j RETURN\n{line}\nCOMMIT\n"
    assert CountedLines(text).bare == without_counters(text).split("\n")
