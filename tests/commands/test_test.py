"""`kptui test`: exit codes, what is said of cases, JSON, JUnit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.support import NODE, SAMPLES, Done, sample

Run = Callable[..., Done]
NGINX = sample("nginx-nodeport")
RIGHT = "- {name: right, packet: 10.42.0.7 -> default/nginx, expect: yes snat=none}\n"
DIFFERS = "- {name: differs, packet: 10.42.0.7 -> default/nginx, expect: no}\n"
UNKNOWN = "- {name: unknown, packet: -> default/ngin, expect: yes}\n"
SENSELESS = "- {name: senseless, packet: 10.0.0.256, expect: yes}\n"


@pytest.fixture
def put(run: Run, tmp_path: Path) -> Run:
    """Put cases to the nginx sample, or another source."""

    def call(cases: str, *options: str, source: str = NGINX) -> Done:
        (tmp_path / "cases.yaml").write_text(cases)
        return run("test", str(tmp_path / "cases.yaml"), source, "--local", NODE, *options)

    return call


def test_the_sample_s_expectations_hold(run: Run) -> None:
    done = run("test", str(SAMPLES / "nginx-nodeport.yaml"), NGINX)
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("4 of 4 as expected.\n")


@pytest.mark.parametrize(
    ("cases", "code", "tally"),
    [
        (RIGHT, 0, "1 of 1 as expected."),
        (RIGHT + DIFFERS, 1, "1 of 2 as expected, 1 not."),
        (UNKNOWN, 1, "0 of 1 as expected, 1 not."),
        (RIGHT + SENSELESS + DIFFERS, 2, "1 of 3 as expected, 1 not, 1 that makes no sense."),
    ],
)
def test_the_exit_code_says_how_it_went(put: Run, cases: str, code: int, tally: str) -> None:
    done = put(cases)
    assert done.code == code
    assert done.out.splitlines()[-1] == tally


def test_a_file_that_makes_no_sense_is_told_before_the_source_is_read(put: Run) -> None:
    done = put("- {packet: x}\n", source="/no/such/source")
    assert (done.code, done.out) == (2, "")
    assert "cases.yaml:1:3: the field expect is missing" in done.err


def test_a_source_that_cannot_be_read(put: Run) -> None:
    assert put(RIGHT, source="/no/such/source").code == 3


def test_a_file_that_is_not_there(run: Run) -> None:
    assert run("test", "/no/such/file", NGINX).err == "kptui: There is no file /no/such/file.\n"


def test_what_differs_is_told_with_line_and_outcomes(put: Run) -> None:
    done = put(RIGHT + DIFFERS)
    assert "cases.yaml:2: the answer is yes, not no" in done.out
    assert "⇒ 10.42.0.199:80" in done.out


def test_answers_that_settle_nothing_are_told(put: Run) -> None:
    assert "--assume rchek: it settles nothing" in put(RIGHT, "--assume", "rchek=no").err


def test_json(put: Run) -> None:
    told = json.loads(put(RIGHT + DIFFERS + SENSELESS, "--json").out)
    assert told["schema"] == "kptui.test/1"
    assert (told["passed"], told["failed"], told["error"]) == (1, 1, 1)
    right, differs, senseless = told["cases"]
    assert (right["status"], right["difference"], right["line"]) == ("passed", None, 1)
    assert right["packet"]["src"] == "10.42.0.7"
    assert {outcome["dnat"] for outcome in differs["outcomes"]} == {"10.42.0.199:80", "10.42.0.200:80"}
    assert (senseless["answer"], senseless["packet"], senseless["outcomes"]) == (None, None, [])


def test_junit(put: Run, tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    hostile = '- {name: "<&\\e[31m\\uFFFE", packet: -> default/ngin, expect: yes}\n'
    put(RIGHT + SENSELESS + hostile, "--junit", str(path))
    (suite,) = ET.parse(path).getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    right, senseless, named = suite.findall("testcase")
    assert (right.get("name"), right.get("line"), len(right)) == ("right", "1", 0)
    assert [child.tag for child in senseless] == ["error"]
    assert named.get("name") == "<&\\x1b[31m\N{REPLACEMENT CHARACTER}"
    failure = named.find("failure")
    assert failure is not None
    assert "know no Service default/ngin" in failure.get("message", "")


def test_junit_that_cannot_be_written(put: Run) -> None:
    done = put(RIGHT, "--junit", "/no/such/folder/junit.xml")
    assert done.code == 2
    assert "/no/such/folder/junit.xml can't be written: No such file or directory." in done.err
