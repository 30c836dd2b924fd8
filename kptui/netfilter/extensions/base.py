"""What an extension is: a declaration of options, a decision or an effect, and words for people."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from kptui.netfilter.facts import Answer, Fact, Unsure, negate
from kptui.netfilter.host import Host
from kptui.netfilter.packet import Packet
from kptui.syntax.ast import Option

Test = Callable[[Packet], Answer]
"""One condition of a match: what it answers for a packet."""

Verdict = Literal["ACCEPT", "DROP", "REJECT", "QUEUE", "RETURN", "UNKNOWN"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a rule stands, and what is known around it."""

    host: Host
    table: str
    hook: str
    line: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What a target did: the packet after it, the verdict if it gave one, a few words for the trace.

    With `unsure`, that is what happens if the fact holds, and `otherwise` what happens if not.
    """

    packet: Packet
    verdict: Verdict | None
    words: str
    reason: str | None = None
    unsure: Unsure | None = None
    otherwise: Effect | None = None


Apply = Callable[[Packet], Effect]


@dataclass(frozen=True, slots=True)
class MatchExtension:
    """A match: `compile` makes the tests that must all hold, in order, `say` puts it in words ("from 10.0.0.0/8").

    `options` names every option and how many values it takes. A ValueError from `compile` means that a value could
    not be read: the match then is unknown, and says so.
    """

    options: Mapping[str, int]
    compile: Callable[[Sequence[Option], Scope], list[Test]]
    say: Callable[[Sequence[Option]], str]


@dataclass(frozen=True, slots=True)
class TargetExtension:
    """A target: `compile` makes what it does to a packet, `say` puts it in words."""

    options: Mapping[str, int]
    compile: Callable[[Sequence[Option], Scope], Apply]
    say: Callable[[Sequence[Option]], str]


TestOf = Callable[[Option, Scope], Test]
Say = Callable[[Option], str]


def independent(table: Mapping[str, tuple[int, TestOf, Say]]) -> MatchExtension:
    """A match whose options are conditions of their own: name -> (number of values, test, words); `!` is seen to."""

    def compile_all(options: Sequence[Option], scope: Scope) -> list[Test]:
        return [_negatable(table[_full(table, option)][1](option, scope), option.negated) for option in options]

    def say(options: Sequence[Option]) -> str:
        said = [(option, table[_full(table, option)][2](option)) for option in options]
        return ", ".join(f"not {words}" if option.negated else words for option, words in said)

    return MatchExtension({name: entry[0] for name, entry in table.items()}, compile_all, say)


def _full(table: Mapping[str, object], option: Option) -> str:
    """The declared name of an option given by a unique prefix; raises ValueError for one that isn't declared."""
    fitting = [name for name in table if name == option.name] or [n for n in table if n.startswith(option.name)]
    if len(fitting) != 1:
        raise ValueError(f"option --{option.name} is not known here")
    return fitting[0]


def _negatable(test: Test, negated: bool) -> Test:
    return (lambda packet: negate(test(packet))) if negated else test


def setting(scope: Scope, name: str, subject: Hashable, why: str, per_packet: bool = False) -> Test:
    """A test whose answer is not in a dump; `--set name=yes|no` settles it."""
    given = scope.host.settings.get(name)
    if given is not None:
        settled = given.lower() in ("yes", "true", "1")
        return lambda packet: settled
    unsure = Unsure(Fact((name, subject), per_packet=per_packet), why)
    return lambda packet: unsure


def always(packet: Packet) -> Answer:
    """The test of a match that matches every packet."""
    return True


def spoken(option: Option) -> str:
    """An option as it is written, for extensions that have no better words."""
    text = " ".join([f"--{option.name}", *option.values])
    return f"! {text}" if option.negated else text


def share_words(share: Fraction) -> str:
    """A share for people: “one time in three”, else a percentage."""
    numbers = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten"}
    if share.numerator == 1 and share.denominator > 1:
        return f"one time in {numbers.get(share.denominator, share.denominator)}"
    return f"{float(share) * 100:.4g} % of the time"
