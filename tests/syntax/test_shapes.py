"""The fast way and the plain one: reading a line by its shape gives what Lark's tree of it gives."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kptui.netfilter.extensions.values import kind
from kptui.syntax.ast import Rule
from kptui.syntax.quoting import unquoted
from kptui.syntax.shapes import BLANKS, VALUE, RuleReader
from kptui.syntax.templates import beginning
from kptui.syntax.text import Lines
from tests.support import shared
from tests.syntax.support import CATALOGUE, corpus_files, corpus_rows, read_text, sample_files, text_of


def reader(table: str = "", six: bool = False) -> RuleReader:
    return RuleReader(CATALOGUE, 6 if six else 4, table, often=2)


def read(rules: RuleReader, text: str, chain: str = "X") -> Rule:
    return next(rules.rules(Lines(text), [(chain, [1])]))


def agree(rules: RuleReader, text: str, chain: str = "INPUT") -> None:
    """The same three times over: learning the shape, looking it up, by its pattern."""
    text = text.strip(BLANKS)
    plainly = rules.read_plainly(text, 1, 1, chain)
    for _ in range(3):
        assert read(rules, text, chain) == plainly, text


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


@pytest.mark.parametrize(
    "text",
    [
        "-A FORWARD -m comment --comment x -g MARK --set-xmark 0x1/0x1",
        "[3:4] [0:0] -A FORWARD -j DROP",
        "-A FORWARD -c 1,2 -j DROP",
    ],
)
def test_what_generated_lines_found(text: str) -> None:
    rules = reader("mangle")
    agree(rules, text)
    agree(rules, text.replace("x", "y").replace("[3:4] ", "").replace("1,2", "3,4"))


def test_a_large_dump_has_few_shapes() -> None:
    text = gzip.decompress((shared("dumps") / "kubeproxy-0100.txt.gz").read_bytes()).decode()
    rules = reader("nat")
    lines = [line for line in text.split("\n") if line.startswith("-A ")]
    for line in lines[:2000]:
        read(rules, line)
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


REAL = sorted({rule.text for path in sample_files() for _, _, rule in read_text(text_of(path)).rules()})
ODD = "10.0.0.300 10/8 1.2.3.4/33 1.2.3.4:0 1.2.3.4:65536 080 65535 1.5 0x1/0x1 -1 ! -j # a,b KUBE-SEP- ACCEPT DNAT tcp"
VALUES = st.one_of(
    st.sampled_from([*ODD.split(" "), *QUOTED, "\t", "a\rb", "a\x0bb", "10.0.0.1:80-90", "fd00::1/128"]),
    st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]{1,2})?(:[0-9]{1,5})?", fullmatch=True),
    st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=1, max_size=6),
    st.text('ab -\\"', max_size=8).map(lambda text: f'"{text}"'),
)


@st.composite
def changed(draw: st.DrawFn, most: int = 1) -> list[str]:
    """A real rule, and the same with some of its words changed, up to so many times."""
    text = draw(st.sampled_from(REAL))
    made = [text]
    for _ in range(draw(st.integers(1, most))):
        words = text.split(" ")
        for _ in range(draw(st.integers(1, 3))):
            words[draw(st.integers(2, len(words) - 1))] = draw(VALUES)
        made.append(draw(st.sampled_from(["", "[3:4] "])) + " ".join(words))
    return made


@settings(max_examples=400, deadline=None)
@given(st.lists(changed(), min_size=1, max_size=3), st.booleans())
def test_changed_values(pairs: list[list[str]], nat: bool) -> None:
    rules = reader("nat" if nat else "")
    for texts in pairs:
        for text in texts:
            agree(rules, text.strip(BLANKS))


KINDS = ["network", "networks", "nat", "port", "ports", "orderedports", "text(0-12)", "text(1-9)"]


@pytest.mark.parametrize(("name", "family"), [(name, family) for name in KINDS for family in kind(name).usual])
def test_usual_values_fit_their_kind(name: str, family: int) -> None:
    found = kind(name)

    @settings(max_examples=300, deadline=None)
    @given(st.from_regex(found.usual[family], fullmatch=True))
    def usual(text: str) -> None:
        assert found.fits(unquoted(text), family)
        assert VALUE.fullmatch(f"x {text}", 2)

    usual()


def test_usual_lines_are_told_by_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise all of the above would hold, and reading be slow."""
    rules = reader("nat")
    lines = [f"-A KUBE-SEP-X -s 10.0.{n}.9/32 -j KUBE-MARK-MASQ" for n in range(6)]
    lines += [f"-A KUBE-SEP-X -p tcp -m tcp -j DNAT --to-destination 10.0.{n}.9:{80 + n}" for n in range(6)]
    for text in lines[:3] + lines[6:9]:
        read(rules, text)
    monkeypatch.setattr(rules, "_look_up", None)
    assert [read(rules, text).text for text in lines[9:]] == lines[9:]


def test_a_thread_that_comes_while_a_shape_is_made_ready_can_use_it_at_once() -> None:
    template = beginning()
    seen: list[tuple[object, ...]] = []

    def write() -> tuple[object, object]:
        if not seen:
            # As if another thread came to a line of the same shape just now.
            seen.append(())
            template.ready()
            seen.append((template.match, template.read, template.wrong))
        return "read", "wrong"

    template.write = write  # type: ignore[assignment]
    template.ready()
    assert seen[1][1:] == ("read", "wrong")


def test_a_follower_that_another_thread_left_out_is_no_error() -> None:
    last, first, second = beginning(), beginning(), beginning()
    last.followers = (first, second)
    last.prefer(second)
    assert last.followers == (second, first)
    last.prefer(second)
    last.prefer(beginning())
    assert last.followers == (second, first)
