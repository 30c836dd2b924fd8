"""Search: hits while typing, stepping through them, clearing step by step."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from kptui.ruleset.search import Hit
from kptui.tracing import Session
from kptui.tui.tree_model import Place
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.rule_list import RuleList
from kptui.tui.widgets.search_bar import SearchBar
from tests.tui.driving import main, opened, press, rows, screen_lines, settle, trace_nginx, write


async def test_a_search_goes_to_the_first_hit_and_counts_them() -> None:
    async with opened() as pilot:
        await press(pilot, "slash")
        await write(pilot, "10.42.0.200:80")
        assert main(pilot).navigation.place == Place("nat", "KUBE-SEP-UIOQG3KKGTPDCR56", 2)
        assert "1 of 2" in screen_lines(pilot)[-2]


async def test_n_and_capital_n_go_through_the_hits_and_around() -> None:
    async with opened() as pilot:
        await press(pilot, "slash")
        await write(pilot, "10.42.0.200:80")
        await press(pilot, "enter", "n")
        assert main(pilot).navigation.place == Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5", 3)
        await press(pilot, "n")
        assert main(pilot).navigation.place == Place("nat", "KUBE-SEP-UIOQG3KKGTPDCR56", 2)
        await press(pilot, "N")
        assert main(pilot).navigation.place == Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5", 3)


async def test_every_word_has_to_occur_in_any_order_and_case() -> None:
    async with opened() as pilot:
        await press(pilot, "slash")
        await write(pilot, "mark-masq NGINX 10.42.0.0/24")
        assert [(hit.chain, hit.rule) for hit in main(pilot).hits] == [("KUBE-SVC-OVTWZ4GROBJZO4C5", 1)]


async def test_chains_are_found_by_name() -> None:
    async with opened() as pilot:
        await press(pilot, "slash")
        await write(pilot, "kube-proxy-firewall")
        assert main(pilot).hits[0].rule is None or main(pilot).hits[0].chain != ""
        assert any(hit.chain == "KUBE-PROXY-FIREWALL" and hit.rule is None for hit in main(pilot).hits)


async def test_nothing_found_is_said() -> None:
    async with opened() as pilot:
        await press(pilot, "slash")
        await write(pilot, "nosuchthing")
        assert "nothing found" in screen_lines(pilot)[-2]


async def test_escape_clears_the_search_first_and_the_trace_then() -> None:
    async with opened() as pilot:
        await trace_nginx(pilot)
        await press(pilot, "slash")
        await write(pilot, "nginx")
        await press(pilot, "enter", "escape")
        screen = main(pilot)
        assert not screen.query_one(SearchBar).shown
        assert not screen.hits
        assert screen.trace is not None
        assert isinstance(pilot.app.focused, ChainTree)
        await press(pilot, "escape")
        assert screen.trace is None


async def test_fields_and_expressions_and_what_is_wrong_with_them() -> None:
    async with opened() as pilot:
        await press(pilot, "slash")
        await write(pilot, "dst:10.110.199.45 dport:80")
        assert [(hit.chain, hit.rule) for hit in main(pilot).hits] == [
            ("KUBE-SERVICES", 5),
            ("KUBE-SVC-OVTWZ4GROBJZO4C5", 1),
        ]
        await press(pilot, "escape", "slash")
        await write(pilot, "re:[")
        assert "is no regular expression" in screen_lines(pilot)[-2]


async def test_every_hit_has_its_sign_until_the_search_is_closed() -> None:
    async with opened(size=(120, 40)) as pilot:
        await press(pilot, "slash")
        await write(pilot, "target:DNAT")
        found = len(main(pilot).hits)
        await press(pilot, "enter")
        rules = rows(main(pilot).query_one(RuleList))
        assert [line[:1] for line in rules] == [" ", "/"]
        for hit in main(pilot).hits:
            main(pilot).query_one(ChainTree).model.toggle(Place(hit.table, hit.chain), True)
        assert sum(line.startswith("/") for line in rows(main(pilot).query_one(ChainTree))) == found > 1
        await press(pilot, "escape")
        assert not any(line.startswith("/") for line in rows(main(pilot).query_one(ChainTree)))


async def test_a_hop_keeps_its_number_and_a_hit_is_not_dimmed() -> None:
    async with opened(size=(120, 40)) as pilot:
        await trace_nginx(pilot)
        await press(pilot, "slash")
        await write(pilot, "target:DNAT")
        tree = main(pilot).query_one(ChainTree)
        on_the_path, off = (Place("nat", f"KUBE-SEP-{name}", 2) for name in ("ZGUCVTBPJNCW75NN", "3YLRQZ6PKRZ7B6T5Q"))
        for place in (on_the_path, off):
            tree.model.toggle(Place(place.table, place.chain), True)
        shown = {tree.model.at(row): tree.row_text(row, 80) for row in range(tree.row_count())}
        assert shown[on_the_path].plain[0] not in "/ "
        others = [text for place, text in shown.items() if place in tree.hits and text.plain.startswith("/")]
        assert others
        assert not any(tree.style_of("dim") in [span.style for span in text.spans] for text in others)


class _Held:
    """A search that has nothing to say before it is let go on."""

    def __init__(self, *found: Hit) -> None:
        self.found = found
        self.go_on = threading.Event()
        self.given_up: list[str] = []

    def search(self, text: str, stopped: Callable[[], bool]) -> Iterator[Hit]:
        while not self.go_on.wait(0.01):
            if stopped():
                self.given_up.append(text)
                return
        yield from self.found


async def test_enter_before_anything_is_found_goes_on_with_the_first_hit(monkeypatch: pytest.MonkeyPatch) -> None:
    held = _Held(Hit("nat", "KUBE-SERVICES", 5), Hit("nat", "KUBE-SERVICES", 6))
    monkeypatch.setattr(Session, "searcher", held)
    async with opened() as pilot:
        await pilot.press("slash", "x")
        await pilot.pause()
        assert "searching …" in screen_lines(pilot)[-2]
        await pilot.press("enter")
        held.go_on.set()
        await settle(pilot)
        assert main(pilot).navigation.place == Place("nat", "KUBE-SERVICES", 5)
        assert isinstance(main(pilot).focused, RuleList)
        assert "1 of 2" in screen_lines(pilot)[-2]


async def test_n_goes_on_while_more_is_searched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    held = _Held()

    def search(text: str, stopped: Callable[[], bool]) -> Iterator[Hit]:
        yield from (Hit("nat", "KUBE-SERVICES", number) for number in (1, 2, 3))
        yield from _Held.search(held, text, stopped)

    monkeypatch.setattr(held, "search", search)
    monkeypatch.setattr(Session, "searcher", held)
    async with opened() as pilot:
        await pilot.press("slash", "x", "enter")
        while len(main(pilot).hits) < 3:
            await pilot.pause()
        await pilot.press("n")
        assert main(pilot).navigation.place == Place("nat", "KUBE-SERVICES", 2)
        assert "2 of 3 …" in screen_lines(pilot)[-2]
        held.go_on.set()
        await settle(pilot)
        assert "2 of 3" in screen_lines(pilot)[-2]
        assert main(pilot).navigation.place == Place("nat", "KUBE-SERVICES", 2)


async def test_a_search_for_an_older_text_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    held = _Held()
    monkeypatch.setattr(Session, "searcher", held)
    async with opened() as pilot:
        await pilot.press("slash", "x", "y")
        await pilot.press("escape")
        await settle(pilot)
        assert held.given_up == ["x", "xy"]


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 40)])
async def test_the_line_to_search_moves_nothing_and_hides_no_row(size: tuple[int, int]) -> None:
    async with opened(size=size) as pilot:
        screen = main(pilot)
        panes = [screen.query_one(f"#{name}") for name in ("chains", "rules", "detail")]
        regions = [pane.region for pane in panes]
        await press(pilot, "slash")
        line = screen.query_one(SearchBar).region
        assert line.height == 1
        assert line.bottom == size[1] - 1
        assert [pane.region for pane in panes] == regions
        await press(pilot, "escape", "t")
        await write(pilot, "10.42.0.7 -> default/nginx")
        await press(pilot, "enter", "slash")
        lists = [screen.query_one(f"#{name}") for name in ("outcomes", "hops")]
        assert all(each.region.y + each.gutter.top + each.size.height <= line.y for each in lists if each.size.width)


async def test_what_is_typed_is_seen_before_it_is_searched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    held = _Held()
    monkeypatch.setattr(Session, "searcher", held)
    async with opened() as pilot:
        searching = main(pilot)._search_typed
        begun: list[tuple[str, bool]] = []

        def noted(text: str) -> None:
            begun.append((text, f"/ {text} " in screen_lines(pilot)[-2]))
            searching(text)

        monkeypatch.setattr(main(pilot), "_search_typed", noted)
        await press(pilot, "slash")
        await pilot.press("x", "y")
        await pilot.pause()
        assert begun[-1] == ("xy", True)
        held.go_on.set()
        await settle(pilot)
