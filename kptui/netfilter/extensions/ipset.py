"""set and SET: membership in an ipset, which a dump does not hold (xt_set.c)."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import (
    Apply,
    Effect,
    MatchExtension,
    Scope,
    TargetExtension,
    Test,
    independent,
    setting,
)
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.words import Say, named, said, spoken
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure, negate
from kptui.netfilter.ipsets import contains
from kptui.netfilter.packet import Packet
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Given


def _member(option: Option, scope: Scope, reverse: bool = False) -> Test:
    name, sides = option.values[0], option.values[1]
    sets = scope.host.ipsets

    def test(packet: Packet) -> Answer:
        given = scope.host.settings.get(f"set:{name}")
        if given is not None:
            return given.lower() == "yes"
        if any(f"ipset {each}" in packet.changed for each in (name, *_members(name, scope))):
            # A SET target on the way changed it, so that this rule's question is its own.
            return Unsure(Fact(("set", name, scope.table, scope.line)), f"a rule before changed the ipset {name}")
        if sets is not None:
            return contains(sets, name, sides, packet, reverse)
        # What is looked up is part of the question: after DNAT the answer may be another.
        dimensions = sides.split(",")
        looked = tuple(_looked_up(packet, side, len(dimensions) > 1) for side in dimensions)
        fact = Fact(("set", name, sides, reverse, looked))
        return Unsure(fact, f"what is in the ipset {name} is not in a dump (--ipset)")

    return test


def _members(name: str, scope: Scope) -> list[str]:
    """The sets of a list:set."""
    found = scope.host.ipsets.get(name) if scope.host.ipsets else None
    return found.members if found else []


def _looked_up(packet: Packet, side: str, several: bool) -> tuple[object, ...]:
    """What a set may look at; a device only beside an address (hash:net,iface)."""
    if side == "src":
        return packet.src, packet.sport, packet.proto, packet.in_ if several else None
    return packet.dst, packet.dport, packet.proto, packet.out if several else None


def _say_member(option: Option) -> str:
    name, sides = option.values
    return f"{_sides(sides)} {'not in' if option.negated else 'in'} the ipset {name}"


def _sides(text: str) -> str:
    """What is looked up: with several sides, which of the packet's fields they are is the set's type."""
    names = {"src": "source", "dst": "destination"}
    sides = [names.get(side, side) for side in text.split(",")]
    whole = sides[0] if len(set(sides)) == 1 else " and ".join(dict.fromkeys(sides))
    return whole if len(sides) == 1 else f"{whole} ({text})"


def _condition(option: Option, scope: Scope) -> Test:
    return setting(
        scope, option.name, (scope.line, option.values), f"what --{option.name} asks of the ipset is not known"
    )


def _nothing(option: Option, scope: Scope) -> Test:
    return lambda packet: True


def _count_said(name: str) -> Say:
    kind, how = name.split("-")
    compared = {"eq": "exactly", "lt": "fewer than", "gt": "more than"}[how]
    return said(
        f"whose entry has counted {compared} {{}} {kind}", f"whose entry has not counted {compared} {{}} {kind}"
    )


_COUNTERS = [f"{kind}-{test}" for kind in ("packets", "bytes") for test in ("eq", "lt", "gt")]
_SET = independent(
    declare(
        "! match-set|set: text(1-31) sides", "return-nomatch", "! update-counters", "! update-subcounters",
        *(f"{'! ' if name.endswith('eq') else ''}{name}: u64" for name in _COUNTERS),
        needed="match-set", alone="packets-eq|packets-lt|packets-gt bytes-eq|bytes-lt|bytes-gt",
    ),
    {
        "match-set": (_member, _say_member),
        "return-nomatch": (_nothing, said("nomatch entries counting as entries")),
        "update-counters": (_nothing, said("counted in the set", "not counted in the set")),
        "update-subcounters": (_nothing, said("counted in the member sets", "not counted in the member sets")),
        **{name: (_condition, _count_said(name)) for name in _COUNTERS},
    },
)  # fmt: skip
_ASIDE = ("return-nomatch", "update-counters", "update-subcounters")


def _compile(given: Sequence[Option], scope: Scope) -> list[Test]:
    """--return-nomatch is about --match-set, what is updated decides nothing, negated or not."""
    reverse = any(option.name == "return-nomatch" for option in given)
    tests: list[Test] = []
    for option in given:
        if option.name == "match-set" and reverse:
            found = _member(option, scope, reverse)
            tests.append(_inverted(found) if option.negated else found)
        elif option.name not in _ASIDE:
            tests += _SET.compile([option], scope)
    return tests


def _inverted(test: Test) -> Test:
    return lambda packet: negate(test(packet))


MATCHES = {"set": MatchExtension(_SET.options, _compile, _SET.say)}


def _set(options: Sequence[Option], scope: Scope) -> Apply:
    words = " ".join(spoken(option) for option in options)
    changed = frozenset(f"ipset {option.value}" for option in options if option.name in ("add-set", "del-set"))
    mapped = any(option.name == "map-mark" for option in options)

    def apply(packet: Packet) -> Effect:
        # What a set maps the packet to is not in what `ipset save` tells of it without skbinfo.
        mark = Unknown(f"mark by {words}") if mapped else packet.mark
        return Effect(packet.but(changed=packet.changed | changed, mark=mark), None, f"SET {words}")

    return apply


def _one_change(given: Sequence[Given]) -> str | None:
    changes = {option.name for option in given} & {"add-set", "del-set", "map-set"}
    return None if changes else "one of --add-set, --del-set, --map-set is needed"


def _say_set(options: Sequence[Option]) -> str:
    given = named(options)
    words = []
    if "add-set" in given:
        name, sides = given["add-set"].values
        words.append(f"add its {_sides(sides)} to the ipset {name}")
        words += [f"for {given['timeout'].value} s"] if "timeout" in given else []
        words += ["renewing an entry that is there"] if "exist" in given else []
    if "del-set" in given:
        name, sides = given["del-set"].values
        words.append(f"remove its {_sides(sides)} from the ipset {name}")
    if "map-set" in given:
        name, sides = given["map-set"].values
        parts = [word for word in ("mark", "prio", "queue") if f"map-{word}" in given]
        what = " and ".join({"prio": "priority"}.get(part, part) for part in parts) or "nothing"
        words.append(f"take {what} from the entry of its {_sides(sides)} in the ipset {name}")
    return ", ".join(words)


TARGETS = {
    "SET": TargetExtension(
        declare(
            "add-set: text(1-31) sides", "del-set: text(1-31) sides", "map-set: text(1-31) sides", "exist",
            "timeout: u32", "map-mark", "map-prio", "map-queue",
            also="exist=add-set timeout=add-set map-mark=map-set map-prio=map-set map-queue=map-set",
            check=_one_change,
        ),
        _set,
        _say_set,
    )
}  # fmt: skip
