"""Fixtures for every test: no colour settings of the one who runs them, and the command line in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from kptui import cli
from tests.support import Done


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """The command line as the console script runs it, in this process: run("trace", …) -> code, out, err."""

    def call(*args: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["kptui", *args])
        capfd.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        captured = capfd.readouterr()
        return Done(code, captured.out, captured.err)

    return call
