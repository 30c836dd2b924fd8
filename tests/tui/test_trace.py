"""Tracing in the explorer: the form, the path lit up, outcomes, stepping, clearing."""

from __future__ import annotations

import re

import pytest
from textual.widgets import Input, Static

from kptui.tui.screens.trace_form import TraceForm
from kptui.tui.tree_model import Place
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.rule_list import RuleList
from kptui.tui.widgets.trace_panel import HopList, OutcomeList, TracePanel
from tests.tui.driving import fill, main, opened, press, row, rows, screen_lines, trace_nginx


async def test_a_trace_shows_its_answer_and_the_outcomes_with_their_shares() -> None:
    async with opened() as pilot:
        await trace_nginx(pilot)
        panel = main(pilot).query_one(TracePanel)
        assert panel.display
        seen = "\n".join(screen_lines(pilot))
        assert "it gets through to 2 targets; certain" in seen
        assert rows(main(pilot).query_one(OutcomeList)) == [
            " all of them",
            " ├ ✓ 1/2 ███    ⇒ 10.42.0.199:80 masq",
            " └ ✓ 1/2 ███    ⇒ 10.42.0.200:80 masq",
        ]


async def test_an_outcome_that_hangs_on_something_keeps_its_if_where_room_is_short() -> None:
    async with opened("no-endpoints.txt", size=(80, 24), local=()) as pilot:
        await press(pilot, "t")
        await fill(pilot, src="10.42.0.7", dst="10.96.88.9", dport="4317", proto="tcp")
        await press(pilot, "enter")
        drawn = [line[:31].rstrip() for line in screen_lines(pilot)]
        assert " ├ ✓ all delivered t… if ?1 yes" in drawn
        assert " └ ✗ all dropped if ?1 no" in drawn


async def test_what_is_likelier_comes_first_and_why_is_told() -> None:
    async with opened(local=()) as pilot:
        await trace_nginx(pilot, "10.42.0.7")
        outcomes = main(pilot).query_one(OutcomeList)
        told = [line.split("⇒ ")[1] for line in rows(outcomes) if "⇒" in line]
        assert told[:2] == ["10.42.0.199:80 if ?1 no", "10.42.0.199:80 delivered to this host if ?1 yes"]
        await press(pilot, "i")
        assert any(line.startswith("╰") and "✓ forwarded" in line for line in screen_lines(pilot))
        await press(pilot, "escape", "a")
        assert "likelier no, as it is an endpoint's: 10.42.0.199 is" in "\n".join(screen_lines(pilot))


async def test_where_an_if_has_no_room_beside_the_target_it_stands_behind_the_sign() -> None:
    async with opened("external-traffic-local.txt", size=(80, 24)) as pilot:
        await press(pilot, "s", "t", "enter")
        drawn = [line[:31].rstrip() for line in screen_lines(pilot)]
        assert " │ ├ ✓ ?2y 1/3 ⇒ 10.42.0.41:8…" in drawn
        assert " │ ├ ✓ 1/3 ⇒ 10.42.1.42:8443 …" in drawn  # what stands above hangs on ?1, this on nothing more


@pytest.mark.parametrize("sample", ["external-traffic-local.txt", "plain-firewall.txt", "no-endpoints.txt"])
async def test_no_outcome_that_hangs_on_something_reads_as_certain_however_narrow(sample: str) -> None:
    async with opened(sample, local=()) as pilot:
        await press(pilot, *(["s", "t", "enter"] if sample != "plain-firewall.txt" else ["t", "enter"]))
        outcomes = main(pilot).query_one(OutcomeList)
        given = {at for at, way in enumerate(outcomes.ways) if way.assumptions}
        assert given
        for width in range(24, 80):
            for at in given:
                assert re.search(r"\?\d", outcomes.row_text(at, width).plain[: width - 1]), (width, at)


