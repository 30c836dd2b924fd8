"""The normal form of a rule: equal for two rules that ask and do the same, however they are spelt.

Source of the equivalences: what iptables-save 1.8.9 prints for what iptables-restore was given (libxtables and the
extensions' save functions).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple

from kptui.diff.values import VALUES, WHOLE, numeric
from kptui.netfilter.address import network
from kptui.netfilter.extensions import match_extension, protocol_match, target_extension
from kptui.netfilter.extensions.header import tos_change
from kptui.netfilter.extensions.mark import mark_masks, operation
from kptui.netfilter.protocols import protocol_number
from kptui.syntax.ast import Match, Option, Rule, Target
from kptui.syntax.vocabulary import OptionSyntax

Asked = tuple[Hashable, ...]


class Normal(NamedTuple):
    """What a rule asks for, what it does, and its comment, which decides nothing."""

    asks: Asked
    does: Asked
    comment: str

    @property
    def meaning(self) -> Asked:
        """All that decides anything."""
        return self.asks, self.does


def normal(rule: Rule, family: int) -> Normal:
    """The normal form of a rule; of one that can't be read, its text."""
    if rule.error is not None:
        return Normal(("unread", rule.text), (), "")
    return Normal((_generic(rule, family), _matches(rule, family)), _target(rule.target, family), rule.comment or "")


def _generic(rule: Rule, family: int) -> Asked:
    found = []
    for option in rule.generic:
        value = _generic_value(option, family)
        if value is not None or option.negated:
            found.append((option.name, value, option.negated))
    return tuple(sorted(found, key=repr))


def _generic_value(option: Option, family: int) -> Hashable:
    """A generic option's value, None for one that asks for nothing (any address, any interface, every protocol)."""
    text = option.value
    try:
        if option.name in ("source", "destination"):
            nets = {network(part, family) for part in text.split(",")}
            return None if any(net.mask == 0 for net in nets) else tuple(sorted((n.address, n.mask) for n in nets))
        if option.name == "protocol":
            return protocol_number(text) or None
    except ValueError:
        return text
    return None if text == "+" else text or "given"


_ORDERED = frozenset({"recent", "limit", "hashlimit", "quota", "connlimit", "nfacct", "rateest", "set", "connlabel"})
"""Matches that leave something behind, so that it matters what is asked before and after them."""


def _matches(rule: Rule, family: int) -> Asked:
    """The matches, sorted between those whose place among the others matters."""
    found: list[Hashable] = []
    run: list[Hashable] = []
    for match in rule.matches:
        said = _match(match, rule, family)
        if said is None:
            continue
        if match.name in _ORDERED or _counts(match):
            found += [*sorted(run, key=repr), said]
            run = []
        else:
            run.append(said)
    return (*found, *sorted(run, key=repr))


def _counts(match: Match) -> bool:
    return match.name == "statistic" and any(option.name == "every" for option in match.options)


_ALIASES = {"state": "conntrack", "icmpv6": "icmp6", "ipv6-icmp": "icmp6", "mobility-header": "mh"}
_OPTION_ALIASES = {
    ("state", "state"): "ctstate",
    ("dscp", "dscp-class"): "dscp",
    ("DSCP", "set-dscp-class"): "set-dscp",
}
_DEFAULTS: Mapping[str, Sequence[Option]] = {
    "recent": (Option("name", ("DEFAULT",)), Option("rsource")),
    "limit": (Option("limit", ("3/hour",)), Option("limit-burst", ("5",))),
    "hashlimit": (Option("hashlimit-burst", ("5",)),),
}
_PROTOCOL_MATCHES = frozenset({"tcp", "udp", "udplite", "sctp", "dccp", "esp", "ah", "ipcomp", "mh"})
_FULL_MASKS = ("32", "128", "255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
_SILENT: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("statistic", "mode"): (),
    ("connlimit", "connlimit-saddr"): (),
    ("time", "utc"): (),
    ("recent", "mask"): _FULL_MASKS,
    ("connlimit", "connlimit-mask"): _FULL_MASKS,
    ("string", "from"): ("0",),
    ("string", "to"): ("65535",),
}
"""Options that say what holds without them: whatever they say, or with these values."""


