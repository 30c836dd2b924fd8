"""A trace confirmed: packets sent to this machine's kernel, in a throwaway namespace, until every outcome was tried."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType

from kptui.confirm import rebuilt
from kptui.confirm.choice import Choice, ChoiceError, choosable
from kptui.confirm.choose import choose
from kptui.confirm.compare import Parting, agrees, partings
from kptui.confirm.loading import Stage
from kptui.confirm.scene import REBUILT, Scene, scene
from kptui.confirm.shares import unlikely
from kptui.kernel.messages import KernelError, Seen
from kptui.netfilter.address import parse
from kptui.netfilter.facts import Facts
from kptui.netfilter.host import Host
from kptui.netfilter.path import Step
from kptui.netfilter.trace import Outcome, Trace, Tracer
from kptui.records import dataclass, field, replace
from kptui.syntax.ast import Backend, Ruleset

MAX_PACKETS = 24
"""How many different packets are made for what a question leaves open."""

_RUNS = (100, 2000)
_EACH = 10
_PATIENCE = 10.0
"""Seconds of sending after which packets are repeated no more than they have to."""

_LEAST = 1.0
"""Seconds that each packet may be repeated, all the same."""
_ROUNDS = (3, 25)


@dataclass(slots=True)
class Sent:
    """One packet that was sent, how often, and what the kernel did with it.

    `fitting` are the numbers (from 0) of the outcomes that the choice leaves possible. `taken` counts runs by the
    number of the outcome they agree with, `aside` those that a --assume or --set leaves out of the trace. `parting` is
    where the first that agreed with none parted from the nearest, `odds` which share does not fit, `untold` which rule
    it hangs on that could not be loaded.
    """

    choice: Choice
    fitting: tuple[int, ...] = ()
    runs: int = 0
    aside: int = 0
    taken: Counter[int] = field(default_factory=Counter)
    first: Seen | None = None
    parting: Parting | None = None
    apart: Seen | None = None
    odds: str | None = None
    untold: str | None = None

    @property
    def agrees(self) -> bool | None:
        """Whether every run is among the outcomes, with the shares they promise; None if that can't be told."""
        if self.parting is not None or self.odds is not None:
            return False
        return None if self.untold else True


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the kernel says of a trace; `refused` is why it could not be asked, then nothing was sent.

    `notes` says what of the host or the dump could not be rebuilt, `untried` which outcomes (from 0) no packet could be
    made for, and why.
    """

    sent: tuple[Sent, ...] = ()
    notes: tuple[str, ...] = ()
    untried: Mapping[int, str] = field(default_factory=dict)
    refused: str | None = None
    rootless: bool = False
    kernel: str = ""

    @property
    def agrees(self) -> bool | None:
        """Whether the kernel agrees with the trace; None if it could not be asked."""
        told = {each.agrees for each in self.sent} - {None}
        return all(told) if told else None

    @property
    def verdict(self) -> str:
        """Whether the kernel agrees, in one line."""
        if self.refused is not None:
            return f"could not be asked: {self.refused}"
        if self.agrees is None:
            return "could not tell: " + "; ".join(dict.fromkeys(each.untold or "" for each in self.sent))
        packets = f"{self.runs} packets" if self.runs > 1 else "1 packet"
        where = f"a throwaway namespace of {self.kernel}{', without root' if self.rootless else ''}"
        return f"{'agrees' if self.agrees else 'DISAGREES'} · {packets} in {where}"

    @property
    def runs(self) -> int:
        """How many packets were sent in all."""
        return sum(each.runs for each in self.sent)

    @property
    def taken(self) -> Counter[int]:
        """How often each outcome was taken."""
        return sum((each.taken for each in self.sent), Counter())


class Confirmer:
    """Confirms traces of one ruleset; keeps one worker process for all of them."""

    def __init__(self, ruleset: Ruleset, ipsets: str = "") -> None:
        """`ipsets` is the text of `ipset save`; nothing is started before the first trace."""
        self._ruleset = ruleset
        self._stage = Stage(ruleset, ipsets)

    def __enter__(self) -> Confirmer:
        """The confirmer itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the worker process."""
        self._stage.close()

    def confirm(self, trace: Trace, host: Host) -> Confirmation:
        """Send what the trace speaks of; never raises KernelError, but says why the kernel could not be asked."""
        kernel = f"{os.uname().sysname} {os.uname().release}"
        try:
            run = _Run(trace, host, self._ruleset, self._stage)
            run.go()
        except KernelError as error:
            return Confirmation(refused=str(error), kernel=kernel)
        if not run.sent:
            why = "; ".join(dict.fromkeys(run.untried.values()))
            return Confirmation(refused=f"no packet can show this trace: {why}", kernel=kernel)
        tried = {number for each in run.sent for number in each.fitting}
        untried = {number: why for number, why in run.untried.items() if number not in tried}
        notes = (*run.notes, *self._stage.notes)
        return Confirmation(tuple(run.sent), notes, untried, None, self._stage.rootless, kernel)


def _backend(trace: Trace) -> Backend:
    """The back end to load the rules with; raises KernelError for a trace through those of both."""
    if trace.backend == "nft":
        return "nft"
    if trace.backend == "legacy":
        return "legacy"
    raise KernelError("rules of both back ends are not rebuilt together; --backend nft or legacy asks for one")


class _Run:
    """One trace's confirmation."""

    def __init__(self, trace: Trace, host: Host, ruleset: Ruleset, stage: Stage) -> None:
        self.trace = trace
        self.backend = _backend(trace)
        self.stage = stage
        self.left = _PATIENCE
        self.sent: list[Sent] = []
        self.notes: list[str] = []
        self.untried: dict[int, str] = {}
        self.steps: dict[int, list[Step]] = {}
        self.scenes: list[Scene] = []
        self.host = replace(host, assume=(), settings=_rebuilt(host), recent=None)
        packet = trace.packet.but(**_user(host))
        self.whole = trace
        """The trace without what was settled beforehand and no namespace can be made to do."""
        self.notes += rebuilt.left_out(host) if host.complete else []
        if host.assume or self.host.settings != host.settings or host.recent:
            self.whole = Tracer(ruleset, self.host, self.backend).trace(packet, trace.origin)
            self.notes.append("what was told of the kernel's own state (--assume, --set, recent lists) is not rebuilt")

    @property
    def remembers(self) -> bool:
        """Whether the kernel answers the same packet otherwise the second time, because of the first."""
        assumed = (each for outcome in self.whole.outcomes for each in outcome.assumptions)
        return any("-m recent" in each.match for each in assumed)

    def go(self) -> None:
        """Make a packet for every way of settling what is open, and send each."""
        for facts in self._questions():
            numbers = [n for n, outcome in enumerate(self.whole.outcomes) if choosable(outcome.facts) == facts]
            try:
                choice = choose(self.whole.packet, self.trace.origin, self.host, facts)
                found = scene(choice, self.trace.origin)
            except ChoiceError as error:
                if self.whole is self.trace:
                    self.untried |= dict.fromkeys(numbers, str(error))
                continue
            if found.probe.uid and self.stage.rootless:
                self.untried |= dict.fromkeys(numbers, f"only root can send as user {found.probe.uid}")
                continue
            if found not in self.scenes:
                self.scenes.append(found)
                self.sent.append(self._send(choice, found))

    def fitting(self, choice: Choice) -> list[int]:
        """The numbers of the outcomes that a choice does not rule out."""
        return [n for n, outcome in enumerate(self.trace.outcomes) if not choice.contradicts(outcome.facts)]

    def _questions(self) -> list[Facts]:
        """What may be chosen for each outcome, each once."""
        found = list(dict.fromkeys(choosable(outcome.facts) for outcome in self.whole.outcomes))
        if len(found) > MAX_PACKETS:
            self.notes.append(f"{len(found)} different packets are asked about, {MAX_PACKETS} of them were sent")
        return found[:MAX_PACKETS]

    def _send(self, choice: Choice, found: Scene) -> Sent:
        sent = Sent(choice, tuple(self.fitting(choice)))
        possible = [outcome for outcome in self.whole.outcomes if not choice.contradicts(outcome.facts)]
        for seen in self._runs(found, possible):
            self._judge(sent, seen, possible)
            if sent.agrees is not True:
                return sent
        if self.whole is self.trace:
            sent.odds = unlikely(self.trace.outcomes, sent.fitting, sent.taken)
        return sent

    def _runs(self, found: Scene, possible: Sequence[Outcome]) -> Iterator[Seen]:
        """What the kernel does with the packet, again and again where chance or its own state decides."""
        self.stage.load(found.place, self.backend)
        began = time.monotonic()
        until = began + max(self.left, _LEAST)
        for count, seen in enumerate(self._afresh(found) if self.remembers else self._repeated(found, possible)):
            yield seen
            if count >= _ROUNDS[0] * 2 and time.monotonic() > until:
                break
        self.left -= time.monotonic() - began

    def _afresh(self, found: Scene) -> Iterator[Seen]:
        """Twice in each of many namespaces: a packet that was seen before is another question."""
        for count in range(_ROUNDS[1]):
            judge = self.stage.load(found.place, self.backend, anew=count > 0)
            yield judge.send(found.probe)
            yield judge.send(found.probe)

    def _repeated(self, found: Scene, possible: Sequence[Outcome]) -> Iterator[Seen]:
        """In one namespace, as often as it takes to see shares; once where nothing is left to chance."""
        judge = self.stage.load(found.place, self.backend)
        certain = len(possible) == 1 and possible[0].probability == 1
        once = certain and not any(step.maybe for step in possible[0].steps)
        for _ in range(1 if once else min(max(_RUNS[0], _EACH * len(possible)), _RUNS[1])):
            yield judge.send(found.probe)

    def _judge(self, sent: Sent, seen: Seen, possible: Sequence[Outcome]) -> None:
        sent.runs += 1
        sent.first = sent.first or seen
        family = self.trace.packet.family
        number = self._taken(sent, seen)
        if number is not None:
            sent.taken[number] += 1
            return
        apart = partings(possible, seen, family)
        if not apart:
            sent.aside += 1
            return
        keys = {(each.step.table, each.step.chain, each.step.rule) for each in apart if each.step is not None}
        missing = next((key for key in self.stage.without if key in keys), None)
        if missing is None:
            sent.parting, sent.apart = apart[0], seen
        else:
            sent.untold = "{} {} {} could not be loaded".format(*missing)

    def _taken(self, sent: Sent, seen: Seen) -> int | None:
        """The number of the outcome that the kernel took; likely ones are tried first, since there may be thousands."""
        address = parse(seen.header.dst, self.trace.packet.family) if seen.header else None
        likely = sorted(sent.fitting, key=lambda number: self.trace.outcomes[number].packet.dst != address)
        for number in likely:
            outcome = self.trace.outcomes[number]
            if number not in self.steps:
                self.steps[number] = outcome.steps
            if agrees(outcome, self.steps[number], seen, self.trace.packet.family):
                return number
        return None


def _rebuilt(host: Host) -> dict[str, str]:
    return {name: value for name, value in host.settings.items() if name in REBUILT}


def _user(host: Host) -> dict[str, int]:
    """The packet's user and group, if --set tells them as numbers."""
    told = {"uid": host.settings.get("uid-owner", ""), "gid": host.settings.get("gid-owner", "")}
    return {name: int(value) for name, value in told.items() if value.isdecimal()}
