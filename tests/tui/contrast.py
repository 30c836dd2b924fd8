"""How well what a screen shows can be told from what is behind it, as WCAG 2 measures it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rich.color_triplet import ColorTriplet
from textual.color import Color
from textual.pilot import Pilot

FRAMES = range(0x2500, 0x25A0)
"""What only draws frames, bars and fills."""
SIGHT = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
"""What becomes of linear RGB in eyes without one kind of cones: Machado, Oliveira and Fernandes (2009), severity 1."""


class Seen(NamedTuple):
    """A piece of text with its colours."""

    text: str
    color: ColorTriplet
    behind: ColorTriplet

    @property
    def ratio(self) -> float:
        """From 1 (the same) to 21 (black on white)."""
        return _ratio(luminance(self.color), luminance(self.behind))


def _ratio(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def contrast(one: Color, other: Color) -> float:
    """The ratio of two colours."""
    return _ratio(*(luminance(each.rich_color.get_truecolor()) for each in (one, other)))


def _linear(color: ColorTriplet) -> list[float]:
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized]


def luminance(color: ColorTriplet) -> float:
    """The relative luminance of an sRGB colour (WCAG 2.2)."""
    red, green, blue = _linear(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def shown_as(color: Color, sight: str) -> list[float]:
    """What somebody sees of a colour who lacks one kind of cones: sRGB, each part from 0 to 1."""
    linear = _linear(color.rich_color.get_truecolor())
    seen = [sum(a * b for a, b in zip(row, linear, strict=True)) for row in SIGHT[sight]]
    clipped = [min(1.0, max(0.0, part)) for part in seen]
    return [part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055 for part in clipped]


def seen(pilot: Pilot[None], within: str | None = None) -> Iterator[Seen]:
    """Every piece of text on the screen, or in one part of it; not what only frames or fills."""
    screen = pilot.app.screen
    region = screen.query_one(within).region if within else screen.region
    for y, strip in enumerate(screen._compositor.render_strips()):
        if not region.y <= y < region.bottom:
            continue
        for segment in strip.crop(region.x, region.right):
            style = segment.style
            text = "".join(char for char in segment.text if ord(char) not in FRAMES).strip()
            if not text or style is None:
                continue
            assert style.color is not None, text
            assert style.bgcolor is not None, text
            colors = style.color.get_truecolor(), style.bgcolor.get_truecolor()
            yield Seen(text, *(reversed(colors) if style.reverse else colors))
