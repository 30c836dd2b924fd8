"""Two traces beside each other: their answers, how they end, their hops aligned; what differs has a sign."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from difflib import SequenceMatcher

from kptui.diff.normal import normal
from kptui.netfilter.path import Step
from kptui.netfilter.trace import Outcome, Trace
from kptui.records import dataclass
from kptui.report.branches import worth_telling
from kptui.report.words import answer_words, assumption_words, effect_words, packet_words, place, share_text, short_end
from kptui.syntax.ast import Ruleset

Label = Callable[[str, str], str | None]
"""What a chain (table and name) stands for."""
Key = Callable[["Hop"], Hashable]
_HASH = re.compile(r"-[A-Z0-9]{16}\Z")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two traces: the rules it went through, and what their chains stand for."""

    trace: Trace
    ruleset: Ruleset
    label: Label


@dataclass(frozen=True, slots=True)
class Hop:
    """A step of one side; `meaning` is equal for rules that ask and do the same."""

    step: Step
    meaning: Hashable
    words: str

    @property
    def chain(self) -> tuple[str, str, str]:
        """Where it is, the hash in a chain's name aside: it changes with what the chain stands for."""
        return self.step.hook, self.step.label, _HASH.sub("-…", self.step.chain)


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a sign (- only before, + only now, ~ otherwise), what it is about, both sides in short and in full.

    `before` and `now` are the steps, of a line about hops; a heading has no side.
    """

    sign: str
    what: str
    left: str = ""
    right: str = ""
    full: tuple[str, str] = ("", "")
    before: Step | None = None
    now: Step | None = None
    depth: int = 1


def side_by_side(before: Side, now: Side) -> list[Row]:
    """All lines: the answers, the packets where they differ, the ends, the hops by hook."""
    return [*_answers(before.trace, now.trace), *_ends(before.trace, now.trace), *_hops(before, now)]


def differences(rows: Sequence[Row]) -> str:
    """How much differs, in a few words."""
    if not any(row.sign for row in rows):
        return "no difference"
    parts = []
    heads = [row.what for row in rows if row.sign and row.depth == 0]
    if "answer" in heads:
        parts.append("the answers differ")
    if set(heads) - {"answer"}:
        parts.append("other packets")
    hops = sum(row.before is not None or row.now is not None for row in rows if row.sign)
    ends = sum(bool(row.sign) for row in rows) - hops - len(heads)
    for count, word in ((ends, "end"), (hops, "hop")):
        if count:
            parts.append(f"{count:,} other {word}{'' if count == 1 else 's'}")
    return ", ".join(parts)


def _answers(before: Trace, now: Trace) -> Iterator[Row]:
    full = (answer_words(before), answer_words(now))
    left, right = (f"{each.answer}{', certain' if each.certain else ''}" for each in (before, now))
    yield Row("~" if left != right else "", "answer", left, right, full, depth=0)
    packets = packet_words(before), packet_words(now)
    for what, left, right in zip(_ASKED, _asked(before), _asked(now), strict=True):
        if left != right:
            yield Row("~", what, left, right, packets, depth=0)


_ASKED = ("from", "to", "protocol", "starts", "state")


def _asked(trace: Trace) -> tuple[str, ...]:
    """What the packet of a trace is, in the parts that may differ."""
    packet = trace.packet
    proto = packet_words(trace).partition(" ")[0]
    return place(packet, "src"), place(packet, "dst"), proto, trace.origin, packet.ctstate


def _ends(before: Trace, now: Trace) -> Iterator[Row]:
    yield Row("", "how it ends", depth=0)
    sides = [_by_end(trace) for trace in (before, now)]
    for end in dict.fromkeys((*sides[0], *sides[1])):
        left, right = (side.get(end, []) for side in sides)
        cells = [", ".join(map(_share, found)) for found in (left, right)]
        sign = "+" if not left else "-" if not right else "~" if cells[0] != cells[1] else ""
        yield Row(sign, end, cells[0], cells[1], (_assumed(left), _assumed(right)))


def _by_end(trace: Trace) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for outcome in trace.outcomes:
        found.setdefault(f"{'✓' if outcome.through else '✗'} {short_end(outcome)}", []).append(outcome)
    return found


def _share(outcome: Outcome) -> str:
    share = outcome.probability
    words = "?" if share is None else "all" if share == 1 else share_text(share).partition(" (")[0]
    return f"{words} if …" if outcome.assumptions else words


def _assumed(outcomes: Sequence[Outcome]) -> str:
    """What each outcome takes for granted, and why it ended."""
    told = []
    for each in outcomes:
        words = [*map(assumption_words, each.assumptions), *([each.reason] if each.reason else [])]
        told.append(f"{_share(each)}{': ' if words else ''}{'; '.join(words)}")
    return " / ".join(told)


def _hops(before: Side, now: Side) -> Iterator[Row]:
    hook = ""
    for left, right in aligned(hops_of(before), hops_of(now)):
        found = right or left
        assert found is not None
        if found.step.hook != hook:
            hook = found.step.hook
            yield Row("", hook, depth=0)
        same = left is not None and right is not None and (left.meaning, left.words) == (right.meaning, right.words)
        sign = "" if same else "+" if left is None else "-" if right is None else "~"
        table, chain = (now if right else before), found.step.chain
        label = table.label(found.step.label, chain)
        if left is not None and right is not None and left.step.chain != right.step.chain:
            chain, label = found.chain[2], None
        what = f"{found.step.table} {_short(chain, label)}"
        yield Row(sign, what, _cell(left), _cell(right), (_full(left), _full(right)),
                  left.step if left else None, right.step if right else None)  # fmt: skip


def _short(chain: str, label: str | None) -> str:
    return f"{'-'.join(chain.split('-')[:2])} {label}" if label else chain


def _cell(hop: Hop | None) -> str:
    if hop is None:
        return ""
    return " ".join(filter(None, [str(hop.step.rule or ""), hop.words, "only some" if hop.step.maybe else ""]))


def _full(hop: Hop | None) -> str:
    return f"{f'line {hop.step.line}: ' if hop.step.line else ''}{hop.step.text.strip()}" if hop is not None else ""


def hops_of(side: Side) -> list[Hop]:
    """The steps of all outcomes in the kernel's order, each rule once where outcomes share it."""
    found: dict[Hashable, Step] = {}
    for outcome in side.trace.outcomes:
        for step in worth_telling([step for step in outcome.steps if step.matched]):
            found.setdefault((step.order, step.hook, step.label, step.chain, step.rule), step)
    return [_hop(step, side) for step in sorted(found.values(), key=lambda step: step.order)]


