"""nfacct, quota, connbytes, connlimit, rateest and their target: counters, whose values are not in a dump."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import independent, passing, told
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.words import each_said, named, said, span
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Given


def _range(given: Sequence[Given]) -> str | None:
    """--connbytes FROM[:TO], FROM not above TO."""
    for option in given:
        low, _, high = option.values[0].partition(":") if option.name == "connbytes" else ("", "", "")
        if low and high and int(low, 0) > int(high, 0):
            return f"{low} should be less than {high}"
    return None


_RATES = ("rateest-bps", "rateest-pps", "rateest-bps1", "rateest-pps1", "rateest-bps2", "rateest-pps2")
_DIRECTIONS = {
    "original": " in the direction it was opened in",
    "reply": " in the reply direction",
    "both": " in both directions",
}
_COMPARED = {
    "rateest-lt": ("below", "not below"),
    "rateest-gt": ("above", "not above"),
    "rateest-eq": ("equal to", "other than"),
}


def _say_quota(given: Sequence[Option]) -> str:
    option = named(given)["quota"]
    return (
        f"once {option.value} bytes have passed here"
        if option.negated
        else f"while at most {option.value} bytes have passed here"
    )


def _say_moved(given: Sequence[Option]) -> str:
    """Without an upper end the number is the least."""
    options = named(given)
    moved, mode = options["connbytes"], options["connbytes-mode"].value
    amount = span(moved.value if ":" in moved.value else f"{moved.value}:")
    verb = "averages" if mode == "avgpkt" else "has moved"
    what = "bytes a packet" if mode == "avgpkt" else mode
    no = "not " if moved.negated else ""
    return f"connection that {verb} {no}{amount} {what}{_DIRECTIONS[options['connbytes-dir'].value]}"


def _say_open(given: Sequence[Option]) -> str:
    options = named(given)
    above = options.get("connlimit-above")
    limit = above or options["connlimit-upto"]
    more = (above is not None) != limit.negated
    side = "destination" if "connlimit-daddr" in options else "source"
    mask = options["connlimit-mask"].value if "connlimit-mask" in options else "32"
    whole = mask in ("32", "128", "255.255.255.255")
    group = f"its {side} address" if whole else f"its {side}'s /{mask} network"
    words = "more than" if more else "at most"
    what = "connection" if limit.value == "1" else "connections"
    return f"{words} {limit.value} {what} open {'to' if side == 'destination' else 'from'} {group}"


def _say_rate(given: Sequence[Option]) -> str:
    """One estimator against a number, or two against each other; with --rateest-delta what each is above a number."""
    options = named(given)
    how = next(option for option in given if option.name in _COMPARED)
    compared = _COMPARED[how.name][how.negated]
    unit = "packets" if any("pps" in name for name in options) else "bytes"
    values = {name[-1]: option.value for name, option in options.items() if name[-4:-1] in ("bps", "pps")}
    plain = next((option.value for name, option in options.items() if name[-3:] in ("bps", "pps")), "")
    left, right = options["rateest1"].value, options["rateest2"].value if "rateest2" in options else None
    rate = f"rate of {unit} in estimator {left}"
    if "rateest-delta" in options:
        other = f"what that in {right} is above {values.get('2', '0')}" if right else values.get("2", "0")
        return f"{rate}, as far as it is above {values.get('1', '0')}, {compared} {other}"
    return f"{rate} {compared} {f'that in {right}' if right else plain}"


MATCHES = {
    # nfacct counts, and always matches.
    "nfacct": independent(
        declare("nfacct-name: text(1-)", needed="nfacct-name"),
        {"nfacct-name": (lambda option, scope: lambda packet: True, said("counted in the nfacct object {}"))},
    ),
    "quota": told(
        "quota",
        declare("! quota: u64", needed="quota"),
        "whether the quota is used up is not in a dump",
        _say_quota,
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
        _say_moved,
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
        _say_open,
    ),
    "rateest": told(
        "rateest",
        declare(
            "rateest1|rateest: text(1-)", "rateest2: text(1-)", "rateest-delta", "! rateest-lt", "! rateest-gt",
            "! rateest-eq", *(f"{name}?: bits" for name in _RATES),
            needed="rateest1 rateest-lt|rateest-gt|rateest-eq", alone="rateest-lt|rateest-gt|rateest-eq",
        ),
        "what the rate estimator has measured is not in a dump",
        _say_rate,
    ),
}  # fmt: skip
TARGETS = {
    "RATEEST": passing(
        "RATEEST",
        declare(
            "rateest-name: text(1-)", "rateest-interval: interval", "rateest-ewmalog: interval",
            needed="rateest-name rateest-interval rateest-ewmalog",
        ),
        each_said(
            {
                "rateest-name": said("measure the rate of such packets as {}"),
                "rateest-interval": said("every {}"),
                "rateest-ewmalog": said("averaged over {}"),
            }
        ),
    ),
}  # fmt: skip
