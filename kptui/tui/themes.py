"""The explorer's own themes, as data. Signs, words and styles carry the meaning; colour only helps.

Each has text that can be read on every background it stands on (a test measures: 4.5 to 1, for high contrast 7 to 1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from textual.theme import Theme


class Colors(NamedTuple):
    """What a theme says: backgrounds, texts, the row with the cursor (of the pane with the focus, of another one)."""

    background: str
    surface: str
    panel: str
    foreground: str
    muted: str
    dim: str
    primary: str
    good: str
    bad: str
    unsure: str
    path: str
    label: str
    cursor: str
    on_cursor: str
    blurred: str


THEMES = {
    "dark": Colors(
        background="#121212", surface="#1c1c1c", panel="#22282e", foreground="#e4e4e4", muted="#a8a8a8", dim="#878787",
        primary="#3d94dc", good="#6ab4f5", bad="#f48fa2", unsure="#ffcf7a", path="#ffb04a", label="#86d29c",
        cursor="#0f4c81", on_cursor="#ffffff", blurred="#3a3a3a",
    ),
    "light": Colors(
        background="#fbfbfb", surface="#f1f1f1", panel="#e3e8ed", foreground="#1b1b1b", muted="#545454", dim="#727272",
        primary="#0061b0", good="#0054a0", bad="#a1153d", unsure="#754600", path="#884000", label="#156331",
        cursor="#0061b0", on_cursor="#ffffff", blurred="#d3dae1",
    ),
    "high-contrast": Colors(
        background="#000000", surface="#0c0c0c", panel="#1c1c1c", foreground="#ffffff", muted="#d8d8d8", dim="#ababab",
        primary="#73bdff", good="#8accff", bad="#ffa3b1", unsure="#ffe873", path="#ffc400", label="#97f5a8",
        cursor="#ffffff", on_cursor="#000000", blurred="#343434",
    ),
    "high-contrast-light": Colors(
        background="#ffffff", surface="#f7f7f7", panel="#ececec", foreground="#000000", muted="#303030", dim="#4d4d4d",
        primary="#00408f", good="#003a85", bad="#85001f", unsure="#513400", path="#642d00", label="#004a19",
        cursor="#000000", on_cursor="#ffffff", blurred="#d0d0d0",
    ),
    # The colours of Okabe and Ito, which people who see no red or no green tell apart as well; on white, darker.
    "color-blind": Colors(
        background="#0e0e0e", surface="#141414", panel="#161616", foreground="#e8e8e8", muted="#ababab", dim="#7e7e7e",
        primary="#0072b2", good="#56b4e9", bad="#d55e00", unsure="#f0e442", path="#e69f00", label="#009e73",
        cursor="#00568a", on_cursor="#ffffff", blurred="#3a3a3a",
    ),
    "color-blind-light": Colors(
        background="#ffffff", surface="#f6f6f6", panel="#ededed", foreground="#101010", muted="#505050", dim="#6f6f6f",
        primary="#0072b2", good="#005f96", bad="#a34700", unsure="#655c00", path="#7d5600", label="#006b4e",
        cursor="#005f96", on_cursor="#ffffff", blurred="#d3dae1",
    ),
}  # fmt: skip
"""Every theme by its name."""
DEFAULT = "dark"

STYLES = {
    "cursor-style": "bold",
    "blurred-style": "none",
    "dim-style": "none",
    "off-style": "none",
    "focus-frame": "round",
}
"""What is bold, reversed and so on; without colours other things are."""
WITHOUT_COLORS = {
    "cursor-style": "bold reverse",
    "blurred-style": "underline",
    "dim-style": "dim",
    "off-style": "italic",
    "focus-frame": "heavy",
    "block-cursor-text-style": "bold reverse",
    "input-cursor-text-style": "reverse",
}


def theme(name: str, colors: Colors) -> Theme:
    """A theme as Textual has it; what its widgets would mix by themselves is set, so that it can be read."""
    # The settings are read, and know the names, before the screen's libraries are there.
    from textual.theme import Theme

    dark = int(colors.background[1:3], 16) < 0x80
    return Theme(
        name=name,
        primary=colors.primary,
        secondary=colors.good,
        warning=colors.unsure,
        error=colors.bad,
        success=colors.label,
        accent=colors.path,
        foreground=colors.foreground,
        background=colors.background,
        surface=colors.surface,
        panel=colors.panel,
        dark=dark,
        variables=variables(colors),
    )


def variables(colors: Colors) -> dict[str, str]:
    """The colours that the style sheets name, beside those that a theme has fields for."""
    return {
        "text": colors.foreground,
        "text-muted": colors.muted,
        "text-disabled": colors.dim,
        "text-primary": colors.good,
        "text-error": colors.bad,
        "text-warning": colors.unsure,
        "text-accent": colors.path,
        "text-success": colors.label,
        "dim": colors.dim,
        "cursor": colors.cursor,
        "on-cursor": colors.on_cursor,
        "blurred": colors.blurred,
        "block-cursor-background": colors.cursor,
        "block-cursor-foreground": colors.on_cursor,
        "block-cursor-blurred-background": colors.blurred,
        "block-cursor-blurred-foreground": colors.foreground,
        "input-selection-background": colors.cursor,
        "input-selection-foreground": colors.on_cursor,
    }
