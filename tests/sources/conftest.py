"""Programs of our own are all that is on PATH, and no way to a remote host outlives its test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from kptui.sources import access, ways
from tests.sources.standin import Answer, StandIn

Program = Callable[[str, Mapping[tuple[str, ...], "Answer | str"]], StandIn]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Put a stand-in on PATH, which holds nothing else: program("kubectl", {arguments: answer})."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return lambda name, answers: StandIn(folder, name, answers)


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> Iterator[None]:
    yield
    ways.close_all()
    access.choose(access.Access())
