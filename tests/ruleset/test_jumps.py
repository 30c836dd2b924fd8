"""Trees of jumps: everything that leads to a chain, and everything that it leads to."""

from __future__ import annotations

import pytest

from kptui.loading import load
from kptui.ruleset.jumps import JumpIndex, Jumps, callees_tree, callers, callers_tree
from tests.support import SAMPLE_NAMES, ruleset_of, sample

DUMP = """\
*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:A - [0:0]
:B - [0:0]
:C - [0:0]
:D - [0:0]
-A PREROUTING -j A
-A OUTPUT -j A
-A OUTPUT -p tcp -j A
-A A -g B
-A A --jump "C"
-A B -j D -m comment --comment "-j C"
-A C -p udp -j D
-A D -j OUTPUT
COMMIT
"""
LOOP = """\
*filter
:INPUT ACCEPT [0:0]
:A - [0:0]
:B - [0:0]
-A INPUT -j A
-A A -j B
-A B -j A
COMMIT
"""


def index_of(text: str) -> JumpIndex:
    ruleset = ruleset_of(text)
    return JumpIndex(ruleset.tables[0], ruleset.lines)


def drawn(tree: Jumps) -> list[str]:
    return [
        f"{'.' * depth}{node.chain}"
        + "".join(f" {rule.chain} {rule.number}" for rule in node.rules)
        + (f" ({node.cut})" if node.cut else "")
        for depth, node in tree.walk()
    ]


def test_all_that_leads_to_a_chain() -> None:
    assert drawn(callers_tree(index_of(DUMP), "D")) == [
        "D",
        ".B B 1",
        "..A A 1",
        "...PREROUTING PREROUTING 1",
        "...OUTPUT OUTPUT 1 OUTPUT 2",
        ".C C 1",
        "..A A 2 (above)",
    ]


def test_all_that_a_chain_leads_to() -> None:
    assert drawn(callees_tree(index_of(DUMP), "OUTPUT")) == [
        "OUTPUT",
        ".A OUTPUT 1 OUTPUT 2",
        "..B A 1",
        "...D B 1",
        "..C A 2",
        "...D C 1",
    ]


def test_a_jump_in_a_comment_is_none() -> None:
    assert [rule.chain for rule in index_of(DUMP).callers("C")] == ["A"]


def test_a_base_chain_or_one_that_is_not_there_has_no_callers() -> None:
    index = index_of(DUMP)
    assert index.callers("OUTPUT") == []
    assert index.callers("NOWHERE") == []
    assert index.callees("NOWHERE") == []
    assert drawn(callers_tree(index, "NOWHERE")) == ["NOWHERE"]


def test_a_loop_ends() -> None:
    index = index_of(LOOP)
    assert drawn(callers_tree(index, "A")) == ["A", ".INPUT INPUT 1", ".B B 1", "..A A 1 (loop)"]
    assert drawn(callees_tree(index, "INPUT")) == ["INPUT", ".A INPUT 1", "..B A 1", "...A B 1 (loop)"]


def test_a_tree_grows_to_its_limit() -> None:
    text = "*nat\n:PREROUTING ACCEPT [0:0]\n" + "".join(f":C{n} - [0:0]\n" for n in range(2000))
    text += "".join(f"-A PREROUTING -j C{n}\n" for n in range(1000))
    text += "".join(f"-A C{n} -j C{n + 1}\n" for n in range(1000, 1999)) + "COMMIT\n"
    index = index_of(text)
    wide = callees_tree(index, "PREROUTING", limit=10)
    assert len(list(wide.walk())) == 11
    assert wide.cut == "more"
    deep = list(callees_tree(index, "C1000").walk())
    assert len(deep) == 501
    assert deep[-1][1].cut == "more"


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_the_index_finds_the_same_rules_as_a_look_at_every_rule(name: str) -> None:
    ruleset = load(sample(name))
    for table in ruleset.tables:
        index = JumpIndex(table, ruleset.lines)
        every = callers(table)
        for chain in table.chains:
            assert index.callers(chain) == every.get(chain, [])
