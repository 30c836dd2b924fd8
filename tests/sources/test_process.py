"""Commands run here: what they say is taken in whole, and none outlives, outtalks or hangs the one who asked."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from kptui.errors import CancelledError
from kptui.sources.process import execute
from tests.support import ROOT

SH = "/bin/sh"


def test_all_that_is_said_on_both_sides() -> None:
    ran = execute((SH, "-c", "yes | head -c 3000000; yes complaint | head -c 3000000 >&2; exit 3"), 60)
    assert (len(ran.out), ran.code, ran.error, ran.missing) == (3_000_000, 3, "complaint", False)


def test_nothing_comes_in() -> None:
    assert execute((SH, "-c", "cat; echo done"), 60).out == b"done\n"


def test_words_are_words(tmp_path: Path) -> None:
    odd = "a b'\"$(id)`id`;*\n"
    assert execute((SH, "-c", 'printf %s "$1"', "x", odd), 60).out == odd.encode()


def test_what_is_late_is_killed_with_its_children(tmp_path: Path) -> None:
    ran = execute((SH, "-c", f"sleep 600 & echo $! > {tmp_path}/pid; wait"), 0.5)
    assert (ran.code, ran.late, ran.error) == (None, True, "no answer within 0.5 seconds")
    pid = int((tmp_path / "pid").read_text())
    with suppress(ProcessLookupError):
        ended = os.pidfd_open(pid)
        assert select.select([ended], [], [], 30)[0], "the child lives on"
        os.close(ended)


def test_what_closes_its_mouth_and_stays_is_late_too() -> None:
    assert execute((SH, "-c", "exec >&- 2>&-; exec sleep 600"), 0.3).late


def test_who_says_too_much_is_stopped() -> None:
    ran = execute(("yes",), 60, limit=1 << 20)
    assert (ran.code, ran.error) == (None, "it says more than a bundle may hold")


def test_complaints_are_bounded_and_visible() -> None:
    ran = execute((SH, "-c", "printf '\\033[31mred\\n' >&2; yes | head -c 20000000 >&2; exit 1"), 60)
    assert ran.error == "\\x1b[31mred"
    assert len(ran.last) < 70_000


def test_cancelled_it_ends_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(CancelledError):
        execute(("sleep", "600"), 600, cancelled=lambda: True)
    assert time.monotonic() - began < 30


def test_a_child_that_keeps_the_pipes_is_not_waited_for() -> None:
    began = time.monotonic()
    ran = execute((SH, "-c", "echo said; sleep 40 & echo $! >&2"), 60)
    os.kill(int(ran.error), signal.SIGKILL)
    assert (ran.out, ran.code) == (b"said\n", 0)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("argv", [("no-such-program-anywhere",), ("/etc/passwd",), ("a\0b",)])
def test_what_can_t_be_run(argv: tuple[str, ...]) -> None:
    ran = execute(argv, 60)
    assert ran.code is None
    assert ran.missing == (argv[0].startswith("no-such"))


@pytest.mark.parametrize(
    "said", ["sudo: ipset: command not found", 'exec: "ipset": executable file not found in $PATH']
)
def test_others_say_in_words_that_there_is_no_such_program(said: str) -> None:
    assert execute((SH, "-c", f"echo '{said}' >&2; exit 1"), 60).missing


def test_a_program_that_ends_takes_what_its_threads_wait_for_with_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    code = (
        "import sys; from kptui.sources.aside import aside; from kptui.sources.process import execute\n"
        "aside(lambda: execute(('/bin/sh', '-c', 'echo $$ > \"$0\"; exec sleep 600', sys.argv[1]), 600))\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "pipe")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT) as program:
        child = os.pidfd_open(int((tmp_path / "pipe").read_text()))
        assert program.stdin is not None
        program.stdin.close()
        assert program.wait(60) == 0
    assert select.select([child], [], [], 30)[0], "the child lives on"
    os.close(child)
