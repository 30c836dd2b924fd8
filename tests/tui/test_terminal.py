"""The program in a real terminal, ended in the middle of a reading: nothing hangs, the terminal is as it was."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.live.support import dump

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
PATIENCE = 60.0


class Terminal:
    """kptui on a pseudo terminal, with an iptables-save of the test's own."""

    def __init__(self, folder: Path, script: str) -> None:
        for name in ("sh", "cat", "sleep"):
            (folder / name).symlink_to(Path("/bin") / name)
        program = folder / "iptables-save"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        self.mine, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self.theirs = theirs
        self.out = b""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kptui", "live:"],
            stdin=theirs, stdout=theirs, stderr=theirs, cwd=Path(__file__).parents[2], start_new_session=True,
            env={"PATH": str(folder), "TERM": "xterm-256color", "HOME": str(folder)},
        )  # fmt: skip

    def until(self, text: bytes) -> None:
        """Read on until a text comes."""
        end = time.monotonic() + PATIENCE
        while text not in self.out:
            assert time.monotonic() < end, self.out[-500:]
            self.take(0.1)

    def take(self, seconds: float) -> None:
        if select.select([self.mine], [], [], seconds)[0]:
            self.out += os.read(self.mine, 65536)

    def ended(self) -> int:
        """Wait for the end; its exit code."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < end, "it hangs"
            self.take(0.05)
        self.take(0.2)
        return self.process.returncode


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
        if terminal.process.poll() is None:
            terminal.process.kill()
        os.close(terminal.mine)
        os.close(terminal.theirs)
