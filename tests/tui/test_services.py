"""The Services view: its rows, filter and order, opening chains, tracing, and what leads to a pod."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import Input, Static

from kptui.tui.screens.leads import LeadsScreen
from kptui.tui.screens.services import ServicesScreen
from kptui.tui.screens.trace_form import TraceForm
from kptui.tui.tree_model import Place
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.search_bar import SearchBar
from kptui.tui.widgets.table_list import TableList
from tests.tui.driving import main, opened, press, row, rows, screen_lines, write

SVC = "KUBE-SVC-OVTWZ4GROBJZO4C5"


def names(pilot: object) -> list[str]:
    table = pilot.app.screen.query_one(TableList)  # type: ignore[attr-defined]
    return [line.split()[0] for line in rows(table)]


async def test_s_shows_a_line_a_service_port() -> None:
    async with opened() as pilot:
        await press(pilot, "s")
        assert isinstance(pilot.app.screen, ServicesScreen)
        lines = rows(pilot.app.screen.query_one(TableList))
        assert [line.split() for line in lines[:2]] == [
            ["default/kubernetes:https", "tcp/443", "10.96.0.1", "1", "▇"],
            ["default/nginx:80-80", "tcp/80", "10.110.199.45", "*:32754", "2", "▇▇"],
        ]
        assert "3 Services · 5 ports" in screen_lines(pilot)[0]


async def test_the_selected_one_is_told_in_full_with_weight_bars() -> None:
    async with opened() as pilot:
        await press(pilot, "s", "j")
        shown = "\n".join(screen_lines(pilot))
        for words in ("10.42.0.199:80", "1/2 ████", "KUBE-NODEPORTS 1", "KUBE-EXT-OVTWZ4GROBJZO4C5"):
            assert words in shown


async def test_a_filter_as_one_types_then_escape_step_by_step() -> None:
    async with opened() as pilot:
        await press(pilot, "s", "slash")
        await write(pilot, "dns tcp")
        assert names(pilot) == ["kube-system/kube-dns:dns-tcp", "kube-system/kube-dns:metrics"]
        assert "2 of 5" in screen_lines(pilot)[-2]
        await press(pilot, "enter", "j")
        assert row(pilot.app.screen.query_one(TableList)).split()[0] == "kube-system/kube-dns:metrics"
        await press(pilot, "escape")
        assert len(names(pilot)) == 5
        await press(pilot, "escape")
        assert pilot.app.screen is main(pilot)


async def test_o_sorts_by_the_next_column_and_capital_o_the_other_way_round() -> None:
    async with opened() as pilot:
        await press(pilot, "s", "o")
        assert names(pilot)[:2] == ["kube-system/kube-dns:dns-tcp", "kube-system/kube-dns:dns"]
        await press(pilot, "O")
        assert names(pilot)[0] == "kube-system/kube-dns:metrics"
        assert "PORT ▼" in screen_lines(pilot)[3]
        await press(pilot, "o", "o", "o")
        assert "ENDPOINTS ▲" in screen_lines(pilot)[3]
        assert names(pilot)[0] == "default/kubernetes:https"


async def test_the_view_opens_as_it_was_left() -> None:
    async with opened() as pilot:
        await press(pilot, "s", "o", "slash")
        await write(pilot, "default")
        await press(pilot, "enter", "j", "enter")
        assert pilot.app.screen is main(pilot)
        await press(pilot, "s")
        assert names(pilot) == ["default/nginx:80-80", "default/kubernetes:https"]
        assert pilot.app.screen.query_one(TableList).cursor == 1
        assert pilot.app.screen.query_one("#search-text", Input).value == "default"


async def test_enter_opens_its_chains_in_the_tree_and_there_is_a_way_back() -> None:
    async with opened() as pilot:
        before = main(pilot).navigation.place
        await press(pilot, "s", "j", "enter")
        assert main(pilot).navigation.place == Place("nat", SVC)
        model = main(pilot).query_one(ChainTree).model
        assert model.is_open(Place("nat", SVC))
        assert model.is_open(Place("nat", "KUBE-EXT-OVTWZ4GROBJZO4C5"))
        await press(pilot, "left_square_bracket")
        assert main(pilot).navigation.place == before


async def test_enter_on_a_refused_service_goes_to_the_rule_that_refuses() -> None:
    async with opened("no-endpoints.txt") as pilot:
        await press(pilot, "s", "j", "enter")
        assert main(pilot).navigation.place == Place("filter", "KUBE-SERVICES", 1)


async def test_t_asks_for_a_packet_to_it_and_traces() -> None:
    async with opened() as pilot:
        await press(pilot, "s", "j", "t")
        form = pilot.app.screen
        assert isinstance(form, TraceForm)
        fields = {name: form.query_one(f"#field-{name}", Input).value for name in ("dst", "dport", "proto")}
        assert fields == {"dst": "10.110.199.45", "dport": "80", "proto": "tcp"}
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, ServicesScreen)
        await press(pilot, "t", "enter")
        assert main(pilot).trace is not None


async def test_without_services_it_says_so() -> None:
    async with opened("plain-firewall.txt") as pilot:
        await press(pilot, "s")
        assert "These rules implement no Kubernetes Service." in screen_lines(pilot)[3]
        await press(pilot, "enter", "w", "o", "O", "y", "slash", "escape", "escape")
        assert pilot.app.screen is main(pilot)
        await press(pilot, "s", "t")
        assert type(pilot.app.screen).__name__ == "TraceForm", "t traces a packet through the chains, as the view says"


async def test_a_hostile_name_stays_text() -> None:
    async with opened("hostile-comment.txt") as pilot:
        await press(pilot, "s")
        assert isinstance(pilot.app.screen, ServicesScreen)


class TestLeads:
    async def test_the_ways_to_a_service_s_endpoints(self) -> None:
        async with opened() as pilot:
            await press(pilot, "s", "j", "w")
            assert isinstance(pilot.app.screen, LeadsScreen)
            lines = [line.split() for line in rows(pilot.app.screen.query_one(TableList))]
            assert lines[0] == ["10.42.0.199:80", "of", "default/nginx:80-80"]
            assert lines[1] == ["cluster", "IP", "10.110.199.45:80", "1/2"]
            assert lines[2] == ["KUBE-SERVICES", "5"]
            assert lines[3] == [SVC, "2"]
            await press(pilot, "j", "j", "j", "enter")
            assert main(pilot).navigation.place == Place("nat", SVC, 2)

    async def test_w_on_a_chain_tells_who_leads_here_and_where_it_leads(self) -> None:
        async with opened() as pilot:
            main(pilot).go(Place("nat", SVC))
            await press(pilot, "w")
            lines = [line.split() for line in rows(pilot.app.screen.query_one(TableList))]
            assert lines[0] == ["What", "leads", "here"]
            chains = [(line[0], line[1]) for line in lines[1 : lines.index(["What", "it", "leads", "to"])]]
            assert chains == [
                ("KUBE-EXT-OVTWZ4GROBJZO4C5", "2"),
                ("KUBE-NODEPORTS", "1"),
                ("KUBE-SERVICES", "6"),
                ("PREROUTING", "1"),
                ("OUTPUT", "1"),
                ("KUBE-SERVICES", "5"),
            ]
            after = lines[lines.index(["What", "it", "leads", "to"]) + 1 :]
            assert [line[1] for line in after][:2] == ["KUBE-MARK-MASQ", "KUBE-SEP-ZGUCVTBPJNCW75NN"]

    async def test_w_on_an_endpoint_s_chain_tells_the_services_first(self) -> None:
        async with opened() as pilot:
            main(pilot).go(Place("nat", "KUBE-SEP-ZGUCVTBPJNCW75NN", 2))
            await press(pilot, "w")
            lines = rows(pilot.app.screen.query_one(TableList))
            assert lines[0].strip() == "10.42.0.199:80 of default/nginx:80-80"
            assert any("What leads here" in line for line in lines)

    async def test_a_base_chain_has_no_callers(self) -> None:
        async with opened() as pilot:
            main(pilot).go(Place("nat", "PREROUTING"))
            await press(pilot, "w")
            assert rows(pilot.app.screen.query_one(TableList))[0].strip() == "What it leads to"
            await press(pilot, "enter")
            assert isinstance(pilot.app.screen, LeadsScreen)
            await press(pilot, "j")
            detail = pilot.app.screen.query_one("#table-detail-text", Static)
            assert "-A PREROUTING" in str(detail.visual)


async def test_ten_thousand_services_open_at_once(tmp_path: Path) -> None:
    """Only rows in sight are read, so it does not matter how many there are."""
    import time

    rules = ["*nat", ":PREROUTING ACCEPT [0:0]", ":KUBE-SERVICES - [0:0]"]
    chains = [f"KUBE-SVC-{number:016d}" for number in range(10_000)]
    rules += [f":{chain} - [0:0]" for chain in chains]
    rules += [
        f"-A KUBE-SERVICES -d 10.96.{number // 250}.{number % 250}/32 -p tcp -m comment "
        f'--comment "shop/web-{number:05d}:http cluster IP" -m tcp --dport 80 -j {chain}'
        for number, chain in enumerate(chains)
    ]
    path = tmp_path / "many.txt"
    path.write_text("\n".join([*rules, "COMMIT", ""]))
    async with opened(path) as pilot:
        view = ServicesScreen(main(pilot).session, main(pilot).request, main(pilot).state("services"))
        view.model.set_items(view.load())
        start = time.perf_counter()
        table = TableList(view.model, id="x")
        assert table.row_count() == 10_000
        table.model.widths(100)
        assert time.perf_counter() - start < 1
        await press(pilot, "s", "G")
        assert names_at_cursor(pilot) == "shop/web-09999:http"
        assert pilot.app.screen.query_one(SearchBar).shown is False


def names_at_cursor(pilot: object) -> str:
    return row(pilot.app.screen.query_one(TableList)).split()[0]  # type: ignore[attr-defined]
