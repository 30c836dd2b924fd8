"""What is shown between two readings: one frozen state of the source, with its time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from kptui.live.alignment import Alignment
from kptui.live.changes import Change, Marks, log
from kptui.live.examine import Look
from kptui.live.meter import Meter
from kptui.live.underway import Underway
from kptui.loading import parse
from kptui.sources.steps import Step
from kptui.syntax.ast import Chain, Rule, Ruleset, Table, collector_paused
from kptui.tracing import Session


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rules with all that is known beside them, counters with rates, and what changed so far; never changed itself.

    `when` is the time of day of the reading (seconds since 1970), `number` the reading's; `rules_changed` and
    `facts_changed` compare with the snapshot before.
    """

    session: Session
    meter: Meter = field(default_factory=Meter.none)
    when: float = 0.0
    number: int = 0
    rules_changed: bool = True
    facts_changed: bool = True
    changes: tuple[Change, ...] = ()
    marks: Marks = field(default_factory=Marks.none)
    alignment: Alignment | None = None

    @classmethod
    def empty(cls, session: Session) -> Snapshot:
        """Before anything has been read, but perhaps the session's own rules."""
        return cls(session)

    def later(
        self, look: Look, underway: Underway | None = None, cancelled: Callable[[], bool] = lambda: False
    ) -> Snapshot:
        """The snapshot after a reading; what any screen asks for first is read here, so that no key has to wait for it.

        `underway` is told how far that is; raises SourceError if there are no rules, CancelledError.
        """
        session = self.session
        if look.source is not None:
            told = None
            if underway is not None:
                told = underway.slices("telling the rules apart", len(look.source.text), cancelled)
            with collector_paused():
                session = session.renewed(parse(look.source, told), look.source.facts)
                if underway is not None:
                    session.services.read(underway.steps(Step("reading the Services"), cancelled))
                len(session.services)
        elif look.facts is not None:
            session = session.renewed(None, look.facts)
        return Snapshot(
            session,
            self.meter.later(look),
            look.when,
            look.number,
            look.source is not None,
            look.source is not None or look.facts is not None,
            log(self.changes, look.changes),
            self.marks.later(look.at, look.news, look.alignment),
            look.alignment,
        )

    def counted(self, counted: Rule | Chain) -> tuple[int, int] | None:
        """Packets and bytes of a rule or a base chain, as far as anything tells."""
        total = self.meter.total(counted.line)
        if total is not None:
            return total
        return None if counted.packets is None else (counted.packets, counted.bytes or 0)

    def sign(self, table: Table, chain: str, line: int | None = None) -> str:
        """The sign beside a chain, or its rule on a line, that is news: + for what is new, ~ for other rules."""
        if line is not None:
            slot = self.meter.slots.of_line(line) if self.marks.rules else None
            return "+" if slot in self.marks.rules else ""
        return self.marks.chains.get(((table.family, table.label), chain), ("", 0.0))[0]

    def line_now(self, before: Snapshot, line: int) -> int | None:
        """Where the rule is that was on a line in the snapshot before; None if it is gone, or nobody knows."""
        slot = before.meter.slots.of_line(line)
        found = self.alignment.now(slot) if slot is not None and self.alignment is not None else None
        return self.meter.slots.lines[found] if found is not None else None


def empty_ruleset(name: str) -> Ruleset:
    """No rules at all: what there is while the first reading is under way."""
    return Ruleset(name, (), ())
