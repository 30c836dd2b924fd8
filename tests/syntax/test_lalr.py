"""The parser's tables that are kept beside the grammar are those of the grammar as it is."""

from __future__ import annotations

import pytest
from lark import Lark, Token, Tree, UnexpectedInput

from kptui.netfilter.extensions import Catalogue
from kptui.syntax import lalr
from kptui.syntax.grammar import _Values
from tests.support import SAMPLE_NAMES, SAMPLES

BROKEN = ["-A", "-A X -s", "-A X ! ! -s 10.0.0.1", "-A X -j", "-A X ACCEPT", "A X", "-A X [1:2] -j", "[1:2", ":X -"]


def told(parser: Lark, line: str) -> Tree[Token] | tuple[str, int, set[str]]:
    try:
        return parser.parse(line)
    except UnexpectedInput as error:
        wanted = getattr(error, "accepts", None) or getattr(error, "allowed", None) or set()
        return type(error).__name__, error.column, set(wanted)


def test_kept_tables_are_of_this_grammar_and_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = lalr.built(lalr.LINE, _Values(Catalogue()))
    monkeypatch.setattr(lalr, "built", lambda *args: pytest.fail("the kept tables are stale: make tables"))
    kept = lalr.line_parser(_Values(Catalogue()))
    lines = {line for name in SAMPLE_NAMES for line in (SAMPLES / f"{name}.txt").read_text().split("\n")}
    assert len(lines) > 400
    for line in [*sorted(lines), *BROKEN]:
        assert told(kept, line) == told(fresh, line), line


@pytest.mark.parametrize("kept", ["", "{}", '{"of": ["another grammar", "1.0"]}'])
def test_tables_of_another_grammar_are_not_used(kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = lalr._text
    monkeypatch.setattr(lalr, "_text", lambda name: kept if name == lalr.TABLES else text(name))
    assert lalr.line_parser(_Values(Catalogue())).parse("-A X -j DROP").data == "rule"
