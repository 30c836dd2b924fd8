"""The palette: every action, and anything of the ruleset by name, address or number; the best first."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.command import CommandList
from textual.pilot import Pilot

from kptui.tracing import Session
from kptui.tui import anything
from kptui.tui.anything import BEST, Anything, Found
from kptui.tui.keys import KEYS
from kptui.tui.naming import Naming
from kptui.tui.screens.services import ServicesScreen
from kptui.tui.tree_model import Place
from tests.tui.driving import SAMPLES, main, opened, press, screen_lines, settle, write

SVC = "KUBE-SVC-OVTWZ4GROBJZO4C5"


def index(sample: str = "nginx-nodeport.txt") -> Anything:
    session = Session.open(str(SAMPLES / sample))
    return Anything(session.ruleset, Naming(session))


def search(query: str, of: Anything | None = None) -> list[Found]:
    *_, last = (of or index()).search(query)
    return last


def texts(query: str) -> list[str]:
    return [each.text for each in search(query)]


def test_a_service_is_found_by_name_address_and_node_port_before_its_chains() -> None:
    for query in ("default/nginx", "nginx", "10.110.199.45", "10.110.199.45:80", "nodeport 32754", "NGINX"):
        best = search(query)[0]
        assert best.text.startswith("Service default/nginx:80-80 tcp 10.110.199.45:80"), query
        assert best.place == Place("nat", SVC)


def test_an_endpoint_is_found_by_its_address() -> None:
    assert texts("10.42.0.199")[0] == "nat KUBE-SEP-ZGUCVTBPJNCW75NN 10.42.0.199:80"


def test_a_chain_is_found_by_parts_of_its_name_in_any_order() -> None:
    assert texts("postrouting kube")[0].startswith("nat KUBE-POSTROUTING")
    assert texts("output filter")[0].startswith("filter OUTPUT")
    assert texts("ovtwz kube-svc")[0].startswith(f"nat {SVC}")


@pytest.mark.parametrize(
    "query", ["KUBE-SERVICES 5", "kube-services 5", "nat KUBE-SERVICES rule 5", "nat kube-services 5"]
)
def test_a_rule_is_found_by_its_number(query: str) -> None:
    best = search(query)[0]
    assert (best.text, best.place) == ("nat KUBE-SERVICES rule 5", Place("nat", "KUBE-SERVICES", 5))


@pytest.mark.parametrize("query", ["KUBE-SERVICES 7", "KUBE-SERVICES 0", "filter KUBE-SERVICES 5", "KUBE-NONE 1", "5"])
def test_a_rule_that_is_not_there_is_not_offered(query: str) -> None:
    assert not [each for each in search(query) if each.place.rule is not None and "rule" in each.text]


def test_a_name_that_begins_so_goes_before_one_that_has_it_inside(tmp_path: Path) -> None:
    names = ("XWEB", "WEB-LONGER", "WEB", "A-WEB")
    dump = tmp_path / "rules.txt"
    dump.write_text("*filter\n" + "".join(f":{name} - [0:0]\n" for name in names) + "COMMIT\n")
    session = Session.open(str(dump))
    found = [each.text for each in search("web", Anything(session.ruleset, Naming(session)))]
    assert found == ["filter WEB", "filter A-WEB", "filter WEB-LONGER", "filter XWEB"]


def test_slices_find_what_one_look_finds_and_never_more_than_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    of = index()
    whole = search("kube", of)
    monkeypatch.setattr(anything, "SLICE", 3)
    slices = list(of.search("kube"))
    assert len(slices) == 1 + -(-len(of.texts) // 3)
    assert slices[-1] == whole
    assert len(whole) == BEST < len(of.texts)
    assert [each.score for each in whole] == sorted((each.score for each in whole), reverse=True)


def test_nothing_is_found_for_nothing() -> None:
    assert search("") == search("   ") == search("no-such-thing") == []


def test_a_refused_service_leads_to_the_rule_that_refuses_it() -> None:
    best = search("shop/checkout", index("no-endpoints.txt"))[0]
    assert best.place.rule is not None
    assert best.place.chain == "KUBE-SERVICES"


def test_an_index_that_nobody_waits_for_is_given_up() -> None:
    session = Session.open(str(SAMPLES / "nginx-nodeport.txt"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(anything, "SLICE", 1)
        given_up = Anything(session.ruleset, Naming(session), lambda: True)
    assert len(given_up.texts) < len(index().texts)


async def offered(pilot: Pilot[None], query: str) -> list[str]:
    """Open the palette, type, and read what it offers."""
    await press(pilot, "ctrl+p")
    await write(pilot, query)
    for _ in range(20):
        await settle(pilot)
    options = pilot.app.screen.query_one(CommandList)
    return [str(option.prompt).partition("\n")[0] for option in options.options]


async def test_an_action_is_offered_by_name_and_done() -> None:
    async with opened() as pilot:
        shown = await offered(pilot, "services")
        assert shown[0] == "Services (s)"
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, ServicesScreen)


async def test_every_action_of_the_screen_is_a_command() -> None:
    async with opened() as pilot:
        titles = [each.title for each in pilot.app.get_system_commands(pilot.app.screen)]
        for key in KEYS:
            if key.id not in ("palette", "quit"):
                assert any(title.endswith(f"({key.label})") for title in titles), key
        await press(pilot, "s")
        titles = [each.title for each in pilot.app.get_system_commands(pilot.app.screen)]
        assert "Filter (/)" in titles
        assert "Follow (↵)" not in titles


async def test_going_somewhere_leaves_the_view_that_covers_it_and_can_be_gone_back_from() -> None:
    async with opened() as pilot:
        before = main(pilot).navigation.place
        await press(pilot, "s")
        shown = await offered(pilot, "kube-services 5")
        assert shown[0] == "Go to nat KUBE-SERVICES rule 5"
        await press(pilot, "enter")
        assert pilot.app.screen is main(pilot)
        assert main(pilot).navigation.place == Place("nat", "KUBE-SERVICES", 5)
        await press(pilot, "left_square_bracket")
        assert main(pilot).navigation.place == before


async def test_text_of_a_dump_is_no_markup() -> None:
    async with opened("hostile-comment.txt", size=(140, 40)) as pilot:
        shown = await offered(pilot, "not-bold")
        assert any("[bold]not-bold[/bold]" in each for each in shown)
        assert "[bold]not-bold[/bold]" in "\n".join(screen_lines(pilot))


async def test_after_other_rules_have_been_read_the_new_ones_are_found(tmp_path: Path) -> None:
    dump = tmp_path / "rules.txt"
    dump.write_text("*filter\n:OLD - [0:0]\nCOMMIT\n")
    async with opened(dump) as pilot:
        assert "Go to filter OLD" in await offered(pilot, "old")
        await press(pilot, "escape")
        dump.write_text("*filter\n:NEWER - [0:0]\nCOMMIT\n")
        await press(pilot, "r")
        assert "Go to filter NEWER" in await offered(pilot, "newer")
