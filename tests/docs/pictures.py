"""`python -m tests.docs.pictures` (make screenshots) draws the pictures of docs/, from the samples and nothing else."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from kptui.tracing import Session
from kptui.tui.app import Kptui
from kptui.tui.settings.fields import Settings
from tests.support import ROOT
from tests.tui.driving import NODE, press, settle, write

PICTURES = ROOT / "docs" / "pictures"
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)

Way = Callable[[Pilot[None]], Awaitable[None]]


@dataclass(frozen=True)
class Picture:
    """A sample, a theme, and what is pressed until the picture is taken."""

    sample: str
    way: Way
    theme: str = "dark"
    size: tuple[int, int] = (112, 36)


async def _trace(pilot: Pilot[None]) -> None:
    await press(pilot, "t")
    await write(pilot, "192.168.50.2 -> default/nginx")
    await press(pilot, "enter")


async def _traced(pilot: Pilot[None]) -> None:
    await _trace(pilot)
    await press(pilot, "o", "n", "n", "n", "n")


async def _journey(pilot: Pilot[None]) -> None:
    await _trace(pilot)
    await press(pilot, "o", "i", "j", "j")


async def _form(pilot: Pilot[None]) -> None:
    await press(pilot, "t")
    await write(pilot, "10.42.0.7 -> kube-system/kube-dns:dns")
    for field in pilot.app.screen.query(Input):
        field.cursor_blink = False


def _keys(*keys: str) -> Way:
    return lambda pilot: press(pilot, *keys)


ALL = {
    "trace": Picture("nginx-nodeport.txt", _traced),
    "form": Picture("nginx-nodeport.txt", _form),
    "journey": Picture("nginx-nodeport.txt", _journey),
    "services": Picture("nginx-nodeport.txt", _keys("s", "j")),
    "problems": Picture("no-endpoints.txt", _keys("p")),
    "light": Picture("external-traffic-local.txt", _keys("s", "w", "j"), theme="light"),
}
"""The pictures by their names."""


async def drawn(picture: Picture) -> str:
    """A picture as SVG, the same wherever it is drawn; it asks no other host for fonts."""
    before = Path.cwd()
    os.chdir(ROOT)  # The source's name is in the picture.
    try:
        session = Session.open(f"samples/{picture.sample}")
        app = Kptui(session, NODE, settings=Settings(theme=picture.theme))
        async with app.run_test(size=picture.size) as pilot:
            await settle(pilot)
            await picture.way(pilot)
            svg = app.export_screenshot(title=f"kptui samples/{picture.sample}")
    finally:
        os.chdir(before)
    return _FONTS.sub("", svg)


if __name__ == "__main__":
    os.environ.pop("NO_COLOR", None)
    PICTURES.mkdir(exist_ok=True)
    for name, picture in ALL.items():
        (PICTURES / f"{name}.svg").write_text(asyncio.run(drawn(picture)), encoding="utf-8")