def _match(match: Match, rule: Rule, family: int) -> Hashable | None:
    """A match, None where it asks for nothing: a comment, or the protocol again."""
    name = match.name.lower() if match.implicit else match.name
    if name == "comment":
        return None
    protocol = rule.option("protocol")
    if not match.options and protocol is not None and not protocol.negated and protocol_match(protocol.value) == name:
        return None
    given = [each for each in match.options if not _silent(name, each)]
    names = {each.name for each in given}
    if name == "recent" and "rdest" in names:
        names.add("rsource")
    given += [each for each in _DEFAULTS.get(name, ()) if each.name not in names]
    values = [said for each in given if (said := _option(name, each, family))[1:] != (WHOLE, False)]
    if given and not values and name in _PROTOCOL_MATCHES:
        return None
    return _ALIASES.get(name, name), tuple(values) if name == "policy" else tuple(sorted(values, key=repr))


def _silent(name: str, option: Option) -> bool:
    values = _SILENT.get((name, option.name))
    return values is not None and (not values or option.value in values)


def _option(owner: str, option: Option, family: int) -> tuple[str, Hashable, bool]:
    """An option with its values as numbers, sets or networks where they are such."""
    name = _OPTION_ALIASES.get((owner, option.name), option.name)
    if name == "cluster-local-node":
        # The kernel keeps a mask of nodes.
        return "cluster-local-nodemask", (1 << (int(option.value, 0) - 1),), option.negated
    if name == "syn":
        return "tcp-flags", VALUES["tcp-flags"](("FIN,SYN,RST,ACK", "SYN"), family), option.negated
    return name, _value(owner, option, family), option.negated


def _value(owner: str, option: Option, family: int) -> Hashable:
    read = VALUES.get(option.name)
    try:
        if read is not None:
            return read(option.values, family)
    except (ValueError, IndexError):
        return option.values
    return numeric(option, _declared(owner))


def _declared(owner: str) -> Mapping[str, OptionSyntax]:
    found = match_extension(owner) or target_extension(owner)
    return found.options.syntax if found is not None else {}


_TARGET_DEFAULTS: Mapping[str, Sequence[Option]] = {
    "LOG": (Option("log-level", ("4",)),),
    "NFQUEUE": (Option("queue-num", ("0",)),),
    "NFLOG": (Option("nflog-group", ("0",)),),
}


def _target(target: Target | None, family: int) -> Asked:
    if target is None:
        return ()
    name, options = ("CT", (Option("notrack"),)) if target.name == "NOTRACK" else (target.name, target.options)
    try:
        special = _TARGETS[name](options, family) if name in _TARGETS else None
    except (ValueError, IndexError, KeyError):
        special = None
    if special is None:
        names = {option.name for option in options}
        more = [
            each for each in _TARGET_DEFAULTS.get(name, ()) if each.name not in names and "queue-balance" not in names
        ]
        special = tuple(sorted((_option(name, each, family) for each in (*options, *more)), key=repr))
    return name, target.goto, special


def _marked(options: Sequence[Option], family: int) -> Asked:
    return operation(options)


def _connmarked(options: Sequence[Option], family: int) -> Asked:
    names = {option.name: option for option in options}
    shifts = tuple(sorted((name, names[name].value) for name in names if name.endswith("shift-mark")))
    for act in ("save-mark", "restore-mark"):
        if act in names:
            return (act, *mark_masks(names), *shifts)
    return (*operation(options), *shifts)


_REASONS = {
    "net-unreach": "icmp-net-unreachable", "host-unreach": "icmp-host-unreachable",
    "proto-unreach": "icmp-proto-unreachable", "port-unreach": "icmp-port-unreachable",
    "net-prohib": "icmp-net-prohibited", "host-prohib": "icmp-host-prohibited", "tcp-rst": "tcp-reset",
    "admin-prohib": "icmp-admin-prohibited",
}  # fmt: skip
_REASONS_6 = {
    "no-route": "icmp6-no-route", "adm-prohibited": "icmp6-adm-prohibited", "addr-unreach": "icmp6-addr-unreachable",
    "port-unreach": "icmp6-port-unreachable", "policy-fail": "icmp6-policy-fail",
    "reject-route": "icmp6-reject-route", "tcp-rst": "tcp-reset",
}  # fmt: skip


def _rejected(options: Sequence[Option], family: int) -> Asked:
    reasons = _REASONS if family == 4 else _REASONS_6
    given = next((option.value for option in options), "port-unreach")
    return (reasons.get(given, given),)


def _tos(options: Sequence[Option], family: int) -> Asked:
    return tos_change(options[0])


_TARGETS: Mapping[str, Callable[[Sequence[Option], int], Asked]] = {
    "MARK": _marked,
    "CONNMARK": _connmarked,
    "REJECT": _rejected,
    "TOS": _tos,
}
