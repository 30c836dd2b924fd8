"""The dumps made for timing are as kube-proxy writes them: they read clean, and the real tool prints them alike."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from kptui.kubernetes.services import Services
from kptui.syntax.writer import save
from tests.bench.dumps import dump, services
from tests.syntax.support import read_text


@pytest.mark.parametrize("count", [100, 200])
def test_read_clean_and_written_back(count: int) -> None:
    text = dump(count)
    ruleset = read_text(text)
    assert ruleset.diagnostics == ()
    assert save(ruleset) == text


def test_every_service_is_found() -> None:
    made = services(100)
    found = {port.name for port in Services(read_text(dump(100)))}
    assert found == {each.name for each in made}


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("iptables-legacy-restore") is None, reason="needs root, iptables")
def test_the_real_tool_prints_the_same_rules() -> None:
    text = dump(60)
    script = "iptables-legacy-restore && iptables-legacy-save"
    done = subprocess.run(["unshare", "-n", "sh", "-c", script], input=text, capture_output=True, text=True, check=True)
    assert _rules(done.stdout) == _rules(text)


def _rules(text: str) -> list[str]:
    return sorted(line for line in text.split("\n") if not line.startswith("#"))
