"""Patterns are compiled when they are first used, once, and then do what `re`'s do."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kptui.patterns import pattern


def test_a_pattern_is_compiled_at_its_first_use_and_never_again(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []
    real = re.compile

    def spy(text: str, flags: int = 0) -> Any:
        compiled.append(text)
        return real(text, flags)

    monkeypatch.setattr(re, "compile", spy)
    digits = pattern(r"([a-z]+)=(\d+)", re.IGNORECASE)
    assert compiled == []
    found = digits.match("A=12")
    assert found is not None
    assert found.groups() == ("A", "12")
    assert digits.match("a=b") is None
    assert len(compiled) == 1
    assert digits.sub("x", "a=1 b=2") == "x x"
    assert digits.pattern == r"([a-z]+)=(\d+)"


def test_what_is_wrong_in_a_pattern_is_told_at_its_first_use() -> None:
    wrong = pattern("(")
    with pytest.raises(re.error):
        wrong.match("(")
