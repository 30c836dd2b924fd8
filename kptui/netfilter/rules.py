"""A rule made ready to be tried: its conditions in the kernel's order, and what its target does."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Literal

from kptui.netfilter.address import Network, name_number, name_region, network
from kptui.netfilter.extensions import match_extension, target_extension
from kptui.netfilter.extensions.base import Apply, Effect, Scope, Test
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure, negate, under_mask, within
from kptui.netfilter.intervals import normal
from kptui.netfilter.packet import Name, Number, Packet
from kptui.netfilter.protocols import protocol_number
from kptui.records import dataclass
from kptui.syntax.ast import Match, Option, Rule, Target

GENERIC_FLAGS = {"source": "-s", "destination": "-d", "in": "-i", "out": "-o", "protocol": "-p", "fragment": "-f"}


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing a rule asks of a packet, as it is written."""

    text: str
    test: Test


@dataclass(frozen=True, slots=True)
class Ready:
    """A rule ready to be tried; `jump` and `goto` name a user-defined chain, else `apply` is the target's effect."""

    rule: Rule
    conditions: tuple[Condition, ...]
    kind: Literal["jump", "goto", "target"]
    chain: str | None = None
    apply: Apply | None = None
    changes: frozenset[str] = frozenset()
    """Lists of the kernel's that trying the rule may change."""
    takes: frozenset[str] = frozenset()
    """Those of them that it may take something out of."""
    enters: tuple[Callable[[Packet], Packet], ...] = ()
    """What a packet takes along from matches of the rule that it met."""

    def tried(self, packet: Packet) -> Packet:
        """A packet after the rule was tried on it, matched or not."""
        if not self.changes:
            return packet
        kept = frozenset(entry for entry in packet.entered if entry[0] not in self.takes)
        return packet.but(changed=packet.changed | self.changes, entered=kept)

    def met(self, packet: Packet) -> Packet:
        """A packet that was tried, after the rule matched it."""
        for enter in self.enters:
            packet = enter(packet)
        return packet


def ready(rule: Rule, scope: Scope, chains: Container[str]) -> Ready:
    """Make a rule ready for one hook of its table; what can't be read in it becomes an unknown, never an error."""
    if rule.error is not None:
        why = f"line {rule.line} could not be read"
        # One question for match and target together: either the rule does nothing, or we can't say what it does.
        unknown = _unknown(rule.text, ("line", rule.line), why)
        return Ready(rule, (unknown,), "target", None, lambda packet: Effect(packet, "UNKNOWN", "unknown", why))
    conditions = (*_generic(rule, scope), *_matches(rule, scope))
    changed, enters = _lists(rule.matches)
    more = (frozenset(changed), frozenset(name for name, takes in changed.items() if takes), enters)
    if rule.target is None:
        return Ready(rule, conditions, "target", None, lambda packet: Effect(packet, None, "count"), *more)
    if rule.target.name in chains:
        return Ready(rule, conditions, "goto" if rule.target.goto else "jump", rule.target.name, None, *more)
    return Ready(rule, conditions, "target", None, _target(rule.target, scope), *more)


def _lists(matches: Sequence[Match]) -> tuple[dict[str, bool], tuple[Callable[[Packet], Packet], ...]]:
    """(The kernel's lists that trying the matches may change, what packets that met them take along)."""
    changed: dict[str, bool] = {}
    enters = []
    for match in matches:
        extension = match_extension(match.name)
        found = extension.changes(match.options) if extension is not None and extension.changes is not None else None
        if found is not None:
            changed[found[0]] = changed.get(found[0], False) or found[1]
        enter = extension.enters(match.options) if extension is not None and extension.enters is not None else None
        if enter is not None:
            enters.append(enter)
    return changed, tuple(enters)


def match_text(match: Match) -> str:
    """A match as iptables-save writes it (quotes aside)."""
    words = [] if match.implicit else ["-m", match.name]
    return " ".join([*words, *map(option_text, match.options)])


def option_text(option: Option) -> str:
    """A match's or target's option as iptables-save writes it (quotes aside)."""
    return " ".join([*(["!"] if option.negated else []), f"--{option.name}", *option.values])


