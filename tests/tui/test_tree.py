"""The chain tree and the rule list: what they say, and the keys that move in them."""

from __future__ import annotations

from kptui.tui.tree_model import Place
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.rule_detail import RuleDetail
from kptui.tui.widgets.rule_list import RuleList
from tests.tui.driving import main, opened, press, row, rows, screen_lines, settle, text


async def test_it_opens_at_the_services_with_their_names_beside_the_chains() -> None:
    async with opened() as pilot:
        tree = main(pilot).query_one(ChainTree)
        shown = rows(tree)
        assert "KUBE-SERVICES" in row(tree)
        assert any("KUBE-SVC-OVTWZ4GROBJZO4C5 default/nginx:80-80" in line for line in shown)
        assert any("KUBE-SEP-ZGUCVTBPJNCW75NN 10.42.0.199:80" in line for line in shown)
        assert any("PREROUTING" in line and "ACCEPT" in line and "612" in line for line in shown)
        assert any("KUBE-MARK-MASQ marks for masquerading" in line for line in shown)


async def test_a_table_without_rules_is_folded_and_the_tables_stand_in_the_kernels_order() -> None:
    async with opened() as pilot:
        shown = rows(main(pilot).query_one(ChainTree))
        tables = [line.split()[1] for line in shown if line.endswith("rules")]
        assert tables == ["mangle", "nat", "filter"]
        assert "▸ mangle" in shown[0]


async def test_the_rule_list_says_in_words_what_the_rules_ask_and_do() -> None:
    async with opened() as pilot:
        listed = rows(main(pilot).query_one(RuleList))
        nginx = next(line for line in listed if "default/nginx" in line)
        assert "tcp to 10.110.199.45:80" in nginx
        assert "→ KUBE-SVC default/nginx:80-80" in nginx
        assert "to an address of this host" in listed[-1]
        assert "→ KUBE-NODEPORTS" in listed[-1]


