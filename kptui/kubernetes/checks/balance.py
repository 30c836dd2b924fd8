"""How Services spread packets over their endpoints: even shares, and nothing that falls through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

from kptui.kubernetes.balancing import UNSURE, Balancing, Way
from kptui.kubernetes.checks.finding import Check, Found, Place
from kptui.kubernetes.checks.view import View

_EVEN = Fraction(1, 100)
"""How far from even a share may be: up to 1.17 kube-proxy wrote five digits only."""


def _shares(balance: Balancing) -> list[tuple[Way, Fraction]] | None:
    """The ways to endpoints with their shares, None where one of them can't be told."""
    found = [(way, way.share) for way in balance.ways if way.share is not None]
    return found if found and len(found) == len(balance.ways) else None


def _last(view: View) -> Iterator[Found]:
    if not view.whole("nat"):
        return
    for balance in view.balancings.values():
        shares = _shares(balance)
        if shares is None or balance.ways[-1].written in (None, UNSURE):
            continue
        lost = Fraction(1) - sum((share for _, share in shares), Fraction(0))
        if lost > 0:
            message = (
                f"the last rule that leads to an endpoint asks for a probability of {balance.ways[-1].written}: "
                f"{_percent(lost)} of the packets find no endpoint and go on untranslated"
            )
            yield Found(_place(balance, balance.ways[-1]), message)


def _uneven(view: View) -> Iterator[Found]:
    if not view.whole("nat"):
        return
    for balance in view.balancings.values():
        shares = _shares(balance)
        # What is behind a rule that takes all, or falls through, is told by other checks.
        if shares is None or any(way.written is None for way, _ in shares[:-1]) or shares[-1][0].written is not None:
            continue
        count = len(shares)
        even = Fraction(1, count)
        wrong = [(way, share) for way, share in shares if share != even and abs(share * count - 1) > _EVEN]
        if wrong:
            yield Found(_place(balance, wrong[0][0]), _told(view, shares, wrong))
            continue
        twice = [name for name, times in Counter(way.chain for way, _ in shares).items() if times > 1]
        if twice:
            second = next(way for way, _ in reversed(shares) if way.chain == twice[0])
            yield Found(_place(balance, second), f"{_name(view, twice[0])} is there twice, and gets twice its share")


def _told(view: View, shares: list[tuple[Way, Fraction]], wrong: list[tuple[Way, Fraction]]) -> str:
    shown = [f"{_name(view, way.chain)} {_percent(share)}" for way, share in wrong[:4]]
    more = f", and {len(wrong) - 4} more" if len(wrong) > 4 else ""
    return f"{len(shares)} endpoints, but not {_percent(Fraction(1, len(shares)))} each: {', '.join(shown)}{more}"


def _name(view: View, chain: str) -> str:
    found = view.endpoints.get(chain)
    return found.to if found is not None and found.to is not None else chain


def _percent(share: Fraction) -> str:
    return f"{float(share) * 100:.3g} %"


def _place(balance: Balancing, way: Way) -> Place:
    return Place("nat", balance.chain, way.number, way.line)


CHECKS = (
    Check(
        "last-endpoint-probability", "error", "The last endpoint's rule is left to chance",
        "The rule for the last endpoint must take all that is left. With a probability some packets pass it, return "
        "from the Service's chain, and go to the cluster IP itself, where nobody answers.",
        "Look whether rules of this chain are missing behind it (a dump that was cut), or who edited it; kube-proxy "
        "writes the chain anew when an endpoint changes, or when it is restarted.",
        _last,
    ),
    Check(
        "uneven-shares", "warning", "Endpoints that don't get even shares",
        "kube-proxy gives rule i of n the probability 1/(n-i), so that each endpoint gets 1/n. Other shares come from "
        "rules that were removed, added or moved by hand, or from an endpoint that is there twice.",
        "Compare with kubectl get endpointslices of the Service. A restart of kube-proxy writes the chain anew.",
        _uneven,
    ),
)  # fmt: skip
