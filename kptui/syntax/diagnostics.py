"""What could not be read, where, and what would have been expected there."""

from __future__ import annotations

from typing import Literal

from kptui.records import dataclass
from kptui.text import visible

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding about the text of a source; `line` and `column` count from 1, `text` is the line itself."""

    line: int
    column: int
    severity: Severity
    message: str
    text: str = ""
    hint: str = ""

    def render(self, source: str) -> str:
        """The finding as compilers print it: place and message, the line, a caret under the column, the hint."""
        parts = [f"{visible(source)}:{self.line}:{self.column}: {self.severity}: {visible(self.message)}"]
        if self.text:
            line, caret = _around(self.text, self.column)
            parts += [f"  {line}", f"  {caret}"]
        if self.hint:
            parts.append(f"  hint: {visible(self.hint)}")
        return "\n".join(parts)


def _around(text: str, column: int, width: int = 100) -> tuple[str, str]:
    """The piece of a line around a column, made visible, and the caret line for it."""
    start = max(0, column - 1 - width * 3 // 4) if len(text) > width else 0
    before, after = visible(text[start : column - 1]), visible(text[column - 1 : start + width])
    lead = "…" if start else ""
    tail = "…" if len(text) > start + width else ""
    return f"{lead}{before}{after}{tail}", " " * len(lead + before) + "^"
