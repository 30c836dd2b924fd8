"""`kubectl kptui`: nodes where kptui takes sources."""

from __future__ import annotations

import sys

import pytest

from kptui import plugin


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("", "kubectl:"),
        ("node1", "kubectl:node1"),
        ("node1 --names FILE", "kubectl:node1 --names FILE"),
        ("node1 node2", "kubectl:node1 kubectl:node2"),
        ("check node1 node2 --json", "check kubectl:node1 kubectl:node2 --json"),
        ("--context prod node1", "kubectl:prod/node1"),
        ("--context=prod", "kubectl:prod/"),
        ("trace node1 10.0.0.1:80 --json", "trace kubectl:node1 10.0.0.1:80 --json"),
        ("trace node1 -> default/nginx", "trace kubectl:node1 -> default/nginx"),
        ("--context a:b/c services node1 nginx", "services kubectl:a:b/c/node1 nginx"),
        ("diff node1 node2", "diff kubectl:node1 kubectl:node2"),
        ("diff ./old.tar.gz node2", "diff ./old.tar.gz kubectl:node2"),
        ("diff - ssh:node2", "diff - ssh:node2"),
        ("test rules.yaml node1 --json", "test rules.yaml kubectl:node1 --json"),
        ("check --list", "check --list"),
        ("--version", "--version"),
        ("demo", "demo"),
        ("completion bash", "completion bash"),
    ],
)
def test_what_it_stands_for(given: str, meant: str) -> None:
    assert plugin.translated(given.split()) == meant.split()


def test_its_help_is_its_own(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["kubectl-kptui", "--help"])
    plugin.main()
    assert "kubectl kptui NODE" in capsys.readouterr().out


def test_it_runs_kptui(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["kubectl-kptui", "trace", "-bad", "x"])
    with pytest.raises(SystemExit) as ended:
        plugin.main()
    assert ended.value.code == 2
    assert "No such option" in capsys.readouterr().err
