"""No text makes the reader raise, or take time or memory out of proportion."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kptui.report.ast_json import ast_json
from kptui.syntax.writer import save
from tests.syntax.support import read_text
from tests.syntax.test_shapes import PREFIXED, WORDS

BEGINNINGS = ["*", ":", "-N ", "-P ", "-F ", "-X ", "-D ", "-I ", "-R ", "-E ", "-Z ", "#", "COMMIT", "[", "", "\t"]
WHOLE = ["*nat", "*filter", ":INPUT ACCEPT [0:0]", ":X - [0:0]", "COMMIT", "-A X -j DROP", "-I X 2 -j X", "-D X 1"]
LINE = st.one_of(
    PREFIXED,
    st.tuples(st.sampled_from(BEGINNINGS), st.lists(WORDS, max_size=3).map(" ".join)).map("".join),
    st.sampled_from(WHOLE),
)


def everything(text: str) -> None:
    """Read a text in full, and write it in every form."""
    ruleset = read_text(text)
    for found in ruleset.diagnostics:
        assert found.render("fuzz")
        assert 1 <= found.line <= len(ruleset.lines)
        assert found.column >= 1
    ast_json(ruleset)
    save(ruleset)


@settings(max_examples=300, deadline=None)
@given(st.lists(LINE, max_size=12).map("\n".join))
def test_lines_of_all_sorts(text: str) -> None:
    everything(text)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_bytes(data: bytes) -> None:
    everything(data.decode("utf-8", "surrogateescape"))


@settings(max_examples=100, deadline=None)
@given(st.lists(LINE, min_size=1, max_size=10).map("\n".join))
def test_what_is_written_is_read_alike(text: str) -> None:
    """Writing is stable: what was saved is read and saved as it is (a rule left out may have told the family)."""
    ruleset = read_text(text)
    assume(len({table.family for table in ruleset.tables}) == 1)
    once = save(ruleset)
    assert save(read_text(once)) == once


LONG = {
    "a value of 10 MB": "-A INPUT -m comment --comment " + "x" * 10_000_000,
    "a quoted value of 10 MB": '-A INPUT -m comment --comment "' + "x " * 5_000_000 + '" -j DROP',
    "escapes": '-A INPUT -m comment --comment "' + '\\"' * 1_000_000 + '" -j DROP',
    "an open quote of 10 MB": '-A INPUT -m comment --comment "' + "x " * 5_000_000,
    "brackets": "[" * 1_000_000,
    "brackets in a rule": "-A INPUT " + "[" * 1_000_000,
    "quotes": "-A INPUT " + '"' * 500_001,
    "quotes apart": "-A INPUT " + '" ' * 250_001,
    "matches": "-A INPUT" + " -m" * 100_000,
    "known matches": "-A INPUT" + " -m tcp --dport 1" * 20_000,
    "unknown matches": "-A INPUT" + " -m x --y 1" * 20_000,
    "negations": "-A INPUT" + " !" * 200_000,
    "sources": "-A INPUT -s " + ",".join(["10.0.0.1"] * 500_000),
    "ports": "-A INPUT -p tcp -m multiport --dports " + ",".join(["1"] * 500_000),
    "digits": "-A INPUT -m mark --mark " + "1" * 1_000_000,
    "dots": "-A INPUT -s " + "1." * 500_000,
    "leads": "> " * 500_000,
    "a prompt": "root@" * 200_000,
    "a chain": ":" + "x" * 5_000_000,
    "blanks": " " * 10_000_000,
}


@pytest.mark.parametrize("name", LONG)
def test_no_line_takes_long(name: str) -> None:
    text = f"*filter\n:INPUT ACCEPT [0:0]\n{LONG[name]}\nCOMMIT\n"
    begun = time.process_time()
    everything(text)
    assert time.process_time() - begun < 60


@pytest.mark.parametrize(
    "line",
    [
        "-I INPUT 1 -s 10.0.0.1",
        "-A INPUT -m x",
        "-A INPUT -s nonsense",
        "prose",
        ":X - [0:0]",
        "-D INPUT -j DROP",
        "-N X",
    ],
)
def test_many_lines_take_time_in_proportion(line: str) -> None:
    def seconds(count: int) -> float:
        text = "\n".join(["*filter", ":INPUT ACCEPT [0:0]", *[line] * count, "COMMIT"])
        begun = time.process_time()
        everything(text)
        return time.process_time() - begun

    seconds(10)
    few, many = seconds(500), seconds(5_000)
    assert many < max(1.0, few * 40)


def test_memory_is_bounded() -> None:
    text = "*filter\n:INPUT ACCEPT [0:0]\n" + LONG["matches"] + "\nCOMMIT\n"
    tracemalloc.start()
    try:
        list(read_text(text).rules())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000 * len(text)
