"""What is not known forks and is named; it is asked once, and never makes an outcome certain."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

import pytest

from kptui.errors import UsageError
from kptui.netfilter.trace import Trace
from tests.support import assumed, only, rules_met, trace_of

HERE: dict[str, Any] = {"dst": "10.0.0.1", "local": ("10.0.0.1",), "dport": "80"}


def through_input(
    *rules: str, policy: str = "ACCEPT", chains: str = "", ipset: str | None = None, **request: Any
) -> Trace:
    """The trace of a packet from nobody knows where through these rules of INPUT."""
    declared = "".join(f":{name} - [0:0]\n" for name in chains.split())
    lines = "".join(f"-A {rule if rule.split()[0] in chains.split() else f'INPUT {rule}'}\n" for rule in rules)
    return trace_of(f"*filter\n:INPUT {policy} [0:0]\n{declared}{lines}COMMIT\n", ipset, **(HERE | request))


def ends(trace: Trace) -> list[tuple[str, dict[str, bool]]]:
    """(end, what was assumed) of each outcome."""
    return sorted(((o.end, assumed(o)) for o in trace.outcomes), key=str)


class TestFork:
    def test_an_unknown_source_forks_at_a_network_and_says_so(self) -> None:
        trace = through_input("! -s 10.42.0.0/24 -j DROP")
        assert ends(trace) == [("delivered", {"! -s 10.42.0.0/24": False}), ("dropped", {"! -s 10.42.0.0/24": True})]
        told = trace.outcomes[0].assumptions[0]
        assert (told.line, told.why) == (3, "the source address is not known")
        assert trace.answer == "depends"
        assert all(outcome.probability == 1 for outcome in trace.outcomes)

    @pytest.mark.parametrize(
        "match",
        [
            "-s 10.0.0.0/8", "-p tcp -m tcp --sport 1024", "-i eth0", "-m recent --rcheck --name a --rsource",
            "-m set --match-set a src", "-m limit --limit 1/sec", "-m addrtype --src-type BROADCAST",
            "-m statistic --mode nth --every 3 --packet 0",
            "-m mac --mac-source 00:11:22:33:44:55",
            "-m length --length 100:200", "-m string --algo bm --string x", "-m quota --quota 5", "-m ttl --ttl-lt 5",
            "-m conntrack --ctexpire 1:10", "-m physdev --physdev-is-in", "-m time --timestart 10:00",
        ],
    )  # fmt: skip
    def test_what_the_packet_and_the_dump_do_not_say_is_both_ways(self, match: str) -> None:
        trace = through_input(f"{match} -j DROP")
        assert {outcome.end for outcome in trace.outcomes} == {"dropped", "delivered"}
        assert all(outcome.assumptions for outcome in trace.outcomes)

    def test_a_known_condition_that_fails_spares_the_question(self) -> None:
        assert only(through_input("-p udp -s 10.0.0.0/8 -j DROP")).assumptions == ()

    def test_all_values_need_no_question(self) -> None:
        assert only(through_input("-s 0.0.0.0/0 -j DROP")).end == "dropped"
        assert only(through_input("! -s 0.0.0.0/0 -j DROP")).end == "delivered"
        assert only(through_input("-p tcp -m tcp --sport 0:65535 -j DROP")).end == "dropped"

    def test_what_makes_no_difference_to_the_end_is_not_assumed(self) -> None:
        end = only(through_input("-s 10.0.0.0/8 -j ACCEPT"))
        assert end.assumptions == ()
        assert [(step.rule, step.maybe) for step in end.steps] == [(1, True), (None, True)]

    def test_two_unknown_conditions_of_a_rule_are_told_one_by_one(self) -> None:
        trace = through_input("-s 10.0.0.0/8 -i eth0 -j DROP")
        found = [(outcome.end, assumed(outcome)) for outcome in trace.outcomes]
        assert len(found) == 3
        assert ("delivered", {"-s 10.0.0.0/8": False}) in found
        assert ("delivered", {"-s 10.0.0.0/8": True, "-i eth0": False}) in found
        assert ("dropped", {"-s 10.0.0.0/8": True, "-i eth0": True}) in found


class TestLearning:
    def test_the_same_question_is_asked_once(self) -> None:
        trace = through_input("-s 10.0.0.0/8 -j LOG", "! -s 10.0.0.0/8 -j DROP", "-s 10.0.0.0/8 -j REJECT")
        assert ends(trace) == [("dropped", {"-s 10.0.0.0/8": False}), ("rejected", {"-s 10.0.0.0/8": True})]

    def test_the_path_of_each_outcome_fits_what_it_assumes(self) -> None:
        trace = through_input("-s 10.0.0.0/8 -j LOG", "-s 10.0.0.0/8 -j DROP")
        met = {outcome.end: [(step.rule, step.maybe) for step in outcome.steps] for outcome in trace.outcomes}
        assert met == {"dropped": [(1, False), (2, False)], "delivered": [(None, False)]}

    def test_inside_a_network_means_inside_the_wider_one(self) -> None:
        trace = through_input("! -s 10.1.0.0/16 -j DROP", "! -s 10.0.0.0/8 -j REJECT")
        assert {outcome.end for outcome in trace.outcomes} == {"dropped", "delivered"}

    def test_outside_a_network_means_outside_the_narrower_one(self) -> None:
        trace = through_input("-s 10.0.0.0/8 -j DROP", "-s 10.1.0.0/16 -j REJECT")
        assert {outcome.end for outcome in trace.outcomes} == {"dropped", "delivered"}

    def test_inside_one_network_means_outside_another(self) -> None:
        trace = through_input("! -s 10.1.0.0/16 -j DROP", "-s 10.2.0.0/16 -j REJECT")
        assert {outcome.end for outcome in trace.outcomes} == {"dropped", "delivered"}

    def test_inside_the_wider_network_leaves_the_narrower_one_open(self) -> None:
        trace = through_input("! -s 10.0.0.0/8 -j DROP", "-s 10.1.0.0/16 -j REJECT")
        assert {outcome.end for outcome in trace.outcomes} == {"dropped", "rejected", "delivered"}

    def test_two_halves_make_a_whole(self) -> None:
        trace = through_input("-s 0.0.0.0/1 -j DROP", "-s 128.0.0.0/1 -j REJECT", "-j LOG")
        assert {outcome.end for outcome in trace.outcomes} == {"dropped", "rejected"}

    def test_ports_and_devices_learn_as_addresses_do(self) -> None:
        ports = through_input("-p tcp -m tcp --sport 0:1023 -j DROP", "-p tcp -m tcp --sport 22 -j REJECT")
        assert {outcome.end for outcome in ports.outcomes} == {"dropped", "delivered"}
        devices = through_input("-i eth+ -j DROP", "-i eth0 -j REJECT")
        assert {outcome.end for outcome in devices.outcomes} == {"dropped", "delivered"}

    def test_the_host_s_addresses_and_networks_are_one_knowledge(self) -> None:
        trace = through_input(
            "-s 10.0.0.1/32 -j DROP",
            "-m addrtype --src-type LOCAL -j REJECT",
            "-s 127.0.0.0/8 -j DROP",
            settings={"accept_local": "yes", "route_localnet": "yes"},
        )
        assert {outcome.end for outcome in trace.outcomes} == {"dropped", "rejected", "delivered"}
        narrow = through_input(
            "! -s 192.0.2.0/24 -j DROP",
            "-m addrtype --src-type LOCAL -j REJECT",
            settings={"accept_local": "yes", "route_localnet": "yes"},
        )
        assert {outcome.end for outcome in narrow.outcomes} == {"dropped", "delivered"}

    def test_an_ipset_is_asked_once(self) -> None:
        rules = (
            "-m set --match-set a src -j LOG",
            "-m set ! --match-set a src -j DROP",
            "-m set --match-set a src -j ACCEPT",
        )
        trace = through_input(*rules, "-j REJECT")
        assert {outcome.end for outcome in trace.outcomes} == {"dropped", "delivered"}

    def test_two_ipsets_are_two_questions(self) -> None:
        trace = through_input("-m set --match-set a src -j DROP", "-m set --match-set b src -j REJECT")
        assert {outcome.end for outcome in trace.outcomes} == {"dropped", "rejected", "delivered"}

    def test_a_list_that_a_rule_changed_is_asked_anew(self) -> None:
        seen = "-m recent --rcheck --name x --rsource"
        trace = through_input(f"{seen} -j DROP", "-m recent --update --name x --rsource", f"{seen} -j REJECT")
        assert {outcome.end for outcome in trace.outcomes} == {"dropped", "rejected", "delivered"}

    def test_an_ipset_that_a_rule_changed_is_asked_anew(self) -> None:
        member = "-m set --match-set x src"
        trace = through_input(f"{member} -j DROP", "-j SET --add-set x src", f"{member} -j REJECT")
        assert {outcome.end for outcome in trace.outcomes} == {"dropped", "rejected", "delivered"}

    def test_an_ipset_is_asked_again_of_another_address_only(self) -> None:
        dump = """\
        *nat
        :PREROUTING ACCEPT [0:0]
        :A - [0:0]
        -A PREROUTING -m set --match-set a dst -j A
        -A A -j DNAT --to-destination 10.9.9.9
        COMMIT
        *filter
        :FORWARD ACCEPT [0:0]
        -A FORWARD -m set --match-set a dst -j DROP
        COMMIT
        """
        trace = trace_of(dump, src="192.0.2.1", dst="203.0.113.1", local=("10.0.0.1",))
        assert {(o.packet.dnat, o.end) for o in trace.outcomes} == {
            ("10.9.9.9", "dropped"), ("10.9.9.9", "forwarded"), (None, "forwarded"),
        }  # fmt: skip

    def test_each_rate_limit_is_its_own_question(self) -> None:
        limit = "-m limit --limit 5/sec"
        trace = through_input(f"{limit} -j DROP", f"{limit} -j REJECT")
        assert {outcome.end for outcome in trace.outcomes} == {"dropped", "rejected", "delivered"}

    @pytest.mark.parametrize(
        "rules",
        [
            ("-m statistic --mode random --probability 0.5 -j B",),
            ("-j A", "A -m statistic --mode random --probability 0.5 -g B"),
        ],
    )
    def test_chance_before_a_question_asked_again_loses_no_packets(self, rules: tuple[str, ...]) -> None:
        """Some come to the last rule having been asked, some not, in either order."""
        question = "-m recent --rcheck --name x --rsource"
        trace = through_input(
            *rules, f"B {question} -j REJECT", f"{question.replace('--rcheck', '! --rcheck')} -j DROP", chains="A B"
        )
        listed = {o: o.assumptions[0].assumed != ("!" in o.assumptions[0].match) for o in trace.outcomes}
        found = {(outcome.end, seen): outcome.probability for outcome, seen in listed.items()}
        half = Fraction(1, 2)
        assert found == {("rejected", True): half, ("delivered", True): half, ("dropped", False): 1}


class TestShareUnknown:
    def test_the_share_of_a_rate_limit_cannot_be_told(self) -> None:
        trace = through_input("-m limit --limit 5/sec -j DROP")
        assert [outcome.probability for outcome in trace.outcomes] == [None, None]

    def test_every_n_th_packet_neither(self) -> None:
        trace = through_input("-m statistic --mode nth --every 3 --packet 0 -j DROP")
        assert [outcome.probability for outcome in trace.outcomes] == [None, None]

    def test_a_rate_limit_that_makes_no_difference_takes_no_share_away(self) -> None:
        assert only(through_input("-m limit --limit 5/sec -j LOG")).probability == 1


class TestSettling:
    def test_assume_settles_a_match_both_ways(self) -> None:
        rule = "-m recent --rcheck --name a --rsource -j DROP"
        assert only(through_input(rule, assume=("rcheck=yes",))).end == "dropped"
        assert only(through_input(rule, assume=("rcheck=no",))).end == "delivered"
        assert only(through_input(rule, assume=("rcheck=no",))).assumptions == ()

    def test_assume_speaks_of_the_match_as_it_is_written(self) -> None:
        rule = "-m recent ! --rcheck --name a --rsource -j DROP"
        assert only(through_input(rule, assume=("rcheck --name a=yes",))).end == "dropped"

    def test_assume_settles_only_what_its_text_is_found_in(self) -> None:
        rules = ("-m recent --rcheck --name a --rsource -j DROP", "-m recent --rcheck --name b --rsource -j REJECT")
        trace = through_input(*rules, assume=("--name a=no",))
        assert {outcome.end for outcome in trace.outcomes} == {"rejected", "delivered"}

    def test_assume_does_not_overrule_what_is_known(self) -> None:
        assert (
            only(through_input("-s 10.0.0.0/8 -j DROP", src="192.0.2.1", assume=("10.0.0.0/8=yes",))).end == "delivered"
        )

    def test_assume_settles_routing(self) -> None:
        dump = "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\nCOMMIT\n"
        for answer, end in (("yes", "dropped"), ("no", "forwarded")):
            assume = (f"is an address of this host={answer}",)
            assert only(trace_of(dump, src="192.0.2.1", dst="203.0.113.1", assume=assume)).end == end

    @pytest.mark.parametrize(
        ("match", "settings", "end"),
        [
            ("-m owner --uid-owner 1337", {"uid-owner": "1337"}, "dropped"),
            ("-m owner --uid-owner 1000-1999", {"uid-owner": "1337"}, "dropped"),
            ("-m owner ! --uid-owner 1337", {"uid-owner": "1337"}, "delivered"),
            ("-m owner --uid-owner 1337", {"uid-owner": "0"}, "delivered"),
            ("-m recent --rcheck --name a --rsource", {"recent": "no"}, "delivered"),
            ("-m set --match-set a src", {"set:a": "yes"}, "dropped"),
            ("-m set --match-set a src", {"set:a": "no"}, "delivered"),
        ],
    )  # fmt: skip
    def test_set_answers_what_a_match_asks_for(self, match: str, settings: dict[str, str], end: str) -> None:
        dump = f"*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT {match} -j DROP\nCOMMIT\n"
        request: dict[str, Any] = {"src": "10.0.0.1", "dst": "10.0.0.1", "local": ("10.0.0.1",), "origin": "local"}
        assert only(trace_of(dump, settings=settings, **request)).end == end


class TestMany:
    """What must stay small: forty questions are forty steps, not two to the forty ways."""

    def test_forty_unknown_log_rules_leave_one_outcome_without_assumptions(self) -> None:
        rules = [f'-m limit --limit {n}/min -j LOG --log-prefix "{n}"' for n in range(1, 41)]
        start = time.perf_counter()
        end = only(through_input(*rules))
        assert time.perf_counter() - start < 5
        assert end.assumptions == ()
        assert end.probability == 1
        assert [step.maybe for step in end.steps] == [True] * 40 + [False]

    def test_forty_unknown_accept_rules_over_accept_are_one_outcome(self) -> None:
        rules = [f"-m recent --rcheck --name n{n} --rsource -j ACCEPT" for n in range(40)]
        assert only(through_input(*rules)).assumptions == ()

    def test_forty_unknown_accept_rules_over_drop_stay_linear(self) -> None:
        rules = [f"-m recent --rcheck --name n{n} --rsource -j ACCEPT" for n in range(40)]
        start = time.perf_counter()
        trace = through_input(*rules, policy="DROP")
        assert time.perf_counter() - start < 5
        assert len(trace.outcomes) == 41
        (dropped,) = [outcome for outcome in trace.outcomes if outcome.end == "dropped"]
        assert list(assumed(dropped).values()) == [False] * 40

    def test_three_hundred_networks_of_an_unknown_source_stay_linear(self) -> None:
        rules = [f"-s 10.{n // 200}.{n % 200}.0/24 -j ACCEPT" for n in range(300)]
        start = time.perf_counter()
        trace = through_input(*rules, policy="DROP")
        assert time.perf_counter() - start < 20
        assert len(trace.outcomes) == 301

    def test_forty_chains_each_entered_by_a_question_join_again(self) -> None:
        names = [f"C{n}" for n in range(40)]
        rules = [f"-m recent --rcheck --name {name} --rsource -j {name}" for name in names]
        end = only(through_input(*rules, *(f"{name} -j RETURN" for name in names), chains=" ".join(names)))
        assert end.assumptions == ()

    def test_more_ways_than_can_be_told_are_an_error_with_advice(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("kptui.netfilter.walk.MAX_WAYS", 1000)
        rules = [
            f"-m recent --rcheck --name n{n} --rsource -j MARK --set-xmark {1 << n:#x}/{1 << n:#x}" for n in range(20)
        ]
        with pytest.raises(UsageError, match=r"different ways.*--src"):
            through_input(*rules)


class TestIpsets:
    SETS = "create a hash:net family inet\nadd a 10.0.0.0/8\nadd a 10.1.0.0/16 nomatch\n"

    @pytest.mark.parametrize(
        ("src", "end"), [("10.2.0.1", "dropped"), ("10.1.0.1", "delivered"), ("192.0.2.1", "delivered")]
    )
    def test_a_loaded_set_decides(self, src: str, end: str) -> None:
        assert only(through_input("-m set --match-set a src -j DROP", ipset=self.SETS, src=src)).end == end

    def test_a_loaded_set_decides_for_a_network_learnt_before(self) -> None:
        rules = ("! -s 10.2.0.0/16 -j ACCEPT", "-m set --match-set a src -j DROP")
        trace = through_input(*rules, ipset=self.SETS)
        assert ends(trace) == [("delivered", {"! -s 10.2.0.0/16": True}), ("dropped", {"! -s 10.2.0.0/16": False})]

    def test_a_set_that_is_not_loaded_is_unknown(self) -> None:
        trace = through_input("-m set --match-set other src -j DROP", ipset=self.SETS, src="10.2.0.1")
        assert {outcome.end for outcome in trace.outcomes} == {"dropped", "delivered"}
        assert "other" in trace.outcomes[0].assumptions[0].why

    def test_a_rule_before_it_does_not_change_what_is_asked(self) -> None:
        trace = through_input("-m set --match-set a src -j LOG", "-m set --match-set a src -j DROP", ipset=self.SETS)
        assert {(outcome.end, tuple(rules_met(outcome))) for outcome in trace.outcomes} == {
            ("dropped", ("filter INPUT 1", "filter INPUT 2")),
            ("delivered", ()),
        }
