"""Every sign of the explorer in ASCII, for terminals, fonts and readers that have nothing else.

A sign is replaced in the finished line by one of the same width, so nothing moves. Two kinds need more room: hop
numbers (`①` becomes `(1)`), which take it from the spaces beside them, and keys, which are told by name.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.text import Span, Text
from textual.color import Color
from textual.filter import LineFilter
from textual.scrollbar import ScrollBarRender

_SAME = {
    "→": ">", "⇢": "~", "⇒": "=", "↩": "<", "←": "<", "↑": "^", "↓": "v", "↵": "<", "✓": "+", "✗": "x",
    "▸": "+", "▾": "-", "▲": "^", "▼": "v", "●": "*", "•": "*", "⚠": "!", "·": "-", "…": "~", "›": ">", "‹": "<",
    "“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "×": "x", "‖": "|", "≥": ">", "≤": "<", "≠": "!",
    "▁": ".", "▂": ":", "▃": "-", "▄": "=", "▅": "+", "▆": "*", "▇": "%", "█": "#", "▀": "=", "▔": "-",
    "▏": "|", "▎": "|", "▍": "|", "▌": "|", "▋": "|", "▊": "|", "▉": "|", "▐": "|", "▕": "|", "🔎": "?",
}  # fmt: skip
_LYING, _STANDING = "─━═╌╍┄┅┈┉╴╶╸╺╼╾", "│┃║╎╏┆┇┊┋╵╷╹╻╽╿"
_FRAMES = {chr(code): "+" for code in range(0x2500, 0x2580)} | {"└": "`"}
ASCII = _FRAMES | dict.fromkeys(_LYING, "-") | dict.fromkeys(_STANDING, "|") | _SAME
"""What stands for each sign."""
# Where a hop's number has no room to become more than a cell, the digit has to do.
_HOPS = {chr(ord("①") + number): str((number + 1) % 10) for number in range(20)}
_TABLE = str.maketrans({sign: f"{stands:<{cell_len(sign)}}" for sign, stands in (ASCII | _HOPS).items()})
_HOP = re.compile("[①-⑳]")
_SPACED = re.compile("( *)([①-⑳]+)( *)")


def hops_in_ascii(text: str) -> str:
    """A text with its hop numbers in parentheses."""
    return _HOP.sub(lambda found: f"({ord(found[0]) - ord('①') + 1})", text)


def row_in_ascii(text: Text) -> Text:
    """A row with its hop numbers in parentheses, what is beyond the spaces beside them staying where it was."""
    while (found := _SPACED.search(text.plain)) is not None:
        before, marks, after = (len(part) for part in found.groups())
        mark = text[found.start(2) : found.end(2)]
        number = hops_in_ascii(mark.plain)
        wanted = len(number) - marks
        taken = min(before, wanted)
        after = max(after - (wanted - taken), min(1, after))
        spelled = Text(number, spans=[Span(0, len(number), each.style) for each in mark.spans])
        text = Text.assemble(text[: found.start()], " " * (before - taken), spelled, " " * after, text[found.end() :])
    return text


class Ascii(LineFilter):
    """Puts ASCII in place of every sign; what a terminal of another encoding has not becomes a question mark."""

    def __init__(self, encoding: str) -> None:
        """`encoding` is that of the terminal."""
        super().__init__()
        self._encoding = encoding

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """One line."""
        return [Segment(plain(text, self._encoding), style, control) for text, style, control in segments]


@lru_cache(4096)
def plain(text: str, encoding: str = "utf-8") -> str:
    """A text with ASCII in place of signs, as wide as it was."""
    if text.isascii():
        return text
    text = text.translate(_TABLE)
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return "".join(char if _has(encoding, char) else "?" * cell_len(char) for char in text)
    return text


def _has(encoding: str, char: str) -> bool:
    try:
        return bool(char.encode(encoding)) or True
    except (UnicodeEncodeError, LookupError):
        return char.isascii()


class BlockBar(ScrollBarRender):
    """A scroll bar without the fractions of a block."""

    VERTICAL_BARS = [" "] * 8
    HORIZONTAL_BARS = [" "] * 8
