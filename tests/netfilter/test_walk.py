"""One table at one hook: jump, goto, return, verdicts and policies, as ip_tables.c has them."""

from __future__ import annotations

from typing import Any

import pytest

from kptui.errors import UsageError
from kptui.netfilter.trace import Trace
from tests.support import only, rules_met, trace_of, walked

HERE: dict[str, Any] = {"dst": "10.0.0.1", "local": ("10.0.0.1",), "src": "192.0.2.1", "dport": "80"}


def through_input(rules: str, policy: str = "ACCEPT", chains: str = "", **request: str) -> Trace:
    """The trace of a packet to the host itself through these rules of filter (INPUT and chains of their own)."""
    declared = "".join(f":{name} - [0:0]\n" for name in chains.split())
    lines = "".join(f"-A {line.strip()}\n" for line in rules.strip().splitlines())
    return trace_of(f"*filter\n:INPUT {policy} [0:0]\n{declared}{lines}COMMIT\n", **(HERE | request))


class TestPolicies:
    def test_a_packet_no_rule_decides_gets_the_policy_accept(self) -> None:
        end = only(through_input("INPUT -p udp -j DROP"))
        assert (end.verdict, end.end) == ("ACCEPT", "delivered")
        assert [step.effect for step in end.steps] == ["policy ACCEPT"]

    def test_a_packet_no_rule_decides_gets_the_policy_drop(self) -> None:
        end = only(through_input("INPUT -p udp -j ACCEPT", policy="DROP"))
        assert (end.verdict, end.end) == ("DROP", "dropped")
        assert end.reason == "policy of filter INPUT"

    def test_return_in_a_base_chain_means_its_policy(self) -> None:
        end = only(through_input("INPUT -j RETURN\nINPUT -j ACCEPT", policy="DROP"))
        assert end.end == "dropped"
        assert [step.effect for step in end.steps] == ["return", "policy DROP"]

    def test_the_policy_is_told_with_the_line_of_the_chain(self) -> None:
        end = only(through_input(""))
        assert [(step.rule, step.line, step.text) for step in end.steps] == [(None, 2, ":INPUT ACCEPT [0:0]")]


class TestJump:
    def test_a_chain_left_by_its_end_comes_back_to_the_rule_after_the_jump(self) -> None:
        end = only(through_input("INPUT -j A\nINPUT -j DROP\nA -p tcp -j LOG", chains="A"))
        assert rules_met(end) == ["filter INPUT 1", "filter A 1", "filter INPUT 2"]
        assert end.end == "dropped"
        assert ("INPUT", "filter", "A", None) in walked(end)

    def test_return_comes_back_to_the_caller_and_skips_the_rest_of_the_chain(self) -> None:
        end = only(through_input("INPUT -j A\nINPUT -j ACCEPT\nA -j RETURN\nA -j DROP", "DROP", "A"))
        assert rules_met(end) == ["filter INPUT 1", "filter A 1", "filter INPUT 2"]
        assert end.end == "delivered"

    def test_accept_in_a_user_chain_ends_the_whole_table(self) -> None:
        end = only(through_input("INPUT -j A\nINPUT -j DROP\nA -j ACCEPT", chains="A"))
        assert rules_met(end) == ["filter INPUT 1", "filter A 1"]
        assert end.end == "delivered"

    def test_an_empty_chain_is_come_back_from(self) -> None:
        end = only(through_input("INPUT -j A\nINPUT -j REJECT", chains="A"))
        assert end.end == "rejected"

    def test_a_chain_may_be_walked_twice(self) -> None:
        end = only(through_input("INPUT -j A\nINPUT -j A\nA -j MARK --set-xmark 0x1/0x0", chains="A"))
        assert rules_met(end) == ["filter INPUT 1", "filter A 1", "filter INPUT 2", "filter A 1"]
        assert end.packet.mark == 0

    def test_chains_of_one_name_in_two_tables_are_two_chains(self) -> None:
        dump = """\
        *mangle
        :INPUT ACCEPT [0:0]
        :A - [0:0]
        -A INPUT -j A
        -A A -j MARK --set-xmark 0x7/0xffffffff
        COMMIT
        *filter
        :INPUT ACCEPT [0:0]
        :A - [0:0]
        -A INPUT -j A
        -A A -m mark --mark 0x7 -j DROP
        COMMIT
        """
        end = only(trace_of(dump, **HERE))
        assert rules_met(end) == ["mangle INPUT 1", "mangle A 1", "filter INPUT 1", "filter A 1"]
        assert end.end == "dropped"


