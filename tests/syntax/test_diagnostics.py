"""What is said of a line that can't be read: the column, what was expected, why."""

from __future__ import annotations

import pytest

from tests.syntax.support import around, problem_of, read_text, rule_of


@pytest.mark.parametrize(
    ("rule", "at", "words"),
    [
        ("-s x.x.x.x/32 -j DROP", "x.x", "found “x.x.x.x/32”, expected an address"),
        ("-p tcp -m tcp --dport 65536 -j DROP", "65536", "expected a port"),
        ("-p tcp -m tcp --dport -1 -j DROP", "-1", "expected a port"),
        ("-m tcp --dport 1 -j DROP", "tcp", "tcp needs -p tcp"),
        ("-i thisinterfaceistoolong0", "this", "at most 15 bytes"),
        ("-m ttl --ttl-eq 256", "256", "a number from 0 to 255"),
        ("-m state --state NEWW", "NEWW", "one of INVALID, NEW"),
        ("-m state wrong", "wrong", "expected the end of the line or an option"),
        ("-m state", "state", "state needs --state"),
        ("-m comment --comment", "--comment", "wants a value"),
        ("-p tcp -m tcp --syn foo", "foo", "found “foo”"),
        ("-p tcp --multiport", "--multiport", "unknown option"),
        ("-s 1.1.1.1 -s 2.2.2.2", "-s 2", "given twice"),
        ("-o eth0 -j DROP", "-o", "never set in this chain"),
        ("-j DNAT --to-destination 1.1.1.1", "DNAT", "table nat only"),
        ("-m statistic --mode nth --every 5 --packet 5", "--mode", "less than --every"),
        ("-j LOG --log-level bad", "bad", "a log level"),
        ("-g ACCEPT", "ACCEPT", "-g wants a chain"),
        ("-j LOG ! --log-level 3", "--log-level", "can't be negated"),
    ],
)
def test_the_column_and_what_was_expected(rule: str, at: str, words: str) -> None:
    [found] = read_text(around(rule)).diagnostics
    assert words in found.message
    assert found.line == 4
    assert found.text[found.column - 1 :].startswith(at)


@pytest.mark.parametrize(
    ("rule", "hint"),
    [
        ("-s x.x.x.x/32 -j DROP", "anonymised"),
        ("-m mac --mac-source XX:XX:XX:XX:XX:XX", "anonymised"),
        ("-d $POD_IP -j DROP", "placeholder"),
        ("-s ntp.example.net -j DROP", "looks names up"),
        ('-m comment --comment "ab -j DROP', "close it"),
        ("-j KUBE# Warning: iptables-legacy tables present, use iptables-legacy-save to see them", "stderr"),
        ("-j DNAT [unsupported revision]", "older than what wrote the rule"),
        (
            "-p tcp -j DNAT --to-destination  --random --to-destination  --random --to-destination 0.0.0.0:0",
            "misprints",
        ),
        ("-p tcp -j DNAT --to-destination :0 --persistent --to-destination :0", "misprints"),
    ],
)
def test_the_cause_where_it_is_known(rule: str, hint: str) -> None:
    found = read_text(around(rule, "nat", "PREROUTING")).diagnostics
    assert any(hint in each.hint for each in found), found


def test_a_refused_rule_keeps_its_place() -> None:
    found = read_text(around("-m state wrong")).chain("filter", "INPUT")
    assert found is not None
    assert found.rules[0].error is not None
    assert found.rules[0].matches == ()


def test_an_unclosed_quote_takes_the_line_end_and_no_more() -> None:
    text = around('-m comment --comment "ab -j DROP').replace("COMMIT", "-A INPUT -j ACCEPT\nCOMMIT")
    chain = read_text(text).chain("filter", "INPUT")
    assert chain is not None
    assert [rule.comment for rule in chain.rules] == ["ab -j DROP\n", None]


def test_unknown_extensions_are_no_errors() -> None:
    found = rule_of("-m geoip --src-cc CN,RU -j ROUTE --oif eth0")
    assert found.problem is not None
    assert found.problem.severity == "warning"
    assert found.matches[0].options[0].values == ("CN,RU",)


def test_jumps_elsewhere_are_no_problem_in_a_fragment() -> None:
    assert "not declared" not in "".join(each.message for each in read_text("-A INPUT -j X\n").diagnostics)
    assert "not declared" in problem_of("-j X")
