"""How rules share packets out at random: exact fractions, whoever wrote the rules."""

from __future__ import annotations

from fractions import Fraction

from kptui.netfilter.fate import Fates
from kptui.report.explain.shares import group_of, groups
from tests.support import ruleset_of


def shared(*rules: str) -> list[tuple[int, list[str]]]:
    lines = "".join(f"-A C {rule}\n" for rule in rules)
    table = ruleset_of(f"*nat\n:C - [0:0]\n{lines}COMMIT\n").tables[0]
    found = groups(table.chains["C"], Fates(table))
    return [(group.first, [str(part) if part is not None else "?" for part in group.parts]) for group in found]


def random(probability: str) -> str:
    return f"-m statistic --mode random --probability {probability}"


def test_kube_proxys_thirds_come_out_even() -> None:
    rules = [f"{random('0.33333333349')} -j ACCEPT", f"{random('0.50000000000')} -j ACCEPT", "-j ACCEPT"]
    assert shared("-s 10.0.0.1 -j MARK --set-mark 1", *rules) == [(2, ["1/3", "1/3", "1/3"])]


def test_uneven_shares_are_exact_and_what_is_left_over_is_told() -> None:
    assert shared(f"{random('0.25')} -j ACCEPT", f"{random('0.5')} -j DROP") == [(1, ["1/4", "3/8"])]
    table = ruleset_of(
        f"*nat\n:C - [0:0]\n-A C {random('0.25')} -j ACCEPT\n-A C {random('0.5')} -j DROP\nCOMMIT\n"
    ).tables[0]
    group = group_of(table.chains["C"], 2, Fates(table))
    assert group is not None
    assert group.rest == Fraction(3, 8)
    assert group.part(2) == Fraction(3, 8)
    assert not group.even


def test_only_neighbours_that_ask_for_the_same_share() -> None:
    rules = [
        f"-d 10.0.0.1 {random('0.5')} -j ACCEPT",
        "-d 10.0.0.1 -j ACCEPT",
        f"-d 10.0.0.2 {random('0.5')} -j ACCEPT",
    ]
    assert shared(*rules) == [(1, ["1/2", "1/2"]), (3, ["1/2"])]


def test_a_target_that_passes_packets_on_takes_no_share() -> None:
    assert shared(f"{random('0.5')} -j LOG", "-j ACCEPT") == []


def test_what_is_no_plain_chance_leaves_the_shares_open() -> None:
    assert shared("-m statistic --mode nth --every 2 --packet 0 -j ACCEPT", "-j ACCEPT") == [(1, ["?", "?"])]
    assert shared("-j ACCEPT", "-j DROP") == []
