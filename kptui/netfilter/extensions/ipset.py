"""set and SET: membership in an ipset, which a dump does not hold (xt_set.c)."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import Apply, Effect, Scope, TargetExtension, Test, independent, setting, spoken
from kptui.netfilter.facts import Answer, Fact, Unsure
from kptui.netfilter.ipsets import contains
from kptui.netfilter.packet import Packet
from kptui.syntax.ast import Option


def _member(option: Option, scope: Scope) -> Test:
    name, sides = option.values[0], option.values[1]
    sets = scope.host.ipsets

    def test(packet: Packet) -> Answer:
        given = scope.host.settings.get(f"set:{name}")
        if given is not None:
            return given.lower() == "yes"
        if sets is not None:
            return contains(sets, name, sides, packet)
        # What is looked up is part of the question: after DNAT the answer may be another.
        looked = tuple(_looked_up(packet, side) for side in sides.split(","))
        return Unsure(Fact(("set", name, sides, looked)), f"what is in the ipset {name} is not in a dump (--ipset)")

    return test


def _looked_up(packet: Packet, side: str) -> tuple[object, ...]:
    return (
        (packet.src, packet.sport, packet.in_)
        if side == "src"
        else (packet.dst, packet.dport, packet.proto, packet.out)
    )


def _say_member(option: Option) -> str:
    sides = {"src": "source", "dst": "destination"}
    name, *rest = option.values
    what = " and ".join(sides.get(side, side) for side in (rest[0] if rest else "src").split(","))
    return f"{what} in ipset {name}"


def _condition(option: Option, scope: Scope) -> Test:
    return setting(
        scope, option.name, (scope.line, option.values), f"what --{option.name} asks of the ipset is not known"
    )


def _nothing(option: Option, scope: Scope) -> Test:
    return lambda packet: True


MATCHES = {
    "set": independent(
        {
            "match-set": (2, _member, _say_member),
            "return-nomatch": (0, _nothing, spoken),
            "update-counters": (0, _nothing, spoken),
            "update-subcounters": (0, _nothing, spoken),
            **{
                f"{kind}-{test}": (1, _condition, spoken)
                for kind in ("packets", "bytes")
                for test in ("eq", "lt", "gt")
            },
        }
    )
}


def _set(options: Sequence[Option], scope: Scope) -> Apply:
    words = " ".join(spoken(option) for option in options)
    return lambda packet: Effect(packet, None, f"SET {words}")


TARGETS = {
    "SET": TargetExtension(
        {
            "add-set": 2,
            "del-set": 2,
            "map-set": 2,
            "exist": 0,
            "timeout": 1,
            "map-mark": 0,
            "map-prio": 0,
            "map-queue": 0,
        },
        _set,
        lambda options: "change an ipset: " + " ".join(spoken(option) for option in options),
    )
}