class TestGoto:
    def test_from_a_base_chain_the_end_means_the_policy_of_the_base_chain(self) -> None:
        end = only(through_input("INPUT -g A\nINPUT -j ACCEPT\nA -p udp -j DROP", "DROP", "A"))
        assert rules_met(end) == ["filter INPUT 1"]
        assert end.reason == "policy of filter INPUT"

    def test_from_a_user_chain_the_end_comes_back_to_that_chains_caller(self) -> None:
        rules = "INPUT -j A\nINPUT -j DROP\nA -g B\nA -j ACCEPT\nB -j LOG"
        end = only(through_input(rules, chains="A B"))
        assert rules_met(end) == ["filter INPUT 1", "filter A 1", "filter B 1", "filter INPUT 2"]
        assert end.end == "dropped"

    def test_return_after_a_goto_comes_back_to_the_same_place_as_the_end(self) -> None:
        rules = "INPUT -j A\nINPUT -j DROP\nA -g B\nA -j ACCEPT\nB -j RETURN\nB -j ACCEPT"
        assert only(through_input(rules, chains="A B")).end == "dropped"

    def test_a_goto_in_a_chain_gone_to_still_comes_back_to_the_first_caller(self) -> None:
        rules = "INPUT -j A\nINPUT -j DROP\nA -g B\nA -j ACCEPT\nB -g C\nB -j ACCEPT\nC -j LOG"
        end = only(through_input(rules, chains="A B C"))
        assert rules_met(end) == ["filter INPUT 1", "filter A 1", "filter B 1", "filter C 1", "filter INPUT 2"]

    def test_a_jump_from_a_chain_gone_to_comes_back_to_it(self) -> None:
        rules = "INPUT -g A\nINPUT -j ACCEPT\nA -j B\nA -j DROP\nB -j RETURN"
        end = only(through_input(rules, chains="A B"))
        assert rules_met(end) == ["filter INPUT 1", "filter A 1", "filter B 1", "filter A 2"]

    def test_the_path_says_goto(self) -> None:
        end = only(through_input("INPUT -g A", chains="A"))
        assert end.steps[0].effect == "goto A"


class TestVerdicts:
    def test_reject_is_not_drop(self) -> None:
        end = only(through_input("INPUT -p tcp -j REJECT --reject-with tcp-reset"))
        assert (end.verdict, end.end) == ("REJECT", "rejected")
        assert "tcp-reset" in (end.reason or "")

    def test_drop_ends_it_at_once(self) -> None:
        end = only(through_input("INPUT -j DROP\nINPUT -j ACCEPT"))
        assert (end.verdict, end.end, rules_met(end)) == ("DROP", "dropped", ["filter INPUT 1"])

    def test_nfqueue_neither_lets_through_nor_drops(self) -> None:
        trace = through_input("INPUT -j NFQUEUE --queue-num 3\nINPUT -j DROP")
        assert (only(trace).verdict, only(trace).end) == ("QUEUE", "queued")

    def test_a_rule_without_target_counts_and_goes_on(self) -> None:
        end = only(through_input("INPUT -p tcp\nINPUT -j DROP"))
        assert rules_met(end) == ["filter INPUT 1", "filter INPUT 2"]

    def test_log_goes_on(self) -> None:
        assert only(through_input('INPUT -j LOG --log-prefix "a b"\nINPUT -j DROP')).end == "dropped"


class TestWhatIsNotKnown:
    def test_an_unknown_target_is_never_certain(self) -> None:
        trace = through_input("INPUT -j FANCY --strange 1")
        assert trace.answer == "depends"
        assert not trace.certain
        assert {outcome.verdict for outcome in trace.outcomes} == {"UNKNOWN", "ACCEPT"}
        assert "FANCY" in trace.outcomes[0].assumptions[0].why

    def test_an_unknown_match_is_never_certain(self) -> None:
        trace = through_input("INPUT -m fancy --strange 1 -j DROP")
        assert trace.answer == "depends"
        assert {(outcome.end, outcome.assumptions[0].assumed) for outcome in trace.outcomes} == {
            ("dropped", True),
            ("delivered", False),
        }
        assert all("fancy" in outcome.assumptions[0].why for outcome in trace.outcomes)

    def test_a_rule_with_an_unknown_match_whose_other_conditions_fail_is_skipped_for_sure(self) -> None:
        assert only(through_input("INPUT -p udp -m fancy --strange 1 -j DROP")).assumptions == ()

    def test_a_rule_that_cannot_be_read_is_unknown(self) -> None:
        trace = through_input('INPUT -p tcp "unclosed -j DROP\nINPUT -p tcp -j ACCEPT')
        assert trace.answer == "depends"
        assert [(o.verdict, [a.assumed for a in o.assumptions]) for o in trace.outcomes] == [
            ("ACCEPT", [False]),
            ("UNKNOWN", [True]),
        ]
        assert all("line 3" in each.why for outcome in trace.outcomes for each in outcome.assumptions)

    def test_a_value_that_cannot_be_read_is_unknown(self) -> None:
        for rule in ("-s 10.0.0.0/99 -j DROP", "-p tcp -m tcp --dport nosuchport -j DROP", "-p nosuch -j DROP"):
            trace = through_input(f"INPUT {rule}")
            assert trace.answer == "depends", rule
            assert all(outcome.assumptions for outcome in trace.outcomes)

    def test_a_target_whose_value_cannot_be_read_is_unknown(self) -> None:
        trace = through_input("INPUT -j MARK --set-xmark many\nINPUT -j DROP")
        assert {outcome.verdict for outcome in trace.outcomes} == {"UNKNOWN", "DROP"}


