"""Answers that a user gave beforehand and nothing asked for: most likely a slip, so it is said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kptui.netfilter.told import Told
from kptui.netfilter.trace import Trace
from kptui.records import dataclass, field
from kptui.text import visible

_SHOWN = 3


@dataclass(slots=True)
class Answers:
    """What has come of the answers given beforehand, over the traces of one session."""

    used: set[str] = field(default_factory=set)
    open: dict[str, None] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)

    def take(self, trace: Trace, settings: Mapping[str, str]) -> None:
        """Learn from one more trace."""
        self.used |= trace.settled
        for outcome in trace.outcomes:
            replies = outcome.reply.outcomes if outcome.reply is not None else ()
            for each in (outcome, *replies):
                self.open |= dict.fromkeys(assumption.match for assumption in each.assumptions)
        if isinstance(settings, Told):
            self.named |= settings.asked

    def idle(self, assume: Iterable[str], settings: Iterable[str]) -> list[str]:
        """A sentence for each answer that settled nothing; `assume` holds them as given, `settings` their names."""
        texts = (given.rpartition("=")[0].strip() for given in assume)
        said = [self._assumption(text) for text in texts if text not in self.used]
        return said + [self._setting(name) for name in settings if name not in self.named]

    def _assumption(self, text: str) -> str:
        found = [visible(match) for match in self.open]
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        left = f"open are: {'; '.join(found[:_SHOWN])}{more}" if found else "nothing is open"
        return f"--assume {visible(text)}: it settles nothing, no open question has that text; {left}."

    def _setting(self, name: str) -> str:
        from difflib import get_close_matches

        near = get_close_matches(name, sorted(self.named), 1)
        hint = f"; did you mean {near[0]}?" if near else "."
        return f"--set {visible(name)}: it settles nothing, no rule that was met asks for it{hint}"