async def test_the_path_is_numbered_in_tree_and_list_and_the_rest_dimmed() -> None:
    async with opened() as pilot:
        await trace_nginx(pilot)
        await press(pilot, "o")
        screen = main(pilot)
        tree, rules = screen.query_one(ChainTree), screen.query_one(RuleList)
        await press(pilot, "n", "n", "n", "n", "n")
        assert screen.navigation.place == Place("nat", "KUBE-SEP-ZGUCVTBPJNCW75NN", 2)
        assert row(tree).startswith("⑥")
        assert row(rules).strip().startswith("⑥ 2")
        off = next(i for i, line in enumerate(rows(tree)) if "KUBE-FIREWALL" in line)
        dim = tree.style_of("dim").color
        assert tree.row_text(off, 60).spans[-1].style.color == dim  # type: ignore[union-attr]
        assert screen.marks is not None
        assert not screen.marks.holds(Place("nat", "KUBE-SEP-UIOQG3KKGTPDCR56", 2))


async def test_choosing_an_outcome_lights_the_path_to_its_dnat_target() -> None:
    async with opened() as pilot:
        await trace_nginx(pilot)
        screen = main(pilot)
        await press(pilot, "o", "o")
        hops = rows(screen.query_one(HopList))
        assert any("⇒ DNAT 10.42.0.200:80" in hop for hop in hops)
        assert not any("10.42.0.199" in hop for hop in hops)
        assert "KUBE-POSTROUTING 3" in hops[-1]
        await press(pilot, "O")
        assert any("10.42.0.199:80" in hop for hop in rows(screen.query_one(HopList)))
        await press(pilot, "O")
        assert screen.chosen is None
        both = rows(screen.query_one(HopList))
        assert any("10.42.0.199:80" in hop for hop in both)
        assert any("10.42.0.200:80" in hop for hop in both)


async def test_arrows_in_the_list_of_outcomes_choose_too() -> None:
    async with opened() as pilot:
        await trace_nginx(pilot)
        main(pilot).query_one(OutcomeList).focus()
        await press(pilot, "down", "down")
        assert main(pilot).chosen == 1


async def test_n_and_capital_n_step_along_the_path_and_the_detail_follows() -> None:
    async with opened() as pilot:
        await trace_nginx(pilot)
        screen = main(pilot)
        assert screen.navigation.place == Place("nat", "PREROUTING", 1)
        await press(pilot, "n")
        assert screen.navigation.place == Place("nat", "KUBE-SERVICES", 5)
        assert "② on the path: jump KUBE-SVC-OVTWZ4GROBJZO4C5" in "\n".join(screen_lines(pilot))
        await press(pilot, "N")
        assert screen.navigation.place == Place("nat", "PREROUTING", 1)
        await press(pilot, "N")
        assert screen.hop == 0


async def test_a_rule_off_the_path_says_which_condition_failed() -> None:
    async with opened() as pilot:
        await trace_nginx(pilot)
        main(pilot).go(Place("nat", "KUBE-SERVICES", 1))
        await pilot.pause()
        assert "not on the path: -d 10.96.0.1/32 does not hold" in "\n".join(screen_lines(pilot))
        main(pilot).go(Place("nat", "KUBE-NODEPORTS", 1))
        await pilot.pause()
        assert "not on the path: the packet does not come to this rule" in "\n".join(screen_lines(pilot))
        marks = main(pilot).marks
        assert marks is not None
        last = marks.why_not(Place("nat", "KUBE-SERVICES", 6))
        assert last == "it is not reached, rule 5 comes before: → KUBE-SVC-OVTWZ4GROBJZO4C5"


async def test_escape_clears_the_trace() -> None:
    async with opened() as pilot:
        await trace_nginx(pilot)
        await press(pilot, "escape")
        screen = main(pilot)
        assert screen.trace is None
        assert not screen.query_one(TracePanel).display
        assert not any("①" in line for line in rows(screen.query_one(ChainTree)))


