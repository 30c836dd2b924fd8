"""How much room the explorer needs: for several panes, and at all."""

from __future__ import annotations

from textual.geometry import Size

ROOMY, LEAST = Size(80, 24), Size(60, 15)


def one_pane(size: Size) -> bool:
    """Whether there is room for one pane only."""
    return size.width < ROOMY.width or size.height < ROOMY.height


def too_small(size: Size) -> bool:
    """Whether there is no room for anything."""
    return size.width < LEAST.width or size.height < LEAST.height
