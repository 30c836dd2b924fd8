"""Commands timed as whole processes, in turn with peers: so a ratio holds when the speed of the machine drifts."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True)
class Cost:
    """What a process cost: seconds of processor time, its own and the kernel's, and megabytes of memory at the peak."""

    seconds: float
    peak: float


def cost(command: Sequence[str]) -> Cost | None:
    """What a run of a command costs, None if it can't run or fails."""
    try:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=_ENVIRONMENT
        )
    except FileNotFoundError:
        return None
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    # 1 and 4 are answers of kptui's; an error of Python's own is 1 too, but says so within a tenth of a second.
    fine = process.returncode == 0 or ("kptui" in command and process.returncode in (1, 4))
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024) if fine else None


def costs(commands: Mapping[str, Sequence[str]], runs: int) -> dict[str, Cost | None]:
    """The median cost of each command, all of them run one after the other, that many times and once before."""
    found: dict[str, list[Cost]] = {name: [] for name in commands}
    for command in commands.values():
        # Once for the file's pages and Python's bytecode.
        cost(command)
    for _ in range(runs):
        for name, command in commands.items():
            one = cost(command)
            if one is not None:
                found[name].append(one)
    return {
        name: Cost(median(one.seconds for one in each), median(one.peak for one in each)) if each else None
        for name, each in found.items()
    }


def output(command: Sequence[str]) -> str:
    """What a command prints; raises CalledProcessError."""
    return subprocess.run(command, capture_output=True, text=True, check=True, env=_ENVIRONMENT).stdout


def on_terminal(command: Sequence[str], environment: Mapping[str, str] = _ENVIRONMENT) -> None:
    """Run a command on a terminal of its own (120x40), whatever it paints there being thrown away."""
    own, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    process = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment)
    os.close(terminal)
    reader = threading.Thread(target=_drain, args=(own,))
    reader.start()
    process.wait(timeout=300)
    reader.join()
    os.close(own)


def _drain(terminal: int) -> None:
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:
        # Linux says so where the other end is closed.
        return
