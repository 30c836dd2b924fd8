"""`kptui check` as a process: what it prints, its filters, its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kptui.kubernetes.checks import CHECKS
from tests.support import kptui, sample

SAMPLES = Path(__file__).parents[1] / "kubernetes" / "checks"


def fires(name: str) -> str:
    return str(SAMPLES / name / "fires.txt")


def test_findings_are_grouped_with_their_place_and_what_to_look_at() -> None:
    done = kptui("check", fires("uneven-shares"))
    lines = done.out.splitlines()
    assert lines[0] == "warning uneven-shares: Endpoints that don't get even shares"
    assert lines[1].startswith(f"  {fires('uneven-shares')}:25: nat KUBE-SVC-OVTWZ4GROBJZO4C5 rule 2: 2 endpoints")
    assert lines[2].startswith("  → Compare with kubectl get endpointslices")
    assert lines[-1] == "1 warning."
    assert (done.code, done.err) == (1, "")


def test_json_is_that_of_the_contract() -> None:
    done = kptui("check", fires("uneven-shares"), "--json")
    told = json.loads(done.out)
    assert told["schema"] == "kptui.check/1"
    [found] = told["findings"]
    assert (found["id"], found["severity"], found["line"]) == ("uneven-shares", "warning", 25)
    assert (found["chain"], found["table"], found["rule"]) == ("KUBE-SVC-OVTWZ4GROBJZO4C5", "nat", 2)
    assert found["message"]
    assert found["hint"]


@pytest.mark.parametrize(("source", "code"), [("nginx-nodeport", 0), ("no-endpoints", 0)])
def test_infos_do_not_change_the_exit_code(source: str, code: int) -> None:
    done = kptui("check", sample(source))
    assert done.code == code
    assert done.out.splitlines()[-1] == ("2 infos." if source == "no-endpoints" else "Nothing found.")


def test_filters() -> None:
    assert kptui("check", fires("uneven-shares"), "--severity", "error").code == 0
    assert kptui("check", fires("uneven-shares"), "--ignore", "uneven-shares").code == 0
    assert kptui("check", fires("uneven-shares"), "--only", "stale-chain,uneven-shares").code == 1
    assert kptui("check", fires("uneven-shares"), "--id", "stale-chain").code == 0
    assert json.loads(kptui("check", sample("no-endpoints"), "--severity", "warning", "--json").out)["findings"] == []


def test_a_misspelt_check_is_told_with_the_one_that_was_meant() -> None:
    done = kptui("check", sample("no-endpoints"), "--only", "uneven-share")
    assert done.code == 2
    assert "did you mean uneven-shares?" in done.err


def test_the_list_tells_every_check() -> None:
    text = kptui("check", "--list").out
    told = json.loads(kptui("check", "--list", "--json").out)
    assert [check["id"] for check in told["checks"]] == [check.id for check in CHECKS]
    for check in CHECKS:
        assert f"{check.id} ({check.severity}): {check.title}" in text


def test_many_of_one_kind_are_counted_unless_all_are_wanted(tmp_path: Path) -> None:
    rules = "\n".join(f"-A INPUT -s 10.0.{n}.0/24 -j DROP" for n in range(30))
    dump = tmp_path / "many.txt"
    dump.write_text(f"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 10.0.0.0/8 -j ACCEPT\n{rules}\nCOMMIT\n")
    short, full = kptui("check", str(dump)), kptui("check", str(dump), "--all")
    assert "  … and 20 more like it (--all shows them)" in short.out
    assert full.out.count("never matches") == 30
    assert short.out.splitlines()[-1] == full.out.splitlines()[-1] == "30 warnings."


def test_a_dump_s_text_can_t_act_on_the_terminal() -> None:
    text = (SAMPLES / "shadowed-rule" / "fires.txt").read_text()
    evil = text.replace("-s 10.0.0.0/8", '-m comment --comment "\x1b[2J\x07" -s 10.0.0.0/8')
    evil = evil.replace("-s 10.0.0.0/9 -p", '-m comment --comment "\x1b]0;x\x07" -s 10.0.0.0/9 -p')
    done = kptui("check", "-", text=evil)
    assert done.code == 1
    assert "\x1b" not in done.out
    assert "\x1b" not in kptui("check", "-", "--json", text=evil).out


def test_what_is_no_source() -> None:
    assert kptui("check", "no-such-file.txt").code == 3
    assert kptui("check", "-", text="hello\n").code == 3
    done = kptui("check")
    assert done.code == 2
    assert "SOURCE" in done.err


def test_rules_are_compared_with_what_the_api_says() -> None:
    folder = SAMPLES / "endpoint-stale"
    files = ("--services", str(folder / "services.json"), "--endpoints", str(folder / "endpoints.json"))
    done = kptui("check", str(folder / "fires.txt"), *files, "--node", "node-0")
    assert done.code == 1
    assert "default/nginx:80-80 leads to 10.42.0.200:80, which is no endpoint of it any more" in done.out
    assert kptui("check", str(folder / "silent.txt"), *files).code == 0
    alone = kptui("check", str(folder / "fires.txt"), "--endpoints", str(folder / "endpoints.json"))
    assert (alone.code, "need --services" in alone.err) == (2, True)
    wrong = kptui("check", str(folder / "fires.txt"), "--services", str(folder / "fires.txt"))
    assert wrong.code == 2
    assert "Traceback" not in wrong.err
