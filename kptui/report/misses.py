"""The rules that were tried and did not match: one by one where they are few, else how many failed by what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from kptui.netfilter.path import Step
from kptui.netfilter.rules import GENERIC_FLAGS
from kptui.records import dataclass
from kptui.report.words import numbers_words
from kptui.text import visible

_FEW = 10
_NAMES = {flag: name for name, flag in GENERIC_FLAGS.items()} | {"-i": "interface", "-o": "interface"}


@dataclass(frozen=True, slots=True)
class Run:
    """Rules of one chain that did not match, one after another."""

    steps: tuple[Step, ...]

    @property
    def where(self) -> str:
        """The chain and the numbers of the rules."""
        return f"{visible(self.steps[0].chain)} {numbers_words([(step.rule or 0) - 1 for step in self.steps])}"

    def told(self) -> Iterator[tuple[Step | None, str]]:
        """Each rule with the first condition that failed; for many, one line of how many failed by what."""
        if len(self.steps) <= _FEW:
            yield from ((step, f"no match: {step.why}") for step in self.steps)
            return
        kinds = Counter(_kind(step.why or "") for step in self.steps)
        by = ", ".join(f"{kind} {count:,}" if len(kinds) > 1 else kind for kind, count in kinds.most_common())
        yield None, f"{len(self.steps):,} did not match: {by}"


def runs(misses: Sequence[Step]) -> Iterator[Run]:
    """Misses by chain, in order."""
    run: list[Step] = []
    for step in misses:
        if run and (run[-1].hook, run[-1].table, run[-1].chain) != (step.hook, step.table, step.chain):
            yield Run(tuple(run))
            run = []
        run.append(step)
    if run:
        yield Run(tuple(run))


def _kind(why: str) -> str:
    """What kind of condition failed: source, destination, protocol, or the name of a match or its option."""
    words = [word for word in why.split() if word != "!"]
    if not words:
        return "?"
    if words[0] in _NAMES:
        return _NAMES[words[0]]
    return words[1] if words[0] == "-m" and len(words) > 1 else words[0].lstrip("-")
