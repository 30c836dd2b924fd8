"""Running the table of commands on a host: texts by member, and a record of what was run; nothing but reading."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from functools import partial
from threading import Semaphore

from kptui.errors import SourceError
from kptui.records import dataclass, field
from kptui.sources.aside import aside
from kptui.sources.bundle import source_of
from kptui.sources.commands import COMMANDS, FACTS, RULES, Command, backend_of
from kptui.sources.place import Place, ended
from kptui.sources.process import Heard, Ran
from kptui.sources.reporting import Report
from kptui.sources.running import Runner
from kptui.sources.steps import Progress
from kptui.sources.text import SourceText
from kptui.text import visible

_RIGHTS = re.compile(r"ermission denied|must be root|not permitted|a password is required|not allowed to|may not run")


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
        without = {record.command.argv[0] for record in self.records if record.ran.missing} & {"ip", "sysctl"}
        said = (
            f"{self.name}: without {' and '.join(sorted(without))} there its addresses, routes or settings are unknown."
        )
        return source_of(self.name, self.texts, (said,) if without else ())


def gather(place: Place, run: Runner, progress: Progress | None = None, everything: bool = True) -> Gathered:
    """Run every command of the table (the `seldom` ones if `everything`).

    Where the way takes longer than the commands, several run at once, and `progress` is told by several threads.
    Raises SourceError if the rules can't be read, CancelledError.
    """
    found = Gathered(place.name)
    report = Report(progress, place.name, COMMANDS if everything else [each for each in COMMANDS if not each.seldom])
    for commands in _batches(found, everything):
        _ask(commands, place, run, found, report)
    if not any(command.member in found.texts for command in RULES):
        raise SourceError(f"{place.where} has no iptables rules: no table is loaded.")
    found.records.sort(key=lambda record: COMMANDS.index(record.command))
    return found


def _batches(found: Gathered, everything: bool) -> Iterator[Sequence[Command]]:
    """Commands that don't wait for each other: whether a back end has its plain name is told by the plain command."""
    yield RULES[:1]
    yield [command for command in RULES[1:4] if not _told_already(command, found)]
    yield [command for command in RULES[4:] if not _told_already(command, found)]
    if any(command.member in found.texts for command in RULES):
        yield [command for command in FACTS if everything or not command.seldom]


def _ask(commands: Sequence[Command], place: Place, run: Runner, found: Gathered, report: Report) -> None:
    """Run commands, as many at once as the place stands; raises SourceError, CancelledError."""
    room = Semaphore(place.at_once)

    def work(command: Command) -> None:
        with room, report.of(command, run.patience) as heard:
            _run(command, place, run, found, heard)

    if place.at_once == 1 or len(commands) == 1:
        for command in commands:
            work(command)
        return
    answers = [aside(partial(work, command)) for command in commands]
    try:
        for answer in answers:
            answer()
    except BaseException:
        run.stop()
        raise


def _told_already(command: Command, found: Gathered) -> bool:
    """Whether the plain command has saved the rules of that back end."""
    plain = found.texts.get(f"{'ip6' if command.family == 6 else 'ip'}tables-save", "")
    return command.backend is not None and backend_of(plain) == command.backend


def _run(command: Command, place: Place, run: Runner, found: Gathered, heard: Heard | None) -> None:
    began, clock = time.time(), time.monotonic()
    argv = place.words(command.argv)
    ran = run(argv, heard)
    found.records.append(Record(command, argv, began, time.monotonic() - clock, ran))
    if command in RULES:
        _refuse(command, ran, place)
    # A fact that is known to be nothing is worth keeping; rules of a back end that is not in use are not.
    if ran.code == 0 and (ran.out.strip() or command not in RULES):
        if command in RULES:
            _look_through(command, ran.out, place)
        text = ran.out.decode("utf-8", "surrogateescape")
        found.texts[command.member] = command.keep(text) if command.keep else text


def _look_through(command: Command, out: bytes, place: Place) -> None:
    """Refuse what iptables-save can't have printed as a whole; raises SourceError."""
    said = f"{place.where}: {command.argv[0]} printed"
    if b"\0" in out:
        raise SourceError(f"{said} something binary, where rules were expected.")
    starts, ends = (len(re.findall(pattern, out, re.MULTILINE)) for pattern in (rb"^\*\w", rb"^COMMIT\s*$"))
    if not starts:
        first = visible(out.strip().split(b"\n")[0][:80].decode("utf-8", "surrogateescape"))
        raise SourceError(f"{said} no rules: a table such as *filter was expected, not “{first}”.")
    if ends < starts:
        raise SourceError(f"{said} a table without its COMMIT: what it says was cut off.")


def _refuse(command: Command, ran: Ran, place: Place) -> None:
    """Say what keeps the rules from being read; only the plain IPv4 command has to be there and to work."""
    program = command.argv[0]
    broken = place.broken(ran)
    if broken:
        raise SourceError(broken)
    if ran.code == 0 or (command is not RULES[0] and not ran.late):
        return
    if ran.missing:
        raise SourceError(f"{place.where} has no {program}{place.path}")
    if ran.code is None and _RIGHTS.search(ran.error):
        raise SourceError(f"{program} may not be run by this user: {place.rights}.")
    if ran.late:
        raise SourceError(f"{program} did not answer ({place.name}): {ran.error}; --timeout SECONDS waits longer.")
    if ran.code is None:
        raise SourceError(f"{program} could not be run ({place.name}): {ran.error}.")
    if ran.error.startswith("sudo: "):
        raise SourceError(f"{place.where}: sudo -n does not run {program}: {ended(ran.error.removeprefix('sudo: '))}")
    if _RIGHTS.search(ran.error):
        whose = "this host's" if place.where == "This host" else "its"
        raise SourceError(f"Reading {whose} rules needs root (CAP_NET_ADMIN): {place.rights}.")
    raise SourceError(f"{program} failed: {ran.error or f'exit code {ran.code}'}")
