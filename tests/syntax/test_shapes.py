"""The fast way and the plain one: reading a line by its shape gives what Lark's tree of it gives."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kptui.syntax.grammar import parser_for
from kptui.syntax.lines import BLANKS
from kptui.syntax.shapes import RuleReader
from tests.support import shared
from tests.syntax.support import CATALOGUE, corpus_files, corpus_rows, read_text, sample_files, text_of


def reader(table: str = "", six: bool = False) -> RuleReader:
    return RuleReader(lambda: parser_for(CATALOGUE), CATALOGUE, 6 if six else 4, table)


def agree(rules: RuleReader, text: str, chain: str = "INPUT") -> None:
    assert rules.read(text, 1, 1, chain) == rules.read_plainly(text, 1, 1, chain), text


@pytest.mark.parametrize("path", sample_files(), ids=lambda path: path.stem)
def test_every_line_of_the_samples(path: object) -> None:
    ruleset = read_text(text_of(path))  # type: ignore[arg-type]
    readers = {(t.name, t.family): reader(t.name, t.family == 6) for t in ruleset.tables}
    for table, chain, rule in ruleset.rules():
        agree(readers[table.name, table.family], rule.text, chain.name)


def test_every_line_of_the_corpus() -> None:
    rules = reader()
    seen = set()
    for path in corpus_files("dumps", "fixed", "canon"):
        for line in text_of(path).split("\n"):
            text = line.strip(BLANKS)
            if "-A " in text[:40] and text not in seen and not text.startswith("#"):
                seen.add(text)
                agree(rules, text)
    assert len(seen) > 10_000


def test_every_rule_of_iptables_own_tests() -> None:
    rules = reader()
    for row in corpus_rows():
        agree(rules, f"-A INPUT {row['rule']}")
        agree(rules, f"-A INPUT {row['rule']}")


def test_a_large_dump_has_few_shapes() -> None:
    text = gzip.decompress((shared("dumps") / "kubeproxy-0100.txt.gz").read_bytes()).decode()
    rules = reader("nat")
    lines = [line for line in text.split("\n") if line.startswith("-A ")]
    for line in lines[:2000]:
        rules.read(line, 1, 1, "X")
    assert rules.shapes < 60
    for line in lines[::40]:
        agree(rules, line, "X")


SHORT = "-s -d -p -i -o -f -m -j -g -c -x -4 ! tcp udp icmp 6 eth0 22 1:2 SYN,ACK SYN src src,dst ACCEPT DROP KUBE-X"
LONG = "comment --comment --dport --sport --syn --tcp-flags set --match-set DNAT --to-destination 10.0.0.1:80 --random"
MORE = "statistic --mode random nth --probability 0.5 --every 2 --packet 0 recent --rcheck --seconds 5 --name"
MARKS = "--mark 0x4/0x4 mark MARK --set-xmark --dport=22 -ptcp [1:2] :0 # 10.0.0.1/32 fd00::1"
QUOTED = ['"a"', '"a b"', '""', '"\\""', '"-j"', '"!"', 'a"b c"', '"open']
WORDS = st.one_of(
    st.sampled_from([*" ".join([SHORT, LONG, MORE, MARKS]).split(" "), *QUOTED]),
    st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=6),
)
LINES = st.lists(WORDS, max_size=14).map(lambda words: " ".join(["-A INPUT", *words]))
PREFIXED = st.tuples(st.sampled_from(["", "[1:2] ", "iptables ", "> ", "-t nat ", "-4 "]), LINES).map("".join)


@settings(max_examples=400, deadline=None)
@given(st.lists(PREFIXED, min_size=1, max_size=4))
def test_generated_lines(lines: list[str]) -> None:
    rules = reader()
    for text in [*lines, *lines]:
        agree(rules, text.strip(BLANKS))
