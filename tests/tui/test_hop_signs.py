"""The signs of hops: apart from the numbers of rules, as many as there are, aligned beyond twenty, too."""

from __future__ import annotations

from pathlib import Path

from kptui.tui.marks import Marks
from kptui.tui.tree_model import Place
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.rule_list import RuleList
from kptui.tui.widgets.trace_panel import HopList
from tests.tui.driving import fill, main, opened, press, rows, trace_nginx

LONG = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n{}COMMIT\n"


async def test_between_a_hops_sign_and_the_rules_number_is_room() -> None:
    async with opened() as pilot:
        await trace_nginx(pilot)
        main(pilot).go(Place("nat", "KUBE-SERVICES", 5))
        await pilot.pause()
        listed = rows(main(pilot).query_one(RuleList), 60)
        assert listed[4].startswith("② 5 tcp to")
        assert listed[3].startswith("  4 tcp to")
        header = main(pilot).query_one(RuleList).header_text(60)
        assert header is not None
        assert header.plain.startswith("  # if")


async def test_beyond_twenty_the_columns_hold(tmp_path: Path) -> None:
    rules = "".join(f"-A INPUT -p tcp -m tcp ! --dport {port} -j LOG\n" for port in range(1, 31))
    path = tmp_path / "rules.txt"
    path.write_text(LONG.format(rules))
    async with opened(path, size=(160, 50)) as pilot:
        await press(pilot, "t")
        await fill(pilot, src="192.168.50.2", dst="192.168.50.10", dport="80", proto="tcp")
        await press(pilot, "enter")
        listed = rows(main(pilot).query_one(RuleList), 80)
        assert listed[0].startswith("①     1 ")
        assert listed[20].startswith("(21) 21 ")
        shown = rows(main(pilot).query_one(ChainTree), 80)
        first = next(line for line in shown if line.startswith("① "))
        later = next(line for line in shown if line.startswith("(21) "))
        assert first.index(" 1 ") + 1 == later.index(" 21 ") + 2
        hops = rows(main(pilot).query_one(HopList), 80)
        assert hops[1].startswith("   ② ")
        assert hops[20].startswith("(21) ")
        assert hops[1].index("filter") == hops[20].index("filter")


def test_a_place_passed_very_often_is_told_in_short() -> None:
    place, other = Place("nat", "A", 1), Place("nat", "A", 2)
    found = Marks(numbers={place: [3, 9], other: [3, 21, 30]})
    assert found.number(place) == "③⑨"
    assert found.number(other) == "③…"
    assert found.number(Place("nat", "B")) is None
    assert found.width == 2
