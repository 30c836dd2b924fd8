"""What a hook changed in a packet, in words: `dst 192.168.50.10:32754 → 10.42.0.199:80, mark 0x0 → 0x4000`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kptui.netfilter.address import endpoint
from kptui.netfilter.facts import Unknown
from kptui.netfilter.packet import Number
from kptui.netfilter.trace import Outcome

_MANY = 3
_MARKS = {"mark": "mark", "ctmark": "connmark"}
_PLAIN = {"ttl": "TTL", "tos": "TOS"}


def changes_at(hook: str, outcomes: Sequence[Outcome]) -> Iterator[str]:
    """One line a kind of change that some outcomes made at a hook; what differs among them is joined by “or”."""
    found: dict[str, dict[str, dict[str, None]]] = {}
    for outcome in outcomes:
        for kind, old, new in _words(_net(hook, outcome), outcome.packet.family):
            found.setdefault(kind, {}).setdefault(old, {})[new] = None
    for kind, changes in found.items():
        for old, news in changes.items():
            shown = list(news)
            text = " or ".join(shown) if len(shown) <= _MANY else f"one of {len(shown):,}"
            yield f"{kind} {old} → {text}"


def _net(hook: str, outcome: Outcome) -> dict[str, tuple[Number, Number]]:
    """Field -> value before and after the hook, of those that differ."""
    net: dict[str, tuple[Number, Number]] = {}
    for step in outcome.steps:
        if step.hook == hook and not step.maybe:
            for field, old, new in step.changed:
                net[field] = (net[field][0] if field in net else old, new)
    return {field: pair for field, pair in net.items() if pair[0] != pair[1]}


def _words(net: dict[str, tuple[Number, Number]], family: int) -> Iterator[tuple[str, str, str]]:
    for side, port in (("src", "sport"), ("dst", "dport")):
        if side in net:
            ports = net.get(port, (None, None))
            old, new = (_place(value, number, family) for value, number in zip(net[side], ports, strict=True))
            yield side, old, new
        elif port in net:
            yield port, _number(net[port][0]), _number(net[port][1])
    for field, label in (_MARKS | _PLAIN).items():
        if field in net:
            form = "#x" if field in _MARKS else "d"
            yield label, _number(net[field][0], form), _number(net[field][1], form)


def _place(address: Number, port: Number | None, family: int) -> str:
    if isinstance(address, Unknown):
        return f"({address.label})"
    return endpoint(address, port if isinstance(port, int) else None, family)


def _number(value: Number, form: str = "d") -> str:
    return f"({value.label})" if isinstance(value, Unknown) else format(value, form)
