"""Files of expectations: what they may say, and where it is told that something in them is wrong."""

from __future__ import annotations

import pytest

from kptui.ask.request import Request
from kptui.errors import UsageError
from kptui.expectations.case import Case
from kptui.expectations.file import read_cases


def case_of(text: str, name: str = "f.yaml") -> Case:
    (found,) = read_cases(name, text)
    return found


CASE = "- packet: 10.0.0.1\n  expect: "


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ('"depends"', "depends"),
        ("yes dnat=10.0.0.1:80,10.0.0.2:80 snat=none", "yes dnat=10.0.0.1:80,10.0.0.2:80 snat=none"),
        ("{answer: no, end: [dropped, rejected]}", "no end=dropped,rejected"),
        ("\n    answer: yes\n    dnat: 10.0.0.1:80", "yes dnat=10.0.0.1:80"),
    ],
)
def test_what_is_expected(written: str, meant: str) -> None:
    assert str(case_of(CASE + written).expect) == meant


def test_words_stay_words_whatever_yaml_takes_them_for() -> None:
    packet = "{src: 10.0.0.1, dport: 0080, mac_source: 00:11:22:33:44:55, ttl: 64}"
    found = case_of(f"- {{packet: {packet}, expect: no, set: {{recent: no, time: 2026-11-25T14:30}}}}")
    assert found.packet == {"src": "10.0.0.1", "dport": "0080", "mac_source": "00:11:22:33:44:55", "ttl": 64}
    assert found.told.settings == {"recent": "no", "time": "2026-11-25T14:30"}


def test_a_case_adds_to_its_file_and_the_file_to_the_command_line() -> None:
    text = """
local: 10.0.0.1
set: {a: 1, b: 2}
cases:
  - {packet: 10.9.9.9, expect: yes, local: [10.0.0.2, 10.0.0.3], set: {b: 3}, reply: yes}
  - {packet: 10.9.9.9, expect: yes, routes: default dev eth0}
"""
    first, second = read_cases("f.yaml", text, Request(local=("10.0.0.0",), settings={"c": "4"}))
    assert first.told.local == ("10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3")
    assert first.told.settings == {"a": "1", "b": "3", "c": "4"}
    assert second.told.local == ("10.0.0.0", "10.0.0.1")
    assert (first.reply, second.reply) == (True, False)
    assert second.told.routes == ("default dev eth0",)


def test_cases_know_their_lines_and_names() -> None:
    first, second = read_cases(
        "f", "cases:\n  - name: one\n    packet: 10.0.0.1\n    expect: yes\n  - {packet: {dport: 80}, expect: no}\n"
    )
    assert [(each.name, each.line, each.column) for each in (first, second)] == [("one", 2, 5), ("dport 80", 5, 5)]


def test_json_is_read_as_well_with_tabs() -> None:
    found = case_of('{\t"cases": [\n\t{"packet": "-> a/b", "expect": "no",\t"reply": true}]}', "f.json")
    assert (found.packet, found.reply, found.line) == ("-> a/b", True, 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1:1: expected a list of cases, or a mapping with the field cases."),
        ("hello", "1:1: expected a list of cases"),
        ("[]", "1:1: there is no case in it."),
        ("local: 10.0.0.1\n", "1:1: the field cases is missing"),
        ("cases:\n  - packet: x\n    expct: yes\n", "3:5: there is no field “expct” in a case"),
        ("cases:\n  - packet: x\n    expct: yes\n", "did you mean expect?"),
        ("- packet: 10.0.0.1\n", "1:3: the field expect is missing in this case."),
        ("- expect: yes\n", "1:3: the field packet is missing in this case."),
        ("- packet:\n  expect: yes\n", "1:3: the field packet is missing"),
        (CASE + "perhaps", "2:11: expect: “perhaps” is none of yes, no, depends."),
        (CASE + "yes colour=red", "2:11: expect: “colour=red” is none of dnat=…"),
        (CASE + "{dnat: 10.0.0.1}", "2:11: expect: say yes, no or depends"),
        (CASE + "[yes]", "2:11: expected what is expected, such as"),
        (CASE + "yes\n  expect: no", "3:3: the field expect is told twice."),
        (CASE + "yes\n  reply: perhaps", "3:10: expected yes or no"),
        (CASE + "yes\n  local: {a: b}", "3:10: expected an address of the host"),
        (CASE + "yes\n  set: recent=no", "3:8: expected a mapping of names to values"),
        ("- packet: {colour: red}\n  expect: yes", "1:12: there is no field “colour” in a packet"),
        ("- packet: [1\n", "2:1: no YAML: "),
        ("\t- x", "1:1: no YAML: "),
        ("a: \x1b[31m", "1:4: no YAML: special characters are not allowed."),
        ("- &a [*a]", "1:3: expected a case"),
        ("- !!python/object/apply:os.system [id]", "1:3: expected a case"),
        ("a: 1\n---\nb: 2\n", "no YAML: "),
        ("[" * 5000, "1:1: it is nested too deep."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_cases("f.yaml", text)
    assert str(raised.value).startswith("f.yaml:")
    assert said in str(raised.value)
    assert str(raised.value).isprintable()


def test_broken_json_is_told_with_its_place() -> None:
    with pytest.raises(UsageError, match=r"^f\.json:2:1: no JSON: "):
        read_cases("f.json", '{"cases":\n')


def test_aliases_do_not_grow() -> None:
    bomb = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]\n" for n in range(30))
    with pytest.raises(UsageError, match="there is no field “a0”"):
        read_cases("f.yaml", bomb)