async def test_random_rules_say_their_share_and_the_last_one_the_rest() -> None:
    async with opened() as pilot:
        main(pilot).go(Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5"))
        await pilot.pause()
        listed = rows(main(pilot).query_one(RuleList))
        assert "one time in two" in listed[1]
        assert "→ KUBE-SEP 10.42.0.199:80" in listed[1]
        assert "otherwise" in listed[2]


async def test_space_and_the_arrows_fold_and_unfold() -> None:
    async with opened() as pilot:
        tree = main(pilot).query_one(ChainTree)
        before = len(rows(tree))
        await press(pilot, "space")
        assert len(rows(tree)) == before + 6
        await press(pilot, "right")
        assert "10.96.0.1:443" in row(tree)
        await press(pilot, "left")
        assert "KUBE-SERVICES" in row(tree)
        await press(pilot, "left")
        assert len(rows(tree)) == before
        await press(pilot, "left")
        assert "nat" in row(tree)


async def test_enter_on_a_chain_unfolds_it_and_hjkl_move() -> None:
    async with opened() as pilot:
        tree = main(pilot).query_one(ChainTree)
        at = tree.cursor
        await press(pilot, "j", "j", "k")
        assert tree.cursor == at + 1
        await press(pilot, "k", "enter", "l")
        assert main(pilot).navigation.place == Place("nat", "KUBE-SERVICES", 1)
        await press(pilot, "h", "h", "G")
        assert tree.cursor == len(rows(tree)) - 1
        await press(pilot, "g")
        assert tree.cursor == 0


async def test_pages_move_by_what_is_seen() -> None:
    async with opened() as pilot:
        tree = main(pilot).query_one(ChainTree)
        await press(pilot, "g", "pagedown")
        assert 10 < tree.cursor < 40
        await press(pilot, "pageup")
        assert tree.cursor == 0


async def test_the_tree_leads_the_list_and_the_list_leads_the_tree() -> None:
    async with opened() as pilot:
        screen = main(pilot)
        await press(pilot, "right", "right")
        assert screen.query_one(RuleList).cursor == 0
        await press(pilot, "tab", "down", "down")
        assert screen.navigation.place == Place("nat", "KUBE-SERVICES", 3)
        assert screen.query_one(ChainTree).place == Place("nat", "KUBE-SERVICES", 3)


async def test_the_detail_shows_raw_text_words_callers_and_line() -> None:
    async with opened() as pilot:
        screen = main(pilot)
        screen.go(Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5", 1))
        await settle(pilot)
        seen = "\n".join(screen_lines(pilot))
        assert "! -s 10.42.0.0/24" in seen
        assert "not from 10.42.0.0/24" in seen
        assert "Go through chain KUBE-MARK-MASQ" in seen
        # The same sentences as kptui explain has, further down.
        told = text(pilot, "#detail")
        assert "KUBE-EXT-OVTWZ4GROBJZO4C5 (default/nginx:80-80) 2 (line 74): always" in told
        assert "So KUBE-POSTROUTING masquerades the packet in POSTROUTING" in told
        screen.query_one(RuleDetail).scroll_end(animate=False)
        await settle(pilot)
        assert "line 112" in "\n".join(screen_lines(pilot))


async def test_the_detail_of_a_chain_says_how_it_shares_packets_out() -> None:
    async with opened() as pilot:
        main(pilot).go(Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5"))
        await pilot.pause()
        told = text(pilot, "#detail")
        assert "Rules 2 to 3 share out evenly what comes to them, 1/2 to each of 2" in told
        assert "in the end from PREROUTING and OUTPUT" in told


async def test_enter_follows_a_jump_and_brackets_go_back_and_forward() -> None:
    async with opened() as pilot:
        screen = main(pilot)
        screen.go(Place("nat", "KUBE-SERVICES", 5))
        await press(pilot, "enter")
        assert screen.navigation.place == Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5")
        await press(pilot, "tab", "down", "enter")
        assert screen.navigation.place == Place("nat", "KUBE-SEP-ZGUCVTBPJNCW75NN")
        title = str(screen.query_one(RuleList).border_title)
        assert title.startswith("nat › ")
        assert "KUBE-SEP-ZGUC" in title
        await press(pilot, "left_square_bracket")
        assert screen.navigation.place == Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5", 2)
        await press(pilot, "left_square_bracket")
        assert screen.navigation.place == Place("nat", "KUBE-SERVICES", 5)
        await press(pilot, "right_square_bracket", "right_square_bracket")
        assert screen.navigation.place == Place("nat", "KUBE-SEP-ZGUCVTBPJNCW75NN")
        assert screen.query_one(ChainTree).place == Place("nat", "KUBE-SEP-ZGUCVTBPJNCW75NN")


async def test_nothing_to_follow_or_go_back_to_is_said() -> None:
    async with opened() as pilot:
        main(pilot).go(Place("nat", "KUBE-SEP-ZGUCVTBPJNCW75NN", 2))
        await press(pilot, "enter", "left_square_bracket", "right_square_bracket", "n")
        said = [notification.message for notification in pilot.app._notifications]
        assert said == [
            "This rule jumps nowhere.",
            "Nothing to go back to.",
            "Nothing to go forward to.",
            "Nothing to step through: / searches, t traces.",
        ]


async def test_counters_have_columns_where_the_dump_has_counters() -> None:
    async with opened("kube-dns.txt") as pilot:
        rules = main(pilot).query_one(RuleList)
        header = rules.header_text(120)
        assert header is not None
        assert "pkts" in header.plain
        assert any(line.split()[1].isdigit() for line in rows(rules))


async def test_y_twice_copies_the_rule_as_written() -> None:
    async with opened() as pilot:
        main(pilot).go(Place("nat", "KUBE-SEP-ZGUCVTBPJNCW75NN", 2))
        await press(pilot, "y", "y")
        assert pilot.app.clipboard.startswith("-A KUBE-SEP-ZGUCVTBPJNCW75NN -p tcp")
