"""Completion: what shells are told, by click's own protocol, and that bash takes the code."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from kptui.cli import cli
from tests.support import Done


def completed(*words: str) -> list[tuple[str, str]]:
    """(kind, value) of what fits the last word."""
    shell = ShellComplete(cli, {}, "kptui", "_KPTUI_COMPLETE")
    return [(item.type, item.value) for item in shell.get_completions(list(words[:-1]), words[-1])]


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        (("tr",), [("plain", "trace")]),
        (("no-such-comm",), [("file", "no-such-comm")]),
        (("trace", "--backend", ""), [("plain", "nft"), ("plain", "legacy")]),
        (("trace", "kube"), [("plain", "kubectl:")]),
        (("trace", "tests"), [("file", "tests")]),
        (("trace", "x", "--ipset", "s"), [("file", "s")]),
        (("test", "s"), [("file", "s")]),
        (("diff", "a", "netn"), [("plain", "netns:")]),
        (("rules.txt", "--nam"), [("plain", "--names")]),
        (("completion", "f"), [("plain", "fish")]),
    ],
)
def test_what_fits(words: tuple[str, ...], fits: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    assert completed(*words) == fits


def test_every_command_is_offered() -> None:
    assert {"trace", "test", "services", "check", "capture"} <= {value for _, value in completed("")}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_code_is_what_the_shell_reads(shell: str, run: Callable[..., Done]) -> None:
    done = run("completion", shell)
    assert done.code == 0
    assert f"_KPTUI_COMPLETE={shell}_complete" in done.out
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed: its code was not run")
    subprocess.run([shell, "-n"], input=done.out, text=True, check=True)
