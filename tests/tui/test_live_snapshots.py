"""Pictures of what a running source shows; its texts, clock and time of day are the test's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from textual.pilot import Pilot

from kptui.live.opening import Opening, unread
from kptui.live.watch import Watch
from kptui.sources.steps import Step
from kptui.tui.app import Kptui
from kptui.tui.tree_model import Place
from tests.live.support import FAILED, Told, dump
from tests.tui.driving import main, press, settle
from tests.tui.test_snapshots import SIZES, Compare
from tests.tui.test_waiting import SAVE, opening_of, slow

NOON = 1_795_608_000.0 - 1000
"""The clock begins at 1000: then it is noon (UTC)."""
NEW = "[0:0] -A KUBE-SVC-OVTWZ4GROBJZO4C5 -s 10.1.2.3/32 -j RETURN\n"
CONNECTIONS = "".join(
    f"tcp 6 100 ESTABLISHED src=10.0.0.{client} dst=10.110.199.45 sport={port} dport=80 "
    f"src=10.42.0.{pod} dst=10.0.0.{client} sport=80 dport={port} mark=0\n"
    for port, (client, pod) in enumerate([(5, 199), (5, 199), (6, 199), (7, 200), (8, 200)], 40000)
)
Go = Callable[[Pilot[None], Told], object]


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("NO_COLOR", "TEXTUAL_THEME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def compared(snap_compare: Compare, size: tuple[int, int], texts: list[str | Exception], *keys: str) -> bool:
    """The picture after these texts, two seconds apart, and these keys."""
    reader = Told(list(texts), facts={"conntrack": CONNECTIONS}, day=NOON)
    opening = Opening(unread("netns:blue"), reader)
    opening.watch = Watch(2.0, reader.clock)
    opening.watch.begin()
    assert opening.wait(10)

    async def before(pilot: Pilot[None]) -> None:
        await settle(pilot)
        main(pilot).go(Place("nat", "KUBE-SVC-OVTWZ4GROBJZO4C5"))
        for _ in texts[1:]:
            reader.clock.now += 2
            main(pilot).tick()
            await settle(pilot)
        await press(pilot, *keys)
        pilot.app.clear_notifications()
        await settle(pilot)

    return snap_compare(Kptui(opening.session, opening=opening), terminal_size=size, run_before=before)


RATES: list[str | Exception] = [
    dump(policy=at, all=10 * at * at, svc=9 * at * at, one=5 * at * at, two=4 * at * at) for at in range(6)
]


@pytest.mark.parametrize("size", [*SIZES, (200, 50)])
def test_rates(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compared(snap_compare, size, RATES, "tab", "j")


@pytest.mark.parametrize("size", SIZES)
def test_news(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compared(snap_compare, size, [*RATES[:3], dump(first=NEW, second="10.42.0.201", all=90, svc=81)])


@pytest.mark.parametrize("size", SIZES)
def test_changes(snap_compare: Compare, size: tuple[int, int]) -> None:
    later = [dump(second="10.42.0.201"), dump(first=NEW, second="10.42.0.201"), dump(first=NEW, second="10.42.0.202")]
    assert compared(snap_compare, size, [dump(), *later], "c")


@pytest.mark.parametrize("size", SIZES)
def test_busiest(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compared(snap_compare, size, RATES, "b")


@pytest.mark.parametrize("size", SIZES)
def test_connections(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compared(snap_compare, size, RATES[:2], "f")


@pytest.mark.parametrize("size", SIZES)
def test_stale(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compared(snap_compare, size, [*RATES[:3], FAILED])


@pytest.mark.parametrize("size", SIZES)
def test_can_t_be_read(snap_compare: Compare, size: tuple[int, int]) -> None:
    reader = Told([FAILED])
    opening = opening_of(reader)
    assert opening.wait(10)
    assert snap_compare(Kptui(opening.session, opening=opening), terminal_size=size, run_before=settle)


@pytest.mark.parametrize("size", SIZES)
def test_waiting(snap_compare: Compare, size: tuple[int, int]) -> None:
    reader = slow()
    opening = opening_of(reader)

    async def before(pilot: Pilot[None]) -> None:
        step: Step = SAVE._replace(number=7, what="ip6tables-save -c", size=8_200_000, lines=102_341, beside=2)
        opening.underway(step)
        reader.clock.now += 12
        await pilot.pause()
        main(pilot).tick()
        await pilot.pause()

    assert snap_compare(Kptui(opening.session, opening=opening), terminal_size=size, run_before=before)
    reader.go.set()
