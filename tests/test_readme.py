"""The README's lines are copied and run, as somebody does who reads it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

SAID = {
    'kptui trace samples/no-endpoints.txt "10.42.0.7 -> shop/checkout"': (1, "REJECT icmp-port-unreachable"),
    "kptui services samples/three-pods.txt cart --long": (0, "10.42.1.13:8080          1/3"),
    "kptui services samples/three-pods.txt --endpoint 10.42.0.12": (0, "shop/cart:http"),
    'kptui trace samples/nginx-nodeport.txt "10.42.0.199 -> default/nginx"': (0, "mark 0x0 → 0x4000"),
    "kptui explain samples/nginx-nodeport.txt nat/KUBE-SEP-ZGUCVTBPJNCW75NN:1": (0, "A pod that reaches itself"),
    'kptui trace samples/no-endpoints.txt "192.168.50.2 -> nodeport 30080"': (1, "answer: no"),
    "kptui services samples/three-pods.txt samples/no-endpoints.txt checkout": (0, "1 Service port differs"),
    "sed s/10.42.0.200/10.42.0.201/ samples/nginx-nodeport.txt | kptui diff": (1, "+ endpoint       10.42.0.201:80"),
    "kptui check samples/three-pods.txt --services": (1, "10.42.1.13:8080, which is no endpoint of it any more"),
}  # fmt: skip
"""Beginnings of the lines under “Six questions”: the exit code, and a piece of the answer."""


def lines() -> list[str]:
    """The lines that can be copied."""
    section = re.split(r"^## ", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    (questions,) = (part for part in section if part.startswith("Six questions"))
    return [line for block in re.findall(r"```sh\n(.*?)```", questions, re.DOTALL) for line in block.splitlines()]


def test_six_questions_have_lines_and_all_are_run_here() -> None:
    assert len(lines()) == len(SAID)
    assert all(any(line.startswith(begin) for line in lines()) for begin in SAID)


@pytest.mark.parametrize("line", lines())
def test_a_copied_line_answers(line: str, tmp_path: Path) -> None:
    # tests/smoke_wheel.sh names the one of an installed wheel.
    program = os.environ.get("KPTUI", f"{sys.executable} -m kptui")
    (tmp_path / "kptui").write_text(f'#!/bin/sh\nexec {program} "$@"\n')
    (tmp_path / "kptui").chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(["sh", "-c", line], cwd=ROOT, capture_output=True, text=True, check=False, env=env)
    code, said = next(told for begin, told in SAID.items() if line.startswith(begin))
    assert (done.returncode, done.stderr) == (code, "")
    assert said in done.stdout


@pytest.mark.parametrize(
    "page", sorted(str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))
)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", text):
        assert ((ROOT / page).parent / target).exists(), target