def _hop(step: Step, side: Side) -> Hop:
    table = side.ruleset.table(step.label)
    chain = table.chains.get(step.chain) if table else None
    meaning: Hashable = step.text.partition("[")[0] if step.rule is None else step.text
    if table and chain and step.rule is not None and step.rule <= len(chain.rules):
        meaning = normal(chain.rules[step.rule - 1], table.family).meaning
    words = effect_words(step)
    target = step.effect.partition(" ")[2] if step.effect.startswith(("jump ", "goto ")) else ""
    label = side.label(step.label, target) if target else None
    return Hop(step, (step.hook, step.label, step.chain, meaning), f"{words[0]} {label}" if label else words)


_KEYS: tuple[Key, ...] = (
    lambda hop: hop.meaning,
    lambda hop: (hop.step.hook, hop.step.label, hop.step.chain, hop.step.effect),
    lambda hop: (hop.chain, _kind(hop.step)),
)
"""What makes two hops the same hop: the same rule; the same effect in the same chain; the same kind of both."""


def _kind(step: Step) -> str:
    first = step.effect.partition(" ")[0]
    return "verdict" if first in ("ACCEPT", "DROP", "REJECT", "policy") else first


def aligned(
    left: Sequence[Hop], right: Sequence[Hop], keys: Sequence[Key] = _KEYS
) -> Iterator[tuple[Hop | None, Hop | None]]:
    """Pairs in the order of both sides; a hop that only one side has stands alone."""
    if not keys or not left or not right:
        yield from ((hop, None) for hop in left)
        yield from ((None, hop) for hop in right)
        return
    key, *weaker = keys
    matcher = SequenceMatcher(None, [key(hop) for hop in left], [key(hop) for hop in right], autojunk=False)
    for tag, start, end, first, last in matcher.get_opcodes():
        if tag == "equal":
            yield from zip(left[start:end], right[first:last], strict=True)
        else:
            yield from aligned(left[start:end], right[first:last], weaker)
