"""Lines are cut out of a text block by block, as if it had been split at once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kptui.syntax import text as module
from kptui.syntax.text import Lines


@settings(max_examples=200, deadline=None)
@given(st.text("ab\r\u2028\n\n"), st.sampled_from([1, 2, 3, 7]))
def test_lines_of_small_blocks(text: str, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", block)
        lines, wanted = Lines(text), text.split("\n")
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
        with pytest.raises(IndexError):
            lines[len(wanted)]
        assert lines[1:] == wanted[1:]