async def test_what_is_not_known_is_assumed_both_ways_and_named() -> None:
    async with opened(local=()) as pilot:
        await trace_nginx(pilot)
        screen = main(pilot)
        tree = screen.query_one(OutcomeList)
        assert len(screen.trace.outcomes) == 4  # type: ignore[union-attr]
        assert sum(line.startswith(" ?") for line in rows(tree)) == len(tree.questions)
        await press(pilot, "o")
        assert "assumed no: 10.42.0.199 is an address of this host" in rows(screen.query_one(HopList))[0]


async def test_a_refused_packet_says_why() -> None:
    async with opened("no-endpoints.txt") as pilot:
        await press(pilot, "t")
        await fill(pilot, src="10.42.0.7", dst="10.96.31.5", dport="80")
        await press(pilot, "enter")
        screen = main(pilot)
        assert "✗ all" in rows(screen.query_one(OutcomeList))[0]
        assert "because: the sender is told: icmp-port-unreachable" in rows(screen.query_one(HopList))[-1]


async def test_the_form_is_filled_in_with_the_selected_service() -> None:
    async with opened() as pilot:
        main(pilot).go(Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5"))
        await press(pilot, "t")
        values = {field.id: field.value for field in pilot.app.screen.query(Input)}
        assert values["field-dst"] == "10.110.199.45"
        assert values["field-dport"] == "80"
        assert values["field-proto"] == "tcp"
        assert values["field-local"] == "192.168.50.10"
        assert values["field-line"] == "tcp 10.110.199.45:80"
        assert pilot.app.focused is not None
        assert pilot.app.focused.id == "field-line"


@pytest.mark.parametrize(
    ("place", "dst", "dport"),
    [
        (Place("nat", "KUBE-SERVICES", 2), "10.96.0.10", "53"),
        (Place("nat", "KUBE-NODEPORTS", 1), "192.168.50.10", "32754"),
        (Place("nat", "KUBE-SEP-ZGUCVTBPJNCW75NN"), "10.42.0.199", "80"),
        (Place("nat", "KUBE-EXT-OVTWZ4GROBJZO4C5", 2), "10.110.199.45", "80"),
    ],
)
async def test_rules_and_chains_that_name_a_destination_fill_it_in(place: Place, dst: str, dport: str) -> None:
    async with opened() as pilot:
        main(pilot).go(place)
        await press(pilot, "t")
        screen = pilot.app.screen
        assert screen.query_one("#field-dst", Input).value == dst
        assert screen.query_one("#field-dport", Input).value == dport


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("src", "192.168.50.300", "“192.168.50.300” is no IPv4 address."),
        ("dport", "70000", "70000 is above 65535, the highest port."),
        ("dport", "http!", "“http!” is no port number."),
        ("proto", "tcpp", "“tcpp” is no protocol: expected a name, or a number up to 255."),
        ("dst", "default/nothing", "These rules know no Service default/nothing with a cluster IP."),
        ("local", "10.0.0.0/33", "“/33” is longer than an IPv4 address."),
        ("origin", "outside", "“outside” is none of external, local."),
    ],
)
async def test_a_field_that_makes_no_sense_is_said_at_once_and_not_traced(field: str, value: str, said: str) -> None:
    async with opened() as pilot:
        await press(pilot, "t")
        await fill(pilot, **{field: value})
        screen = pilot.app.screen
        assert str(screen.query_one(f"#wrong-{field}", Static).visual).strip() == said
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, TraceForm)
        assert pilot.app.focused is not None
        assert pilot.app.focused.id == f"field-{field}"


async def test_a_service_by_name_is_traced_to_its_cluster_ip() -> None:
    async with opened() as pilot:
        await press(pilot, "t")
        await fill(pilot, src="10.42.0.7", dst="default/nginx", dport="")
        await press(pilot, "enter")
        assert main(pilot).request.dst == "10.110.199.45"
        assert rows(main(pilot).query_one(OutcomeList))[1] == " ├ ✓ 1/2 ███    ⇒ 10.42.0.199:80"


async def test_escape_calls_the_form_off() -> None:
    async with opened() as pilot:
        await press(pilot, "t", "escape")
        assert not isinstance(pilot.app.screen, TraceForm)
        assert main(pilot).trace is None