class TestCircles:
    @pytest.mark.parametrize(
        "rules", ["INPUT -j A\nA -j A", "INPUT -j A\nA -j B\nB -j A", "INPUT -j A\nA -g B\nB -g A"]
    )
    def test_chains_that_go_in_a_circle_are_an_error_that_names_them(self, rules: str) -> None:
        with pytest.raises(UsageError, match=r"circle.*INPUT -> A"):
            through_input(rules, chains="A B")

    def test_a_circle_the_packet_does_not_come_to_is_none_of_its_business(self) -> None:
        assert only(through_input("INPUT -p udp -j A\nA -j A", chains="A")).end == "delivered"

    def test_chains_deeper_than_any_real_ones_end_in_a_sentence(self) -> None:
        names = [f"C{n}" for n in range(3000)]
        pairs = zip(["INPUT", *names], names, strict=False)
        rules = "\n".join(f"{one} -j {other}" for one, other in pairs)
        with pytest.raises(UsageError, match="deep"):
            through_input(rules, chains=" ".join(names))

    def test_chains_as_deep_as_the_kernel_allows_are_walked(self) -> None:
        names = [f"C{n}" for n in range(16)]
        pairs = zip(["INPUT", *names], names, strict=False)
        end = only(through_input("\n".join(f"{one} -j {other}" for one, other in pairs), chains=" ".join(names)))
        assert len(rules_met(end)) == 16


class TestMisses:
    def test_the_rules_that_did_not_match_name_the_first_condition_that_failed(self) -> None:
        rules = "INPUT -s 10.0.0.0/8 -p udp -m udp --dport 53 -j DROP\nINPUT -p tcp -m tcp --dport 22 -j DROP"
        lines = "".join(f"-A {line}\n" for line in rules.splitlines())
        trace = trace_of(f"*filter\n:INPUT ACCEPT [0:0]\n{lines}COMMIT\n", misses=True, **HERE)
        steps = only(trace).steps
        assert [(s.rule, s.matched, s.why) for s in steps] == [
            (1, False, "-s 10.0.0.0/8"),
            (2, False, "-m tcp --dport 22"),
            (None, True, None),
        ]

    def test_what_matched_has_no_why(self) -> None:
        trace = trace_of("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j ACCEPT\nCOMMIT\n", misses=True, **HERE)
        assert [(s.matched, s.why) for s in only(trace).steps] == [(True, None)]

    def test_of_two_unknown_matches_the_one_that_failed_is_named(self) -> None:
        dump = """\
        *filter
        :INPUT ACCEPT [0:0]
        -A INPUT -m recent --rcheck --name a --rsource -j LOG
        -A INPUT -m recent --rcheck --name a --rsource -m recent --rcheck --name b --rsource -j DROP
        -A INPUT -m recent ! --rcheck --name a --rsource -j REJECT
        COMMIT
        """
        trace = trace_of(dump, misses=True, **HERE)
        end = next(outcome for outcome in trace.outcomes if outcome.end == "delivered")
        missed = {step.rule: step.why for step in end.steps if not step.matched}
        assert missed == {2: "-m recent --rcheck --name b --rsource", 3: "-m recent ! --rcheck --name a --rsource"}

    def test_each_rule_tried_is_listed_once(self) -> None:
        dump = """\
        *filter
        :INPUT ACCEPT [0:0]
        -A INPUT -m recent --rcheck --name a --rsource -j MARK --set-xmark 0x1/0x1
        -A INPUT -p udp -j DROP
        -A INPUT -j MARK --set-xmark 0x5/0xffffffff
        COMMIT
        """
        end = only(trace_of(dump, misses=True, **HERE))
        assert end.packet.mark == 5
        assert [(s.rule, s.matched) for s in end.steps].count((2, False)) == 1
        assert [(s.rule, s.matched) for s in end.steps].count((3, True)) == 1
        assert next(s for s in end.steps if s.rule == 3).maybe is False
