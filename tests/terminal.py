"""kptui in a pseudo terminal of a test's own, with an iptables-save of its own: keys in, bytes out."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

PATIENCE = 60.0
"""Seconds that anything may take on a machine with much else to do."""


class Terminal:
    """The program runs until `close`; nothing but sh, cat and sleep is on its PATH beside the script."""

    def __init__(self, folder: Path, script: str, size: tuple[int, int] = (80, 24)) -> None:
        for name in ("sh", "cat", "sleep"):
            (folder / name).symlink_to(Path("/bin") / name)
        program = folder / "iptables-save"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        self.mine, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.before = termios.tcgetattr(theirs)
        self.theirs = theirs
        self.out = b""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kptui", "live:"],
            stdin=theirs, stdout=theirs, stderr=theirs, cwd=Path(__file__).parents[1], start_new_session=True,
            env={"PATH": str(folder), "TERM": "xterm-256color", "HOME": str(folder)},
        )  # fmt: skip

    def until(self, text: bytes) -> None:
        """Read on until a text comes."""
        end = time.monotonic() + PATIENCE
        while text not in self.out:
            assert time.monotonic() < end, self.out[-500:]
            self.take(0.1)

    def take(self, seconds: float) -> bool:
        """Take what comes within some seconds; whether anything came."""
        if select.select([self.mine], [], [], seconds)[0]:
            self.out += os.read(self.mine, 65536)
            return True
        return False

    def ended(self) -> int:
        """Wait for the end; its exit code."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < end, "it hangs"
            self.take(0.05)
        self.take(0.2)
        return self.process.returncode

    def close(self) -> None:
        """End what still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.mine)
        os.close(self.theirs)
