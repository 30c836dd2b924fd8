"""What an extension is: a declaration of options, a decision or an effect, and words for people."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, TypeVar

from kptui.netfilter.extensions.values import is_number, number
from kptui.netfilter.extensions.words import Say, SayAll, spoken
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure, negate
from kptui.netfilter.packet import Number, Packet
from kptui.records import dataclass
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Declared

if TYPE_CHECKING:
    from kptui.netfilter.host import Host

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

    `options` declares every option, how many values it takes and of what kinds. A ValueError from `compile` means that
    a value could not be read: the match then is unknown, and says so. `changes` names the kernel's list that trying the
    match may change, so that what a rule before learnt of it no longer holds, and whether it may take something out.
    """

    options: Declared
    compile: Callable[[Sequence[Option], Scope], list[Test]]
    say: Callable[[Sequence[Option]], str]
    changes: Callable[[Sequence[Option]], tuple[str, bool] | None] | None = None
    enters: Callable[[Sequence[Option]], Callable[[Packet], Packet] | None] | None = None
    """What a packet that met the match takes along of it, such as being in a list from now on."""


@dataclass(frozen=True, slots=True)
class TargetExtension:
    """A target: `compile` makes what it does to a packet, `say` puts it in words."""

    options: Declared
    compile: Callable[[Sequence[Option], Scope], Apply]
    say: Callable[[Sequence[Option]], str]


TestOf = Callable[[Option, Scope], Test]


def independent(
    options: Declared, table: Mapping[str, tuple[TestOf, Say]], first: Test | None = None
) -> MatchExtension:
    """A match whose options are conditions of their own: name -> (test, words); the words see to `!`, tests needn't.

    Where `first` is not true the match fails, negated or not.
    """

    def compile_all(given: Sequence[Option], scope: Scope) -> list[Test]:
        return [
            *([first] if first else []),
            *(_negatable(_known(table, option)[0](option, scope), option.negated) for option in given),
        ]

    phrases = {name: words for name, (_, words) in table.items()}

    def say(given: Sequence[Option]) -> str:
        # In the order given: it is the order in which the kernel asks.
        return ", ".join(phrases.get(option.name, spoken)(option) for option in given)

    return MatchExtension(options, compile_all, say)


def _known(table: Mapping[str, tuple[TestOf, Say]], option: Option) -> tuple[TestOf, Say]:
    if option.name not in table:
        raise ValueError(f"option --{option.name} is not known here")
    return table[option.name]


def told(name: str, options: Declared, why: str, say: SayAll, per_packet: bool = False) -> MatchExtension:
    """A match that nothing in a dump or a packet decides: it is asked as a whole, `--set NAME=yes|no` settles it.

    Rules that ask the same of the same hook share one answer; with `per_packet` each rule has its own.
    """

    def compile_all(given: Sequence[Option], scope: Scope) -> list[Test]:
        asked = tuple((option.name, option.values, option.negated and len(given) > 1) for option in given)
        where = scope.line if per_packet else scope.hook
        test = setting(scope, name, (asked, where), why, per_packet)
        return [_negatable(test, len(given) == 1 and given[0].negated)]

    return MatchExtension(options, compile_all, say)


def passing(name: str, options: Declared, say: SayAll) -> TargetExtension:
    """A target that changes nothing that kptui's packet has, and passes it on to the next rule."""

    def compile_it(given: Sequence[Option], scope: Scope) -> Apply:
        said = " ".join([name, *map(spoken, given)])
        return lambda packet: Effect(packet, None, said)

    return TargetExtension(options, compile_it, say)


Compiled = TypeVar("Compiled")


def sound(
    declared: Declared, compile_it: Callable[[Sequence[Option], Scope], Compiled]
) -> Callable[[Sequence[Option], Scope], Compiled]:
    """The same `compile`, but a ValueError for what iptables would refuse: then the match or target is unknown."""

    def checked(given: Sequence[Option], scope: Scope) -> Compiled:
        for option in given:
            syntax = declared.syntax.get(option.name)
            if syntax is None:
                raise ValueError(f"option --{option.name} is not known here")
            for kind, value in zip(syntax.kinds, option.values, strict=False):
                if not kind.fits(value, scope.host.family):
                    raise ValueError(f"“{value}” is not {kind.expected}")
        for wanted in declared.needed:
            if not any(option.name in wanted for option in given):
                raise ValueError(f"--{' or --'.join(sorted(wanted))} is missing")
        wrong = declared.check(given) if declared.check else None
        if wrong:
            raise ValueError(wrong)
        return compile_it(given, scope)

    return checked


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


def told_number(scope: Scope, name: str, label: str, bits: int) -> Number:
    """A number that is in no dump and no packet; `--set name=NUMBER` tells it."""
    given = scope.host.settings.get(name)
    return number(given) if given is not None and is_number(given, 0, (1 << bits) - 1) else Unknown(label, bits)


def always(packet: Packet) -> Answer:
    """The test of a match that matches every packet."""
    return True


def share_words(share: Fraction) -> str:
    """A share for people: “one time in three”, else a percentage."""
    whole, part = share.denominator, share.numerator
    if share in (0, 1):
        return "always" if share else "never"
    if part == 1 or whole <= 10:
        return f"{'one time' if part == 1 else f'{_count(part)} times'} in {_count(whole)}"
    return f"{float(share) * 100:.4g} % of the time"


_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def _count(number: int) -> str:
    return _NUMBERS[number - 1] if 1 <= number <= 10 else f"{number}"
