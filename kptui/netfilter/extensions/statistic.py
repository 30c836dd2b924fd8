"""statistic: every n-th packet, or a share of them at random (xt_statistic.c)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test, setting, share_words
from kptui.netfilter.facts import Chance, negate
from kptui.syntax.ast import Option

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
            return f"{'all but ' if option.negated else ''}every {option.value}th packet"
    return "by statistics"


MATCHES = {"statistic": MatchExtension({"mode": 1, "probability": 1, "every": 1, "packet": 1}, _compile, _say)}
