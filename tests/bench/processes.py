"""Commands timed as whole processes, in turn with peers: so a ratio holds when the speed of the machine drifts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Cost:
    """What a process cost: seconds of processor time, its own and the kernel's, and megabytes of memory at the peak."""

    seconds: float
    peak: float


def cost(command: Sequence[str]) -> Cost | None:
    """What a run of a command costs, None if it can't run or fails."""
    try:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        return None
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024) if process.returncode == 0 else None


def costs(commands: Mapping[str, Sequence[str]], runs: int) -> dict[str, Cost | None]:
    """The median cost of each command, all of them run one after the other, that many times."""
    found: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            one = cost(command)
            if one is not None:
                found[name].append(one)
    return {
        name: Cost(median(one.seconds for one in each), median(one.peak for one in each)) if each else None
        for name, each in found.items()
    }
