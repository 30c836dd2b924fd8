"""How the tests drive the explorer: open it, press keys, wait for what runs in the background, read what it shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot
from textual.widget import Widget

from kptui.tracing import Session
from kptui.tui.app import Kptui
from kptui.tui.screens.main import MainScreen
from kptui.tui.widgets.row_view import RowView
from kptui.tui.widgets.text_view import TextView

SAMPLES = Path(__file__).parents[2] / "samples"
NODE = ("192.168.50.10",)


def explorer(source: str | Path = "nginx-nodeport.txt", local: tuple[str, ...] = NODE) -> Kptui:
    """The app on a sample (by its name) or any other file."""
    path = source if isinstance(source, Path) else SAMPLES / source
    return Kptui(Session.open(str(path)), local)


@asynccontextmanager
async def opened(
    source: str | Path = "nginx-nodeport.txt", size: tuple[int, int] = (120, 40), local: tuple[str, ...] = NODE
) -> AsyncIterator[Pilot[None]]:
    """The app running, everything in the background done."""
    app = explorer(source, local)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield pilot


async def settle(pilot: Pilot[None]) -> None:
    """Wait until nothing runs in the background and every message has been handled."""
    await pilot.pause()
    while any(not worker.is_finished for worker in pilot.app.workers):
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys one after the other, then wait."""
    await pilot.press(*keys)
    await settle(pilot)


async def write(pilot: Pilot[None], text: str) -> None:
    """Type a text into what has the focus."""
    names = {
        "/": "slash",
        ".": "full_stop",
        ":": "colon",
        "-": "minus",
        " ": "space",
        ",": "comma",
        ">": "greater_than_sign",
    }
    await press(pilot, *(names.get(char, char) for char in text))


async def trace_nginx(pilot: Pilot[None], source: str = "192.168.50.2") -> None:
    """Trace from an address to the sample's Service, by the form."""
    await press(pilot, "t")
    await fill(pilot, src=source, dst="10.110.199.45", dport="80", proto="tcp")
    await press(pilot, "enter")


async def fill(pilot: Pilot[None], **fields: str) -> None:
    """Type into fields of the form, replacing what is there."""
    from textual.widgets import Input

    for name, value in fields.items():
        field = pilot.app.screen.query_one(f"#field-{name}", Input)
        field.focus()
        field.value = ""
        await write(pilot, value)


def main(pilot: Pilot[None]) -> MainScreen:
    """The main screen, whatever stands above it."""
    return next(screen for screen in pilot.app.screen_stack if isinstance(screen, MainScreen))


def rows(view: Widget, width: int = 200) -> list[str]:
    """What every row of a list or tree says."""
    assert isinstance(view, RowView)
    return [view.row_text(row, width).plain.rstrip() for row in range(view.row_count())]


def row(view: Widget, width: int = 200) -> str:
    """What the row under the cursor says."""
    assert isinstance(view, RowView)
    return view.row_text(view.cursor, width).plain.rstrip()


def text(pilot: Pilot[None], selector: str) -> str:
    """The plain text of a pane, all of it."""
    from rich.console import Console

    console = Console(width=200, no_color=True)
    with console.capture() as capture:
        console.print(main(pilot).query_one(selector, TextView).block)
    return capture.get()


def screen_lines(pilot: Pilot[None]) -> list[str]:
    """Every line of the terminal, as text."""
    app = pilot.app
    width, height = app.size
    lines = []
    for y in range(height):
        strips = app.screen._compositor.render_strips()
        lines.append("".join(segment.text for segment in strips[y]) if y < len(strips) else "")
    del width
    return lines


def said(pilot: Pilot[None]) -> str:
    """What the explorer has told in passing, the newest last."""
    return "\n".join(each.message for each in pilot.app._notifications)
