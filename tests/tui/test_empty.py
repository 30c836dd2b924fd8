"""Where there is nothing to show, it is said what is missing and what can be done next."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from kptui.syntax.ast import Ruleset
from kptui.tracing import Session
from kptui.tui.about import SCREENS
from kptui.tui.app import Kptui
from kptui.tui.empty import NEXT, next_step
from kptui.tui.settings.fields import Settings
from tests.tui.driving import opened, press, said, screen_lines, settle, write

EMPTY = Path(__file__).parent / "empty.txt"
SIZES = [(60, 15), (80, 24), (120, 40)]


def seen(pilot: Pilot[None]) -> str:
    """The screen as running text, without frames."""
    return " ".join(" ".join(line.strip(" │╭╮╰╯─") for line in screen_lines(pilot)).split())


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """A dump in which nothing is wrong."""
    path = tmp_path / "rules.txt"
    path.write_text("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n")
    return path


@pytest.mark.parametrize("size", SIZES)
async def test_without_kube_proxy_the_services_say_where_its_rules_may_be(size: tuple[int, int]) -> None:
    async with opened(EMPTY, size=size) as pilot:
        await press(pilot, "s")
        assert "These rules implement no Kubernetes Service." in seen(pilot)
        assert "No chain of kube-proxy's is there." in seen(pilot)
        assert "C goes to the chains, t traces a packet" in seen(pilot)


async def test_with_kube_proxy_but_without_services_that_is_said(tmp_path: Path) -> None:
    dump = tmp_path / "rules.txt"
    dump.write_text("*nat\n:PREROUTING ACCEPT [0:0]\n:KUBE-SERVICES - [0:0]\n-A PREROUTING -j KUBE-SERVICES\nCOMMIT\n")
    async with opened(dump, size=(80, 24)) as pilot:
        await press(pilot, "s")
        assert "kube-proxy's chains are there, but they dispatch to no Service" in seen(pilot)


@pytest.mark.parametrize("size", SIZES)
async def test_without_problems_it_says_what_else_can_be_asked(clean: Path, size: tuple[int, int]) -> None:
    async with opened(clean, size=size) as pilot:
        await press(pilot, "p")
        assert "No problem found" in seen(pilot)
        assert "Whether it fits the cluster: `kptui check SOURCE --services FILE" in seen(pilot)


async def test_a_table_of_somebody_elses_rules_says_so(clean: Path) -> None:
    async with opened(clean, size=(80, 24)) as pilot:
        await press(pilot, "g")
        assert "No chain of kube-proxy's is in these tables" in seen(pilot)
    async with opened(size=(80, 24)) as pilot:
        await press(pilot, "g")
        assert "No chain of kube-proxy's" not in seen(pilot)


async def test_a_source_without_tables_says_where_rules_may_be() -> None:
    async with Kptui(Session(Ruleset("", (), ()), "none.txt")).run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "There are no tables here" in seen(pilot)
        assert "r reads the source again, q leaves." in seen(pilot)


async def test_a_search_without_hits_says_how_to_go_on() -> None:
    async with opened(size=(80, 24)) as pilot:
        await press(pilot, "slash")
        await write(pilot, "no-such-thing")
        assert "nothing found; fewer words find more, esc clears" in seen(pilot)


@pytest.mark.parametrize("size", SIZES)
async def test_a_filter_that_nothing_fits_says_how_to_be_rid_of_it(size: tuple[int, int]) -> None:
    async with opened(size=size) as pilot:
        await press(pilot, "s", "slash")
        await write(pilot, "zzz")
        assert "No row has every word of “zzz”. esc clears the filter." in seen(pilot)
        await press(pilot, "escape")
        assert "default/nginx" in seen(pilot)


@pytest.mark.parametrize("key", ["i", "a", "R", "equals_sign"])
async def test_what_needs_a_trace_says_how_to_make_one(key: str) -> None:
    async with opened(size=(80, 24)) as pilot:
        await press(pilot, key)
        assert "There is no trace yet: t asks for a packet" in said(pilot)


def test_keys_are_those_of_the_settings() -> None:
    assert "x goes to the chains, y traces" in next_step(
        "ServicesScreen without kube-proxy", Settings(keys={"chains": ("x",), "trace": ("y",)})
    )


def test_every_view_has_a_next_step_and_each_can_be_told() -> None:
    # The chains are never without something to do, and a journey has a trace.
    assert set(SCREENS) - set(NEXT) == {"MainScreen", "JourneyScreen"}
    assert all(next_step(what, Settings(), words="x") for what in NEXT)
