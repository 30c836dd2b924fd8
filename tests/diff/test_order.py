"""Which rules have changed places: found through an index, the same as by comparing each with each."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from kptui.diff.order import disjoint, facts, moved, unmoved
from kptui.syntax.ast import Rule
from tests.diff.support import filter_table
from tests.support import ruleset_of


def rules(*texts: str) -> list[Rule]:
    return list(ruleset_of(filter_table(*texts)).tables[0].chains["FORWARD"].rules)


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("-p tcp", "-p udp", True),
        ("-p tcp", "-p all", False),
        ("-d 10.0.0.1", "-d 10.0.0.2", True),
        ("-d 10.0.0.1", "-d 10.0.0.0/24", False),
        ("-d 10.0.1.0/24", "-d 10.0.0.0/24", True),
        ("! -d 10.0.0.1", "-d 10.0.0.2", False),
        ("-i eth0", "-i eth1", True),
        ("-i eth0", "-i eth+", False),
        ("-i eth0", "-o eth1", False),
        ("-p tcp -m tcp --dport 80", "-p tcp -m tcp --dport 81:90", True),
        ("-p tcp -m tcp --dport 80", "-p tcp -m multiport --dports 22,80", False),
        ("-p tcp -m tcp --dport 80", "-p tcp -m tcp --sport 81", False),
        ("-m conntrack --ctstate NEW", "-m conntrack --ctstate RELATED,ESTABLISHED", True),
        ("-m conntrack --ctstate NEW", "-m conntrack --ctstate DNAT", False),
        ("-m mark --mark 0x1/0x1", "-m mark --mark 0x2/0x2", False),
        ("-m mark --mark 0x1/0x3", "-m mark --mark 0x2/0x3", True),
        ("-m mark --mark 0x1/0x1", "-m mark ! --mark 0x1/0x1", False),
        ("", "-p tcp", False),
    ],
)
def test_disjoint(one: str, other: str, apart: bool) -> None:
    first, second = (facts(rule, 4) for rule in rules(f"{one} -j ACCEPT", f"{other} -j DROP"))
    assert disjoint(first, second) is apart
    assert disjoint(second, first) is apart


def test_the_longest_part_that_keeps_its_order() -> None:
    assert unmoved([0, 1, 2, 3]) == {0, 1, 2, 3}
    assert unmoved([3, 0, 1, 2]) == {1, 2, 3}
    assert unmoved([]) == set()
    for seed in range(30):
        chance = random.Random(seed)
        places = chance.sample(range(40), 12)
        kept = sorted(unmoved(places))
        assert [places[index] for index in kept] == sorted(places[index] for index in kept)


def plainly(found: Sequence[Rule], places: Sequence[int]) -> list[int]:
    """The same by comparing each with each."""
    kept, known = unmoved(places), [facts(rule, 4) for rule in found]
    return [
        index
        for index in range(len(places))
        if index not in kept
        and any(
            (index < other) != (places[index] < places[other])
            and found[index].target != found[other].target
            and not disjoint(known[index], known[other])
            for other in range(len(places))
        )
    ]


@pytest.mark.parametrize("seed", range(25))
def test_the_index_finds_what_comparing_each_with_each_finds(seed: int) -> None:
    chance = random.Random(seed)
    parts = (
        ["", "-p tcp", "-p udp", "! -p tcp"], ["", "-d 10.0.0.1", "-d 10.0.0.2", "-d 10.0.0.0/24"],
        ["", "-i eth0", "-i eth1", "-i eth+"], ["-j ACCEPT", "-j DROP"],
    )  # fmt: skip
    texts = []
    for _ in range(25):
        words = [chance.choice(part) for part in parts]
        if words[0] == "-p tcp" and chance.random() < 0.5:
            words[0] += f" -m tcp --dport {chance.choice([80, 443])}"
        texts.append(" ".join(words))
    found = rules(*texts)
    places = list(range(len(texts)))
    chance.shuffle(places)
    assert moved(found, [rule.target for rule in found], places, 4) == plainly(found, places)
