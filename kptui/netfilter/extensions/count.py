"""nfacct, quota, connbytes, connlimit, rateest and their target: counters, whose values are not in a dump."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import independent, passing, told
from kptui.netfilter.extensions.declare import declare
from kptui.syntax.vocabulary import Given


def _range(given: Sequence[Given]) -> str | None:
    """--connbytes FROM[:TO], FROM not above TO."""
    for option in given:
        low, _, high = option.values[0].partition(":") if option.name == "connbytes" else ("", "", "")
        if low and high and int(low, 0) > int(high, 0):
            return f"{low} should be less than {high}"
    return None


_RATES = ("rateest-bps", "rateest-pps", "rateest-bps1", "rateest-pps1", "rateest-bps2", "rateest-pps2")
MATCHES = {
    # nfacct counts, and always matches.
    "nfacct": independent(
        declare("nfacct-name: text(1-)", needed="nfacct-name"),
        {"nfacct-name": (lambda option, scope: lambda packet: True, lambda option: f"counted as {option.value}")},
    ),
    "quota": told(
        "quota",
        declare("! quota: u64", needed="quota"),
        "whether the quota is used up is not in a dump",
        "while the quota lasts",
        per_packet=True,
    ),
    "connbytes": told(
        "connbytes",
        declare(
            "! connbytes: range64", "connbytes-dir: enum(original|reply|both)",
            "connbytes-mode: enum(packets|bytes|avgpkt)",
            needed="connbytes connbytes-dir connbytes-mode", check=_range,
        ),
        "how much the connection has moved is not in a dump",
        "by what the connection has moved",
    ),
    "connlimit": told(
        "connlimit",
        declare(
            "! connlimit-upto: u32", "! connlimit-above: u32", "connlimit-mask: length(mask)", "connlimit-saddr",
            "connlimit-daddr",
            needed="connlimit-upto|connlimit-above",
            alone="connlimit-upto|connlimit-above connlimit-saddr|connlimit-daddr",
        ),
        "how many connections are open is not in a dump",
        "by the number of connections",
    ),
    "rateest": told(
        "rateest",
        declare(
            "rateest1|rateest: text(1-)", "rateest2: text(1-)", "rateest-delta", "! rateest-lt", "! rateest-gt",
            "! rateest-eq", *(f"{name}?: bits" for name in _RATES),
            needed="rateest1 rateest-lt|rateest-gt|rateest-eq", alone="rateest-lt|rateest-gt|rateest-eq",
        ),
        "what the rate estimator has measured is not in a dump",
        "by an estimated rate",
    ),
}  # fmt: skip
TARGETS = {
    "RATEEST": passing(
        "RATEEST",
        declare(
            "rateest-name: text(1-)", "rateest-interval: interval", "rateest-ewmalog: interval",
            needed="rateest-name rateest-interval rateest-ewmalog",
        ),
        "estimate the rate",
    ),
}  # fmt: skip