def _generic(rule: Rule, scope: Scope) -> list[Condition]:
    found = []
    for option in rule.generic:
        text = " ".join([*(["!"] if option.negated else []), GENERIC_FLAGS[option.name], *option.values])
        try:
            test = _generic_test(option, scope)
        except ValueError as error:
            found.append(_unknown(text, (option.name, option.value), str(error)))
            continue
        found.append(Condition(text, _negated(test) if option.negated else test))
    return found


def _generic_test(option: Option, scope: Scope) -> Test:
    if option.name == "source":
        return _network(option.value, scope, lambda packet: packet.src)
    if option.name == "destination":
        return _network(option.value, scope, lambda packet: packet.dst)
    if option.name == "in":
        return _interface(option.value, lambda packet: packet.in_, "incoming interface")
    if option.name == "out":
        return _interface(option.value, lambda packet: packet.out, "outgoing interface")
    if option.name == "fragment":
        # With conntrack, packets are put together again before any rule sees them.
        return lambda packet: packet.fragment
    number = protocol_number(option.value)
    region = ((number, number),) if number else ((0, 255),)
    return lambda packet: within(packet.proto, region, "the protocol")


def _network(text: str, scope: Scope, field: Callable[[Packet], Number]) -> Test:
    if "," in text:
        # A hand-written list; iptables makes a rule of each, so that one of them fitting is enough.
        return _any_network([network(each, scope.host.family) for each in text.split(",")], field)
    net = network(text, scope.host.family)
    address, mask, region = net.address, net.mask, net.region

    def test(packet: Packet) -> Answer:
        value: Number = field(packet)
        if not isinstance(value, Unknown):
            return value & mask == address
        if region is None:
            return under_mask(value, mask, address, f"the {value.label}")
        return within(value, region, f"the {value.label}")

    return test


def _any_network(nets: list[Network], field: Callable[[Packet], Number]) -> Test:
    regions = [net.region for net in nets]
    whole = normal([span for region in regions if region for span in region])

    def test(packet: Packet) -> Answer:
        value: Number = field(packet)
        if not isinstance(value, Unknown):
            return any(value in net for net in nets)
        if None in regions:
            return Unsure(Fact((value.label, tuple(nets))), f"the {value.label} is not known")
        return within(value, whole, f"the {value.label}")

    return test


def _interface(pattern: str, field: Callable[[Packet], Name], what: str) -> Test:
    region = name_region(pattern)

    def test(packet: Packet) -> Answer:
        value = field(packet)
        if isinstance(value, Unknown):
            return within(value, region, f"the {what}")
        return within(name_number(value), region, what)

    return test


def _matches(rule: Rule, scope: Scope) -> list[Condition]:
    found = []
    for match in rule.matches:
        text = match_text(match)
        extension = match_extension(match.name.lower() if match.implicit else match.name)
        if extension is None:
            found.append(_unknown(text, (match.name, text), f"kptui does not know the match {match.name}"))
            continue
        try:
            tests = extension.compile(match.options, scope)
        except (ValueError, IndexError, KeyError) as error:
            found.append(_unknown(text, (match.name, text), f"-m {match.name}: {error}"))
            continue
        found += [Condition(text, test) for test in tests]
    return found


def _unknown(text: str, subject: tuple[object, ...], why: str) -> Condition:
    unsure = Unsure(Fact(("unread", *subject)), why)
    return Condition(text, lambda packet: unsure)


def _negated(test: Test) -> Test:
    return lambda packet: negate(test(packet))


def _target(target: Target, scope: Scope) -> Apply:
    extension = target_extension(target.name)
    words = " ".join([target.name, *map(option_text, target.options)])
    if extension is None:
        return _lost(words, scope.line, f"kptui knows no target {target.name}, and the table has no such chain")
    try:
        return extension.compile(target.options, scope)
    except (ValueError, IndexError, KeyError) as error:
        return _lost(words, scope.line, f"-j {target.name}: {error}")


def _lost(words: str, line: int, why: str) -> Apply:
    """A target that can't be known: either the packet passes on unchanged, or we can't say what becomes of it."""
    unsure = Unsure(Fact(("target", line)), why)

    def apply(packet: Packet) -> Effect:
        return Effect(packet, None, f"{words}: unknown, passes on", None, unsure, Effect(packet, "UNKNOWN", words, why))

    return apply
