"""The live screen: read again by key and by interval, rates, news, failures; clock and source are the test's."""

from __future__ import annotations

import gc
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from kptui.ask.request import Request
from kptui.live.opening import Opening, unread
from kptui.live.watch import Watch
from kptui.tui.app import Kptui
from kptui.tui.screens.table_screen import TableScreen
from kptui.tui.tree_model import Place
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.rule_detail import RuleDetail
from kptui.tui.widgets.rule_list import RuleList
from kptui.tui.widgets.search_bar import SearchBar
from kptui.tui.widgets.table_list import TableList
from tests.live.support import FAILED, Told, dump
from tests.tui.driving import main, press, rows, screen_lines, settle, write

SVC = "KUBE-SVC-OVTWZ4GROBJZO4C5"


@asynccontextmanager
async def watching(
    *texts: str | Exception, size: tuple[int, int] = (120, 40), **facts: str
) -> AsyncIterator[tuple[Pilot[None], Told]]:
    """The explorer on a source that says these texts, one an interval."""
    reader = Told(list(texts), facts=facts)
    opening = Opening(unread("netns:blue"), reader)
    opening.watch = Watch(2.0, reader.clock)
    opening.watch.begin()
    assert opening.wait(10)
    app = Kptui(opening.session, opening=opening)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield pilot, reader
    assert reader.closed


async def later(pilot: Pilot[None], reader: Told, seconds: float = 2.0) -> None:
    """Let the clock go on, and what then is due be done."""
    reader.clock.now += seconds
    main(pilot).tick()
    await settle(pilot)


def top(pilot: Pilot[None]) -> str:
    return screen_lines(pilot)[0]


async def test_counters_become_rates_and_nothing_else_moves() -> None:
    async with watching(dump(all=10), dump(all=30), dump(all=90), size=(200, 50)) as (pilot, reader):
        screen = main(pilot)
        screen.go(Place("nat", "PREROUTING", 1))
        model = screen.query_one(ChainTree).model
        assert "pkt/s" not in str(screen.query_one(RuleList).header_text(110))
        await later(pilot, reader)
        await later(pilot, reader)
        listed = screen.query_one(RuleList)
        assert "pkts  bytes  pkt/s    B/s" in str(listed.header_text(110))
        assert listed.row_text(0, 110).plain.split()[:6] == ["1", "90", "600", "30", "·", "▃█"]
        # Where there is little room the rate is what stays.
        assert listed.row_text(0, 40).plain.split()[:2] == ["1", "30"]
        assert any("KUBE-SERVICES" in line and "30/s" in line for line in rows(screen.query_one(ChainTree), 50))
        assert screen.query_one(ChainTree).model is model
        assert screen.navigation.place == Place("nat", "PREROUTING", 1)


async def test_other_rules_keep_cursor_search_and_trace_and_are_marked_for_a_while() -> None:
    new = f"[0:0] -A {SVC} -s 10.1.2.3/32 -j RETURN\n"
    async with watching(dump(), dump(first=new, second="10.42.0.201"), size=(160, 40)) as (pilot, reader):
        screen = main(pilot)
        await press(pilot, "slash")
        await write(pilot, "nginx")
        await press(pilot, "enter")
        screen.go(Place("nat", SVC, 2))
        await later(pilot, reader)
        # The same rule, which stands one further down now.
        assert screen.navigation.place == Place("nat", SVC, 3)
        assert screen.query_one(RuleList).cursor == 2
        assert "3 of 3" in "\n".join(screen_lines(pilot))
        assert screen.query_one(SearchBar).shown
        assert screen.query_one(RuleList).row_text(0, 90).plain.split()[:1] in (["+1"], ["+"])
        assert any(line.startswith("~") and SVC[:10] in line for line in rows(screen.query_one(ChainTree), 80))
        await later(pilot, reader, 20.0)
        assert not screen.query_one(RuleList).row_text(0, 90).plain.strip().startswith("+")


async def test_rules_that_were_replaced_are_gone_without_a_look_for_garbage() -> None:
    async with watching(*(dump(second=f"10.42.0.{pod}") for pod in range(200, 204))) as (pilot, reader):
        screen, replaced = main(pilot), []
        gc.collect()
        gc.disable()
        try:
            for _ in range(3):
                screen.go(Place("nat", SVC, 2))
                await press(pilot, "slash")
                await write(pilot, "nginx")
                await press(pilot, "enter")
                screen.start_trace(Request(dst="10.110.199.45", dport="80"))
                await settle(pilot)
                replaced.append(weakref.ref(screen.session))
                await later(pilot, reader)
            assert [each() for each in replaced] == [None, None, None]
        finally:
            gc.enable()


async def test_a_failure_keeps_the_last_rules_tries_again_and_recovers() -> None:
    async with watching(dump(), FAILED, FAILED, dump(all=5)) as (pilot, reader):
        await later(pilot, reader)
        assert "stale: 2 s old, again in 2 s" in top(pilot)
        assert any("The node is gone." in each.message for each in pilot.app._notifications)
        await later(pilot, reader)
        assert "stale: 4 s old, again in 4 s" in top(pilot)
        assert len(rows(main(pilot).query_one(ChainTree))) > 3
        await later(pilot, reader, 4.0)
        assert "stale" not in top(pilot)
        assert "every 2 s" in top(pilot)


async def test_z_pauses_and_r_reads_all_the_same() -> None:
    async with watching(dump(all=1), dump(all=3)) as (pilot, reader):
        await press(pilot, "z")
        await later(pilot, reader, 60.0)
        assert "paused" in top(pilot)
        assert len(reader.asked) == 1
        await press(pilot, "r")
        assert len(reader.asked) == 2
        await press(pilot, "z")
        assert "every 2 s" in top(pilot)


