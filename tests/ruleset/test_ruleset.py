"""The jump graph and the search over a ruleset."""

from __future__ import annotations

from kptui.loading import load
from kptui.ruleset.jumps import callers, leads_to
from kptui.ruleset.search import Hit, search
from tests.support import ruleset_of, sample

DUMP = """\
*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:A - [0:0]
:B - [0:0]
:ALONE - [0:0]
-A PREROUTING -j A
-A OUTPUT -j A
-A A -g B
-A A -j OUTPUT
-A B -p tcp -m comment --comment "Über den Fluß"
-A B -j DNAT --to-destination 10.0.0.1:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:A - [0:0]
-A INPUT -j A
COMMIT
"""


def test_callers_are_the_rules_that_jump_or_go_to_a_chain_of_the_same_table() -> None:
    nat, filter_ = ruleset_of(DUMP).tables
    found = {chain: [(rule.chain, rule.number) for rule in rules] for chain, rules in callers(nat).items()}
    assert found == {"A": [("PREROUTING", 1), ("OUTPUT", 1)], "B": [("A", 1)]}
    assert [rule.chain for rule in callers(filter_)["A"]] == ["INPUT"]


def test_a_rule_leads_to_a_user_chain_only() -> None:
    nat, _ = ruleset_of(DUMP).tables
    assert [leads_to(rule, nat) for rule in nat.chains["A"].rules] == ["B", None]
    assert [leads_to(rule, nat) for rule in nat.chains["B"].rules] == [None, None]


def test_search_finds_words_in_any_order_and_case() -> None:
    ruleset = ruleset_of(DUMP)
    assert list(search(ruleset, "to-destination b")) == [Hit("nat", "B", 2)]
    assert list(search(ruleset, "ÜBER FLUß")) == [Hit("nat", "B", 1)]
    assert list(search(ruleset, "alone")) == [Hit("nat", "ALONE", None)]


def test_search_for_nothing_finds_nothing() -> None:
    assert list(search(ruleset_of(DUMP), "  ")) == []
    assert list(search(ruleset_of(DUMP), "nowhere")) == []


def test_searching_for_a_service_finds_its_rules_and_what_has_no_endpoints() -> None:
    hits = list(search(load(sample("no-endpoints")), "has no"))
    assert {hit.table for hit in hits} == {"filter"}
    nginx = list(search(load(sample("nginx-nodeport")), "default/nginx"))
    assert ("nat", "KUBE-NODEPORTS") in {(hit.table, hit.chain) for hit in nginx}
