"""The Python API: its documentation is run, and what it answers is what the command line answers."""

from __future__ import annotations

import doctest
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import kptui
from tests.support import NODE, ROOT, Done, sample

NGINX = sample("nginx-nodeport")


@pytest.fixture
def nginx() -> kptui.Rules:
    return kptui.load(NGINX, local=NODE)


@pytest.mark.parametrize(
    "examples",
    [lambda: doctest.testfile(str(ROOT / "docs/python.md"), module_relative=False), lambda: doctest.testmod(kptui)],
    ids=["docs/python.md", "kptui"],
)
def test_the_examples_are_true(examples: Callable[[], doctest.TestResults], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    found = examples()
    assert found.attempted > 3
    assert found.failed == 0


def test_a_path_may_be_a_path() -> None:
    assert repr(kptui.load(Path(NGINX))) == f"<kptui.Rules {NGINX!r}: 63 rules>"


def test_text_and_json_are_those_of_the_command_line(nginx: kptui.Rules, run: Callable[..., Done]) -> None:
    traced = nginx.trace("10.42.0.199 -> default/nginx", reply=True)
    options = ("10.42.0.199 -> default/nginx", "--local", NODE, "--reply")
    assert json.loads(run("trace", NGINX, *options, "--json").out) == traced.json()
    assert run("trace", NGINX, *options).out == f"{traced}\n"
    assert run("trace", NGINX, *options, "--format", "dot").out == f"{traced.dot()}\n"
    assert run("trace", NGINX, *options, "--format", "mermaid").out == f"{traced.mermaid()}\n"


def test_fields_do_what_an_expression_does(nginx: kptui.Rules) -> None:
    fields = {"src": "10.42.0.7", "dst": "10.110.199.45", "dport": 80, "proto": "tcp"}
    assert nginx.trace(fields).json() == nginx.trace("10.42.0.7 -> default/nginx").json()


def test_with_misses_the_rules_that_did_not_match_are_there(nginx: kptui.Rules) -> None:
    traced = nginx.trace("10.42.0.7 -> default/nginx", misses=True)
    assert {step.matched for step in traced.outcomes[0].steps} == {True, False}


def test_what_is_told_at_loading_and_at_asking_adds_up() -> None:
    rules = kptui.load(sample("session-affinity"), local=[NODE])
    packet = "10.42.0.7 -> 10.96.12.34:80"
    assert not rules.trace(packet).certain
    assert rules.trace(packet, settings={"recent": "no"}).certain
    assert rules.trace(packet, assume=["rcheck=no"]).certain
    assert not rules.trace(packet).certain
    assert kptui.load(sample("session-affinity"), local=NODE, assume="rcheck=no").trace(packet).certain


def test_files_beside_the_dump_are_read(tmp_path: Path) -> None:
    (tmp_path / "rules").write_text(
        "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m set --match-set bad src -j DROP\nCOMMIT\n"
    )
    (tmp_path / "sets").write_text("create bad hash:net family inet\nadd bad 10.0.0.0/8\n")
    rules = kptui.load(tmp_path / "rules", local=NODE, ipset=tmp_path / "sets", routes="default dev eth0")
    assert [rules.trace(f"{src} -> {NODE}:80").answer for src in ("10.1.1.1", "192.0.2.1")] == ["no", "yes"]


def test_check_compares_with_the_api(nginx: kptui.Rules, tmp_path: Path) -> None:
    (tmp_path / "services.json").write_text('{"kind": "List", "items": []}')
    found = nginx.check(tmp_path / "services.json")
    assert not nginx.check()
    assert "default/nginx" in " ".join(finding.message for finding in found)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: kptui.load("/no/such/file"), kptui.SourceError, "There is no file /no/such/file."),
        (lambda: kptui.load(NGINX, local="nowhere"), kptui.UsageError, "--local: “nowhere”"),
        (lambda: kptui.load(NGINX, names="/no/names"), kptui.SourceError, "There is no file /no/names."),
        (lambda: kptui.load(NGINX).trace({"colour": "red"}), kptui.UsageError, "no field “colour”"),
        (lambda: kptui.load(NGINX).trace("10.0.0.256"), kptui.UsageError, "“10.0.0.256”"),
        (lambda: kptui.load(NGINX).trace("10.0.0.1").differs("perhaps"), kptui.UsageError, "--expect"),
    ],
)
def test_errors_are_one_sentence(call: Callable[[], object], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said) as raised:
        call()
    assert isinstance(raised.value, kptui.KptuiError)
    assert "\n" not in str(raised.value)


def test_the_api_is_what_it_says() -> None:
    assert dir(kptui) == sorted(kptui.__all__)
    assert all(getattr(kptui, name) is not None for name in kptui.__all__)
    with pytest.raises(AttributeError, match="no attribute 'colour'"):
        _ = kptui.colour