async def test_a_reading_that_was_given_up_changes_nothing_when_it_comes() -> None:
    async with watching(dump(), dump(second="10.42.0.201"), dump(second="10.42.0.202")) as (pilot, reader):
        screen = main(pilot)
        reader.during = screen.timing.give_up
        await later(pilot, reader)
        assert "10.42.0.200:80" in str(rows(screen.query_one(ChainTree)))
        reader.during = lambda: None
        await later(pilot, reader, 4.0)
        assert "10.42.0.202:80" in str(rows(screen.query_one(ChainTree)))


async def test_what_can_never_be_read_is_said_in_the_app_and_as_an_error_when_it_is_left() -> None:
    async with watching(FAILED, FAILED, dump()) as (pilot, reader):
        seen = "\n".join(screen_lines(pilot))
        assert "It can't be read" in seen
        assert "The node is gone." in seen
        assert "again in 2 s" in seen
        assert main(pilot).timing.state == "failed"
        await press(pilot, "t", "s", "slash", "w")
        assert len(pilot.app.screen_stack) == 2
        await later(pilot, reader)
        assert "again in 4 s" in "\n".join(screen_lines(pilot))
        await later(pilot, reader, 4.0)
        assert "KUBE-SERVICES" in "\n".join(screen_lines(pilot))


async def test_the_changes_view_lists_what_came_and_went_while_it_is_open_too() -> None:
    async with watching(dump(), dump(second="10.42.0.201"), dump(second="10.42.0.202")) as (pilot, reader):
        await press(pilot, "c")
        assert "Nothing has changed" in "\n".join(screen_lines(pilot))
        await later(pilot, reader)
        table = pilot.app.screen.query_one(TableList)
        assert any("+ endpoint" in line and "10.42.0.201:80" in line for line in rows(table))
        await later(pilot, reader)
        assert any("- endpoint" in line and "10.42.0.201:80" in line for line in rows(table))
        await press(pilot, "g", "enter")
        assert main(pilot).navigation.place == Place("nat", SVC)


async def test_the_busiest_view_follows_the_rates_and_leads_to_the_rule() -> None:
    async with watching(dump(all=900), dump(all=900, svc=8), dump(all=910, svc=9)) as (pilot, reader):
        await press(pilot, "b")
        table = pilot.app.screen.query_one(TableList)
        assert "PREROUTING 1" in rows(table)[0]
        await later(pilot, reader)
        assert "KUBE-SERVICES 1" in rows(table)[0]
        assert rows(table)[0].split()[0] == "4.0"
        await later(pilot, reader)
        assert "PREROUTING 1" in rows(table)[0]
        # The cursor has stayed on its rule.
        assert "KUBE-SERVICES 1" in table.row_text(table.cursor, 200).plain
        await press(pilot, "enter")
        assert main(pilot).navigation.place == Place("nat", "KUBE-SERVICES", 1)


async def test_the_connections_of_what_is_selected_stand_beside_the_shares_of_the_rules() -> None:
    entry = (
        "tcp 6 100 ESTABLISHED src=10.0.0.5 dst=10.110.199.45 sport=4 dport=80 "
        "src=10.42.0.199 dst=10.0.0.5 sport=80 dport=4 mark=0"
    )
    async with watching(dump(), size=(160, 40), conntrack=entry) as (pilot, reader):
        main(pilot).go(Place("nat", SVC))
        await press(pilot, "f")
        screen = pilot.app.screen
        assert isinstance(screen, TableScreen)
        assert screen.table_name == "Connections of default/nginx:80-80"
        first, second = rows(screen.query_one(TableList))
        assert first.split()[:5] == ["default/nginx:80-80", "10.42.0.199:80", "1", "100", "%"]
        assert "1/2" in first
        assert second.split()[:5] == ["default/nginx:80-80", "10.42.0.200:80", "0", "0", "%"]
        # conntrack's table is asked for with each reading while somebody looks at it.
        await later(pilot, reader)
        assert reader.asked[-1]


async def test_a_dump_tells_its_counters_in_total_and_why_there_are_no_connections() -> None:
    from tests.tui.driving import opened

    async with opened() as pilot:
        await press(pilot, "b")
        assert "only with -c" in "\n".join(screen_lines(pilot))
        await press(pilot, "escape", "f")
        assert "holds no connections" in "\n".join(screen_lines(pilot))


async def test_the_detail_s_counters_move_with_each_reading_and_its_text_stays() -> None:
    async with watching(dump(all=10), dump(all=30, policy=7), dump(all=90)) as (pilot, reader):
        screen = main(pilot)
        screen.go(Place("nat", "PREROUTING", 1))
        detail = screen.query_one(RuleDetail)
        assert str(detail.border_subtitle) == "10 packets, 600 bytes"
        await settle(pilot)
        detail.scroll_to(y=3, animate=False)
        await later(pilot, reader)
        assert str(detail.border_subtitle) == "30 packets, 600 bytes · 10 packets/s, 0 bytes/s"
        assert any("30 packets, 600 bytes" in line for line in screen_lines(pilot))
        assert detail.scroll_y == 3 or detail.max_scroll_y < 3
        screen.go(Place("nat", "PREROUTING"))
        assert str(detail.border_subtitle).startswith("policy: 7 packets, 60 bytes · ")
        screen.go(Place("nat", "KUBE-SERVICES"))
        assert str(detail.border_subtitle) == "10 packets/s, 0 bytes/s"
