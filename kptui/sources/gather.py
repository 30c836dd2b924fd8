"""Running the table of commands on a host: texts by member, and a record of what was run; nothing but reading."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kptui.errors import SourceError
from kptui.sources.bundle import source_of
from kptui.sources.commands import FACTS, RULES, Command, backend_of
from kptui.sources.text import SourceText
from kptui.text import visible

TIMEOUT = 60
"""Seconds a command may take; a dump of 160,000 rules takes two or three."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a command; `missing` if there is no such program, `code` is None if it did not end by itself."""

    out: bytes = b""
    error: str = ""
    code: int | None = 0
    missing: bool = False


Runner = Callable[[Sequence[str]], Ran]
"""Runs one command, given as a list of words, where the source is."""


def local_runner(prefix: Sequence[str] = ()) -> Runner:
    """Run commands on this host, behind a prefix such as nsenter with its options; never through a shell."""

    def run(argv: Sequence[str]) -> Ran:
        try:
            done = subprocess.run(
                [*prefix, *argv], capture_output=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL, check=False
            )
        except FileNotFoundError:
            return Ran(error="not installed", code=None, missing=True)
        except subprocess.TimeoutExpired:
            return Ran(error=f"no answer within {TIMEOUT} seconds", code=None)
        except OSError as error:
            return Ran(error=error.strerror or str(error), code=None)
        said = visible(done.stderr.decode("utf-8", "replace").strip().split("\n")[0])
        # How nsenter says that there is no such program.
        missing = done.returncode == 127
        return Ran(done.stdout, said, done.returncode, missing)

    return run


@dataclass(frozen=True, slots=True)
class Record:
    """One command of a manifest: when it began (seconds since 1970), how long it took, how it ended."""

    command: Command
    argv: tuple[str, ...]
    began: float
    seconds: float
    ran: Ran


@dataclass(slots=True)
class Gathered:
    """What a host told: texts by member (only of commands that worked), and the record."""

    name: str
    texts: dict[str, str] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)

    def source(self) -> SourceText:
        """The rules as one text, the rest as facts; raises SourceError if there are no rules."""
        return source_of(self.name, self.texts)


def gather(name: str, run: Runner, where: str) -> Gathered:
    """Run every command of the table; raises SourceError if the rules can't be read.

    `where` names the place in a sentence ("This host", "The network namespace x").
    """
    found = Gathered(name)
    for command in RULES:
        if _told_already(command, found):
            continue
        ran = _run(command, run, found)
        if command is RULES[0]:
            _refuse(ran, where)
    if not any(command.member in found.texts for command in RULES):
        raise SourceError(f"{where} has no iptables rules: no table is loaded.")
    for command in FACTS:
        _run(command, run, found)
    return found


def _told_already(command: Command, found: Gathered) -> bool:
    """Whether the plain command has saved the rules of that back end."""
    plain = found.texts.get(f"{'ip6' if command.family == 6 else 'ip'}tables-save", "")
    return command.backend is not None and backend_of(plain) == command.backend


def _run(command: Command, run: Runner, found: Gathered) -> Ran:
    began, clock = time.time(), time.monotonic()
    ran = run(command.argv)
    found.records.append(Record(command, command.argv, began, time.monotonic() - clock, ran))
    # A fact that is known to be nothing is worth keeping; rules of a back end that is not in use are not.
    if ran.code == 0 and (ran.out.strip() or command not in RULES):
        text = ran.out.decode("utf-8", "surrogateescape")
        found.texts[command.member] = command.keep(text) if command.keep else text
    return ran


def _refuse(ran: Ran, where: str) -> None:
    """Say what keeps the rules from being read."""
    if ran.missing:
        raise SourceError(f"{where} has no iptables-save: install iptables, or name a dump file.")
    if ran.code == 0:
        return
    if ran.code is None and "ermission denied" in ran.error:
        raise SourceError("iptables-save may not be run by this user: run kptui as root, or name a dump file.")
    if ran.code is None and ran.error.startswith("no answer"):
        raise SourceError(f"iptables-save did not answer within {TIMEOUT} seconds.")
    if ran.code is None:
        raise SourceError(f"iptables-save could not be run: {ran.error}.")
    if any(words in ran.error for words in ("ermission denied", "must be root", "ermitted")):
        whose = "this host's" if where == "This host" else "its"
        raise SourceError(f"Reading {whose} rules needs root (CAP_NET_ADMIN): run kptui as root, or name a dump file.")
    raise SourceError(f"iptables-save failed: {ran.error or f'exit code {ran.code}'}")
