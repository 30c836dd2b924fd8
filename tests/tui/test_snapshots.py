"""Pictures of the screens, after the other tests have said in words what is on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

from kptui.tracing import Session
from kptui.tui.app import Kptui
from kptui.tui.settings.fields import Settings
from kptui.tui.tree_model import Place
from tests.tui.driving import explorer, fill, main, press, settle, trace_nginx, write
from tests.tui.fleets import NODES
from tests.tui.fleets import app as nodes

SIZES = [(80, 24), (120, 40)]


class Compare(Protocol):
    """What pytest-textual-snapshot's fixture is."""

    def __call__(self, app: App[None], *, terminal_size: tuple[int, int], run_before: object) -> bool: ...


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "TEXTUAL_THEME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def _samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """The source's name is in the picture, so it has to be the same wherever the checkout is."""
    monkeypatch.chdir(Path(__file__).parents[2])


@pytest.mark.usefixtures("_samples")
@pytest.mark.parametrize("size", SIZES)
def test_main_screen(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(explorer(Path("samples/nginx-nodeport.txt")), terminal_size=size, run_before=settle)


@pytest.mark.usefixtures("_samples")
@pytest.mark.parametrize("size", [*SIZES, (200, 50)])
def test_finished_trace(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def traced(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await trace_nginx(pilot)
        await press(pilot, "o", "n", "n", "n", "n", "n")
        assert main(pilot).chosen == 0

    assert snap_compare(explorer(Path("samples/nginx-nodeport.txt")), terminal_size=size, run_before=traced)


@pytest.mark.usefixtures("_samples")
@pytest.mark.parametrize("size", SIZES)
def test_form_with_an_error(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def wrong(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await press(pilot, "t")
        await fill(pilot, src="192.168.50.2", dst="10.110.199.45", dport="65536")
        for field in pilot.app.screen.query(Input):
            field.cursor_blink = False

    assert snap_compare(explorer(Path("samples/nginx-nodeport.txt")), terminal_size=size, run_before=wrong)


@pytest.mark.usefixtures("_samples")
@pytest.mark.parametrize("size", SIZES)
def test_empty_dump(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(explorer(Path("tests/tui/empty.txt")), terminal_size=size, run_before=settle)


@pytest.mark.usefixtures("_samples")
def test_light_theme(snap_compare: Compare) -> None:
    async def light(pilot: Pilot[None]) -> None:
        await settle(pilot)
        pilot.app.theme = "light"
        await trace_nginx(pilot)

    assert snap_compare(explorer(Path("samples/nginx-nodeport.txt")), terminal_size=(120, 40), run_before=light)


@pytest.mark.usefixtures("_samples")
@pytest.mark.parametrize("size", [*SIZES, (200, 50)])
def test_services(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def shown(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await press(pilot, "s", "j")

    assert snap_compare(explorer(Path("samples/no-endpoints.txt")), terminal_size=size, run_before=shown)


@pytest.mark.usefixtures("_samples")
def test_what_leads_to_a_pod_in_a_light_theme(snap_compare: Compare) -> None:
    async def shown(pilot: Pilot[None]) -> None:
        await settle(pilot)
        pilot.app.theme = "light"
        await press(pilot, "s", "w", "j", "j")

    assert snap_compare(explorer(Path("samples/external-traffic-local.txt")), terminal_size=(120, 40), run_before=shown)


@pytest.mark.usefixtures("_samples")
@pytest.mark.parametrize("size", [*SIZES, (200, 50)])
def test_problems(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def found(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await press(pilot, "p")

    source = Path("tests/kubernetes/checks/drop-mark-unused/fires.txt")
    assert snap_compare(explorer(source), terminal_size=size, run_before=found)


@pytest.mark.usefixtures("_samples")
@pytest.mark.parametrize("size", [*SIZES, (200, 50)])
def test_differences(snap_compare: Compare, size: tuple[int, int]) -> None:
    app = Kptui(Session.open("samples/external-traffic-local.txt"), before="samples/nginx-nodeport.txt")

    async def shown(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await press(pilot, "j")

    assert snap_compare(app, terminal_size=size, run_before=shown)


@pytest.mark.usefixtures("_samples")
@pytest.mark.parametrize("size", [*SIZES, (200, 50)])
def test_nodes(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def read(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await press(pilot, "j", "j")

    assert snap_compare(nodes(NODES, "kubectl:prod/n5"), terminal_size=size, run_before=read)


@pytest.mark.usefixtures("_samples")
def test_what_differs_between_nodes_in_a_light_theme(snap_compare: Compare) -> None:
    async def read(pilot: Pilot[None]) -> None:
        await settle(pilot)
        pilot.app.theme = "light"
        await press(pilot, "d")

    assert snap_compare(nodes(), terminal_size=(120, 40), run_before=read)


@pytest.mark.usefixtures("_samples")
@pytest.mark.parametrize("size", [*SIZES, (60, 15)])
def test_copy_menu(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def shown(pilot: Pilot[None]) -> None:
        await settle(pilot)
        main(pilot).go(Place("nat", "KUBE-SEP-ZGUCVTBPJNCW75NN", 2))
        await press(pilot, "y")

    assert snap_compare(explorer(Path("samples/nginx-nodeport.txt")), terminal_size=size, run_before=shown)


@pytest.mark.usefixtures("_samples")
def test_copy_menu_of_a_table_to_a_file_in_a_light_theme(snap_compare: Compare) -> None:
    async def shown(pilot: Pilot[None]) -> None:
        await settle(pilot)
        pilot.app.theme = "light"
        await press(pilot, "s", "y", "w")

    assert snap_compare(explorer(Path("samples/nginx-nodeport.txt")), terminal_size=(120, 40), run_before=shown)


@pytest.mark.usefixtures("_samples")
@pytest.mark.parametrize("size", [*SIZES, (60, 15)])
def test_compared_with_another_node(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def compared(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await press(pilot, "enter")
        await trace_nginx(pilot)
        await press(pilot, "equals_sign", "down", "enter", "n", "n")

    assert snap_compare(nodes(), terminal_size=size, run_before=compared)


@pytest.mark.usefixtures("_samples")
@pytest.mark.parametrize("size", SIZES)
def test_what_to_compare_with(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def asked(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await trace_nginx(pilot, "10.42.0.7")
        await trace_nginx(pilot)
        await press(pilot, "equals_sign")
        pilot.app.screen.query_one(Input).cursor_blink = False

    assert snap_compare(explorer(Path("samples/nginx-nodeport.txt")), terminal_size=size, run_before=asked)


@pytest.mark.usefixtures("_samples")
def test_compared_with_an_earlier_packet_in_a_light_theme(snap_compare: Compare) -> None:
    async def compared(pilot: Pilot[None]) -> None:
        await settle(pilot)
        pilot.app.theme = "light"
        await trace_nginx(pilot, "10.42.0.7")
        await trace_nginx(pilot)
        await press(pilot, "equals_sign", "enter")

    assert snap_compare(explorer(Path("samples/nginx-nodeport.txt")), terminal_size=(120, 40), run_before=compared)


@pytest.mark.usefixtures("_samples")
@pytest.mark.parametrize("size", SIZES)
def test_marks(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def marked(pilot: Pilot[None]) -> None:
        await settle(pilot)
        for place, letter in (
            (Place("nat", "KUBE-SEP-ZGUCVTBPJNCW75NN", 2), "a"),
            (Place("nat", "KUBE-SERVICES"), "s"),
        ):
            main(pilot).go(place)
            await press(pilot, "M", letter)
        pilot.app.clear_notifications()
        await press(pilot, "apostrophe")

    assert snap_compare(explorer(Path("samples/nginx-nodeport.txt")), terminal_size=size, run_before=marked)


def _dressed(**chosen: Any) -> Kptui:
    return Kptui(Session.open("samples/nginx-nodeport.txt"), settings=Settings(**chosen))


async def _traced(pilot: Pilot[None]) -> None:
    await settle(pilot)
    await trace_nginx(pilot)
    await press(pilot, "o", "n", "n")


@pytest.mark.usefixtures("_samples")
@pytest.mark.parametrize("theme", ["high-contrast", "high-contrast-light", "color-blind", "color-blind-light"])
def test_theme(snap_compare: Compare, theme: str) -> None:
    assert snap_compare(_dressed(theme=theme), terminal_size=(120, 40), run_before=_traced)


@pytest.mark.usefixtures("_samples")
def test_without_colors(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(_dressed(), terminal_size=(120, 40), run_before=_traced)


@pytest.mark.usefixtures("_samples")
@pytest.mark.parametrize("size", [(60, 15), *SIZES])
def test_in_ascii(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(_dressed(ascii=True), terminal_size=size, run_before=_traced)


@pytest.mark.usefixtures("_samples")
@pytest.mark.parametrize("size", [(60, 15), *SIZES])
def test_help(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def helped(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await press(pilot, "question_mark")

    assert snap_compare(_dressed(), terminal_size=size, run_before=helped)


@pytest.mark.usefixtures("_samples")
@pytest.mark.parametrize("tabs", [0, 1, 2])
def test_one_pane(snap_compare: Compare, tabs: int) -> None:
    async def tabbed(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await press(pilot, *["tab"] * tabs)

    assert snap_compare(_dressed(), terminal_size=(60, 15), run_before=tabbed)


@pytest.mark.usefixtures("_samples")
@pytest.mark.parametrize("size", [(60, 15), *SIZES])
def test_nothing_to_show(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def shown(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await press(pilot, "s")

    assert snap_compare(explorer(Path("tests/tui/empty.txt")), terminal_size=size, run_before=shown)


@pytest.mark.usefixtures("_samples")
def test_hits_of_a_search(snap_compare: Compare) -> None:
    async def searched(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await press(pilot, "slash")
        await write(pilot, "svc:nginx")
        await press(pilot, "enter")

    assert snap_compare(_dressed(), terminal_size=(120, 40), run_before=searched)
