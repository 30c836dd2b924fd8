"""Lines are cut out of a text block by block, as if it had been split at once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kptui.syntax import text as module
from kptui.syntax.text import Lines, beginning


@settings(max_examples=200, deadline=None)
@given(st.text("ab\r\u2028\n\n"), st.sampled_from([1, 2, 3, 7]), st.sets(st.integers(0, 20)))
def test_lines_of_small_blocks(text: str, block: int, told: set[int]) -> None:
    """Where some lines begin may have been told."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        lines, wanted = Lines(text), text.split("\n")
        for position in sorted(told):
            if 0 < position <= len(text) and text[position - 1] == "\n":
                lines.mark(position, text.count("\n", 0, position))
        if wanted[-1] == "":
            wanted.pop()
        assert len(lines) == len(wanted)
        assert list(lines) == wanted
        assert [lines[index] for index in range(len(wanted))] == wanted
        assert [lines[index - len(wanted)] for index in range(len(wanted))] == wanted
        assert [text[lines.start(index) :].split("\n", maxsplit=1)[0] for index in range(len(wanted))] == wanted
        assert [lines.holding(place) for place in range(len(text))] == [
            text.count("\n", 0, n) for n in range(len(text))
        ]
        for start in ("a", "ab", "\r"):
            told_of = [(index, line) for index, line in enumerate(wanted) if line.startswith(start)]
            assert list(beginning(lines, start)) == told_of == list(beginning(wanted, start))
        with pytest.raises(IndexError):
            lines[len(wanted)]
        assert lines[1:] == wanted[1:]
