"""Text of a dump, made safe to show."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kptui.text import number_of, visible


@pytest.mark.parametrize(
    "text",
    ["", "KUBE-SVC-OVTWZ4GROBJZO4C5", "[/x] [@click=app.quit]boo[/]", "naïve Übung → 日本語 ✓ 🦊", "a\u00a0b"],
)
def test_what_can_be_printed_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\r\tc\0", "a\\x0ab\\x0d\\x09c\\x00"),
        ("\x7f", "\\x7f"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egnp", "\\u202egnp"),
        ("a\u2028b\u2029c", "a\\u2028b\\u2029c"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\U000e0041", "\\U000e0041"),
        (b"\xff\xfe".decode("utf-8", "surrogateescape"), "\\xff\\xfe"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_could_act_on_a_terminal_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters(), max_size=40))
def test_what_is_shown_holds_nothing_hidden_and_can_be_encoded(text: str) -> None:
    shown = visible(text)
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    shown.encode("utf-8")
    assert visible(shown) == shown


def test_one_of_a_thing_has_no_s() -> None:
    assert [number_of(n, "rule") for n in (0, 1, 2, 1_204)] == ["0 rules", "1 rule", "2 rules", "1,204 rules"]
