"""Text of a dump is untrusted: this makes it safe to show. And how numbers of things read."""

from __future__ import annotations

import re
import unicodedata

_PLAIN = re.compile(r"[\x20-\x7e]*\Z")
_HIDDEN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}


def visible(text: str) -> str:
    r"""The text with control, format and undecodable characters written out, so that it can't act on a terminal.

    A byte that is not UTF-8 (kept by the reader as a lone surrogate) becomes `\xNN`; ESC becomes `\x1b`.
    """
    return text if _PLAIN.match(text) else "".join(map(_shown, text))


def _shown(char: str) -> str:
    code = ord(char)
    if unicodedata.category(char) not in _HIDDEN:
        return char
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def number_of(number: int, what: str) -> str:
    """1 rule, 2,000 rules."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
