"""statistic: every n-th packet, or a share of them at random (xt_statistic.c)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test, setting, share_words
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.values import number
from kptui.netfilter.extensions.words import ordinal
from kptui.netfilter.facts import Chance, negate
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Given

# The kernel keeps a probability as a fraction of 2^31; that, and the ten digits kube-proxy writes, is all that is lost.
_ROUNDING = Fraction(5, 10**10)


def share(text: str) -> Fraction:
    """The share meant by a --probability; raises ValueError.

    0.33333333349 is what is left of kube-proxy's 1/3 ("%0.10f", then a 31-bit fraction), so a 1/n within that
    rounding is taken for meant; else the shortest fraction within it.
    """
    given = Fraction(text)
    if not 0 <= given <= 1:
        raise ValueError(f"“{text}” is no probability")
    if given == 0:
        return given
    whole = Fraction(1, max(1, round(1 / given)))
    if abs(whole - given) <= _ROUNDING:
        return whole
    simple = given.limit_denominator(100_000)
    return simple if abs(simple - given) <= _ROUNDING else given


def _compile(options: Sequence[Option], scope: Scope) -> list[Test]:
    named = {option.name: option for option in options}
    if "probability" in named:
        option = named["probability"]
        answer = negate(Chance(share(option.value)), option.negated)
        settled = True if answer == Chance(Fraction(1)) else False if answer == Chance(Fraction(0)) else answer
        return [lambda packet: settled]
    every = named["every"].value if "every" in named else "?"
    why = f"which packet of every {every} this one is, is not known"
    return [
        _maybe_not(setting(scope, "nth", scope.line, why, per_packet=True), "every" in named and named["every"].negated)
    ]


def _maybe_not(test: Test, negated: bool) -> Test:
    return (lambda packet: negate(test(packet))) if negated else test


def _say(options: Sequence[Option]) -> str:
    for option in options:
        try:
            if option.name == "probability":
                return share_words(1 - share(option.value) if option.negated else share(option.value))
        except ValueError:
            return f"with probability {option.value}"
        if option.name == "every":
            return _say_every(option, options)
    return "by statistics"


def _say_every(every: Option, options: Sequence[Option]) -> str:
    """--packet counts from 0; each rule has a counter of its own."""
    first = next((number(option.value) for option in options if option.name == "packet"), 0)
    words = f"each {ordinal(number(every.value))} packet" if number(every.value) > 1 else "each packet"
    words += f", beginning with the {ordinal(first + 1)}"
    return f"all but {words}" if every.negated else words


def _check(given: Sequence[Given]) -> str | None:
    """Each mode has its options; --packet counts from 0."""
    named = {option.name: option for option in given}
    mode = named["mode"].values[0]
    if mode == "random" and "probability" not in named:
        return "--mode random needs --probability"
    if mode == "nth":
        if "every" not in named or "packet" not in named:
            return "--mode nth needs --every and --packet"
        if number(named["packet"].values[0]) >= number(named["every"].values[0]):
            return "--packet must be less than --every"
    return None


MATCHES = {
    "statistic": MatchExtension(
        declare(
            "mode: enum(random|nth)", "! probability: probability", "! every: u32(1-)", "packet: u32",
            needed="mode", alone="probability|every probability|packet", check=_check,
        ),
        _compile,
        _say,
    )
}  # fmt: skip
