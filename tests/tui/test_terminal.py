"""The program in a real terminal, ended in the middle of a reading: nothing hangs, the terminal is as it was."""

from __future__ import annotations

import os
import signal
import termios
import time
from pathlib import Path

import pytest

from tests.live.support import dump
from tests.terminal import PATIENCE, Terminal

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"


@pytest.mark.parametrize("how", ["q", "SIGTERM"])
def test_it_ends_in_the_middle_of_a_reading(tmp_path: Path, how: str) -> None:
    (tmp_path / "rules").write_text(dump())
    hangs = f"[ -e {tmp_path}/hang ] && {{ echo $$ > {tmp_path}/pid; sleep 600; }}; cat {tmp_path}/rules"
    terminal = Terminal(tmp_path, hangs)
    try:
        terminal.until(b"KUBE-SVC")
        (tmp_path / "hang").touch()
        end = time.monotonic() + PATIENCE
        while not ((tmp_path / "pid").exists() and (tmp_path / "pid").read_text()):
            assert time.monotonic() < end
            terminal.take(0.05)
        if how == "q":
            os.write(terminal.mine, b"q")
        else:
            terminal.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        code = terminal.ended()
        assert code == (0 if how == "q" else 143)
        assert time.monotonic() - began < 20
        assert terminal.out.count(ENTER) == terminal.out.count(LEAVE) == 1
        assert b"\x1b[?25h" in terminal.out[terminal.out.rindex(LEAVE) - 200 :]
        assert termios.tcgetattr(terminal.theirs) == terminal.before
        assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()
    finally:
        terminal.close()


def test_it_ends_when_the_terminal_is_gone_and_nobody_says_so(tmp_path: Path) -> None:
    (tmp_path / "rules").write_text(dump())
    terminal = Terminal(tmp_path, f"cat {tmp_path}/rules")
    try:
        terminal.until(b"KUBE-SVC")
        os.close(terminal.mine)
        assert terminal.process.wait(PATIENCE) == 129
    finally:
        terminal.process.kill()
        os.close(terminal.theirs)
