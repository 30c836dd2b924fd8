"""Readers: a running host by a process of its own, with stand-ins for the commands; files here."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kptui.errors import CancelledError, SourceError
from kptui.live.child import BEHIND, stand_behind
from kptui.live.readers import Apart, Here
from tests.live.support import dump

Install = Callable[[str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put an iptables-save in the place of the real one: a shell script's text."""

    def write(script: str) -> None:
        program = tmp_path / "iptables-save"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    for name in ("sh", "cat", "sleep"):
        found = next(Path(folder) / name for folder in os.environ["PATH"].split(":") if (Path(folder) / name).exists())
        (tmp_path / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(tmp_path))
    return write


@pytest.fixture
def reader() -> Iterator[Apart]:
    found = Apart("live:")
    yield found
    found.close()


def read(
    reader: Apart | Here, since: int = 0, cancelled: Callable[[], bool] = lambda: False
) -> tuple[int, bool, list[str]]:
    """(the reading's number, whether the rules are other ones, what changed)."""
    look = reader.read(since, True, lambda progress: None, cancelled)
    return look.number, look.source is not None, [change.line.head for change in look.changes]


def test_a_running_host_is_read_again_and_only_what_is_new_is_told(
    install: Install, reader: Apart, tmp_path: Path
) -> None:
    (tmp_path / "rules").write_text(dump(all=1))
    install(f"cat {tmp_path}/rules")
    assert read(reader) == (1, True, [])
    (tmp_path / "rules").write_text(dump(all=2))
    assert read(reader, 1) == (2, False, [])
    (tmp_path / "rules").write_text(dump(all=2, second="10.42.0.9"))
    number, other, changes = read(reader, 2)
    assert (number, other) == (3, True)
    assert "default/nginx:80-80 (tcp)" in changes
    # Nobody took note of the third: everything is told again.
    assert read(reader, 2) == (4, True, [])


def test_a_failure_is_told_and_the_next_reading_works(install: Install, reader: Apart, tmp_path: Path) -> None:
    (tmp_path / "rules").write_text(dump())
    install("echo it is broken >&2; exit 4")
    with pytest.raises(SourceError, match="it is broken"):
        read(reader)
    install(f"cat {tmp_path}/rules")
    assert read(reader) == (1, True, [])


def test_a_reading_that_hangs_is_given_up_at_once_and_leaves_no_process(
    install: Install, reader: Apart, tmp_path: Path
) -> None:
    install(f"echo $$ > {tmp_path}/pid; sleep 600")
    began = time.monotonic()
    with pytest.raises(CancelledError):
        read(reader, cancelled=lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()))
    assert time.monotonic() - began < 30
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()
    (tmp_path / "rules").write_text(dump())
    install(f"cat {tmp_path}/rules")
    assert read(reader)[1]


def test_a_file_that_was_written_anew_tells_what_changed(tmp_path: Path) -> None:
    path = tmp_path / "rules"
    reader = Here(str(path))
    path.write_text(dump())
    assert read(reader) == (1, True, [])
    assert read(reader, 1) == (2, False, [])
    path.write_text(dump(second="10.42.0.9"))
    assert "default/nginx:80-80 (tcp)" in read(reader, 2)[2]


@pytest.mark.skipif(sys.platform != "linux", reason="only there a priority is a thread's")
def test_a_thread_stands_behind_all_others_of_its_process() -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    with ThreadPoolExecutor(1, initializer=stand_behind) as behind:
        assert behind.submit(os.getpriority, os.PRIO_PROCESS, 0).result() == max(own, BEHIND)
    assert os.getpriority(os.PRIO_PROCESS, 0) == own
