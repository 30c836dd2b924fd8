"""A rule in words: what it asks of a packet, part by part, and what it does then."""

from __future__ import annotations

from collections.abc import Callable

from kptui.netfilter.address import family_of, network, show
from kptui.netfilter.extensions import match_extension, target_extension
from kptui.netfilter.extensions.words import listed
from kptui.netfilter.extensions.words import ports as port_words
from kptui.netfilter.protocols import protocol_name, protocol_number
from kptui.netfilter.rules import GENERIC_FLAGS, match_text, option_text
from kptui.records import dataclass
from kptui.ruleset.jumps import leads_to
from kptui.syntax.ast import Chain, Match, Option, Rule, Table

Label = Callable[[str], str | None]
"""What a chain stands for, by its name."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a rule: as it is written, and what it means."""

    text: str
    words: str


def conditions(rule: Rule) -> list[Part]:
    """What a rule asks of a packet, in order; its comments are not among it."""
    parts = [Part(_generic_text(option), _generic_words(option)) for option in rule.generic]
    for match in rule.matches:
        if match.name != "comment" and (match.options or not _names_protocol(rule, match)):
            parts.append(Part(match_text(match) or match.name, match_words(match)))
    return parts


def condition_words(rule: Rule, chain: Chain | None = None) -> str:
    """What a rule asks of a packet, in one line; “otherwise” after random rules that leave the rest to it."""
    if rule.error is not None:
        return f"not readable: {rule.error.message}"
    ports = _flow_ports(rule)
    words = [_flow(rule, ports)]
    words += [_generic_words(option) for option in rule.generic if not _in_flow(option)]
    for index, match in enumerate(rule.matches):
        left = tuple(option for option in match.options if ports.get(option.name) != (index, option))
        if match.name != "comment" and (left or not (match.options or _names_protocol(rule, match))):
            words.append(match_words(match, left))
    said = [each for each in words if each]
    if said:
        return ", ".join(said)
    return "otherwise" if chain is not None and _random_before(rule, chain) else "always"


_PORT_MATCHES = frozenset({"tcp", "udp", "sctp", "dccp", "udplite", "multiport"})
_SIDES = {"sport": "from", "sports": "from", "dport": "to", "dports": "to"}
_OWN_NAMES = frozenset({"icmp", "icmp6", "icmpv6", "ipv6-icmp", "ah", "esp", "ipcomp"})
"""Matches whose words name the protocol."""
FlowPorts = dict[str, tuple[int, Option]]


def _in_flow(option: Option) -> bool:
    return not option.negated and option.name in ("protocol", "source", "destination")


def _flow_ports(rule: Rule) -> FlowPorts:
    """The ports that are said beside the addresses, one a side: option name -> place of its match, option."""
    found: FlowPorts = {}
    sides = set()
    for index, match in enumerate(rule.matches):
        for option in match.options if match.name in _PORT_MATCHES else ():
            side = _SIDES.get(option.name)
            if side is not None and side not in sides and not option.negated:
                sides.add(side)
                found[option.name] = index, option
    return found


def _flow(rule: Rule, ports: FlowPorts) -> str:
    """The plain parts of who talks to whom as one clause, “tcp from 10.0.0.0/8 to 10.96.0.1:443”."""
    plain = {option.name: option for option in rule.generic if _in_flow(option)}
    numbers = {_SIDES[name]: option.value for name, (_, option) in ports.items()}
    words = []
    if "protocol" in plain and not any(match.name in _OWN_NAMES and match.options for match in rule.matches):
        words.append(_protocol(plain["protocol"].value))
    for side, name in (("from", "source"), ("to", "destination")):
        where = address_words(plain[name].value) if name in plain else ""
        number = numbers.get(side, "")
        if where and number:
            words.append(f"{side} {_endpoint(where, number)}")
        elif where or number:
            words.append(f"{side} {where or port_words(number)}")
    return " ".join(words)


def _endpoint(where: str, number: str) -> str:
    """10.96.0.1:443 where both are single, else in words."""
    if set("/ ") & set(where) or set(":,") & set(number):
        return f"{where} {port_words(number)}"
    return f"[{where}]:{number}" if ":" in where else f"{where}:{number}"


def action_words(rule: Rule, table: Table, label: Label = lambda name: None) -> str:
    """What a rule does, short: `→ KUBE-SVC-… (default/nginx:80-80)`, `✓ ACCEPT`, `⇒ 10.42.0.199:80`."""
    if rule.error is not None:
        return "? unknown"
    if rule.target is None:
        return "(count only)"
    chain = leads_to(rule, table)
    if chain is not None:
        named = label(chain)
        return f"{'⇢' if rule.target.goto else '→'} {chain}" + (f" ({named})" if named else "")
    return target_sign(rule)


_SIGNS = {
    "ACCEPT": "✓ ACCEPT",
    "DROP": "✗ DROP",
    "RETURN": "↩ RETURN",
    "MASQUERADE": "⇒ MASQUERADE",
}


def target_sign(rule: Rule) -> str:
    """A target that is no chain, with its sign and what matters of its options."""
    assert rule.target is not None
    name, options = rule.target.name, rule.target.options
    if name in _SIGNS:
        return _SIGNS[name]
    value = next((option.value for option in options if option.values), "")
    if name in ("DNAT", "SNAT", "REDIRECT", "NETMAP"):
        return f"⇒ {name} {value}".rstrip()
    if name == "REJECT":
        return f"✗ REJECT {value}".rstrip()
    if target_extension(name) is None:
        return f"? {name}"
    return " ".join([name, *(f"{option.value or option.name}" for option in options[:2])])


def target_words(rule: Rule, table: Table, label: Label = lambda name: None) -> str:
    """What a rule does, as a clause."""
    if rule.target is None:
        return "count it and go on to the next rule"
    chain = leads_to(rule, table)
    if chain is not None:
        named = label(chain)
        words = f"{chain} ({named})" if named else chain
        if rule.target.goto:
            return f"go on in chain {words}, and come back where this chain was called from, not here"
        return f"go through chain {words}"
    extension = target_extension(rule.target.name)
    if extension is None:
        return f"go to {rule.target.name}, which is neither a chain of this table nor a target that kptui knows"
    if rule.target.name == "RETURN" and rule.chain in table.chains and table.chains[rule.chain].builtin:
        return f"leave the chain: its policy, {table.chains[rule.chain].policy}, decides"
    try:
        return extension.say(rule.target.options)
    except (ValueError, IndexError, KeyError):
        return target_text(rule)


def target_text(rule: Rule) -> str:
    """A rule's target as it is written (quotes aside)."""
    if rule.target is None:
        return ""
    flag = "-g" if rule.target.goto else "-j"
    return " ".join([flag, rule.target.name, *map(option_text, rule.target.options)])


def match_words(match: Match, options: tuple[Option, ...] | None = None) -> str:
    """A match in words, or what some of its options ask for; its own text where kptui does not know it."""
    extension = match_extension(match.name.lower() if match.implicit else match.name)
    given = match.options if options is None else options
    if extension is None:
        return f"whatever {match_text(match)} asks for, which kptui does not know"
    try:
        return extension.say(given)
    except (ValueError, IndexError, KeyError):
        return match_text(match)


def _generic_words(option: Option) -> str:
    value, no = option.value, option.negated
    if option.name == "protocol":
        return f"of another protocol than {_protocol(value)}" if no else _protocol(value)
    if option.name == "fragment":
        return "whole packet or first fragment" if no else "fragment that is not the first"
    if option.name in ("source", "destination"):
        words = f"{'from' if option.name == 'source' else 'to'} {address_words(value)}"
    else:
        words = f"{'arriving' if option.name == 'in' else 'leaving'} by {_interface(value)}"
        if no and value == "+":
            words += ", which never holds"
    return f"not {words}" if no else words


def _protocol(text: str) -> str:
    """A protocol by its name, numbers too."""
    try:
        number = protocol_number(text)
    except ValueError:
        return text
    if number == 0:
        return "any protocol"
    name = text.lower() if not text.isdecimal() else protocol_name(number)
    return f"protocol {number}" if name.isdecimal() else name


def _interface(pattern: str) -> str:
    if pattern == "+":
        return "any interface"
    return f"any {pattern[:-1]}…" if pattern.endswith("+") else pattern


def address_words(text: str) -> str:
    """An address or network, without the mask of a single host, host bits cut as the kernel does."""
    if "," in text:
        return listed([address_words(part) for part in text.split(",")])
    try:
        family = family_of(text)
        net = network(text, family)
    except ValueError:
        return text
    ones = net.mask.bit_count()
    if ones == net.bits:
        return show(net.address, family)
    # A mask with holes has no length.
    length = f"{ones}" if net.region is not None else show(net.mask, family)
    return f"{show(net.address, family)}/{length}"


def _generic_text(option: Option) -> str:
    return " ".join([*(["!"] if option.negated else []), GENERIC_FLAGS[option.name], *option.values])


def _names_protocol(rule: Rule, match: Match) -> bool:
    """Whether a match without options only repeats what -p says."""
    protocol = rule.option("protocol")
    return protocol is not None and protocol.value == match.name


def _random_before(rule: Rule, chain: Chain) -> bool:
    if rule.number < 2:
        return False
    return any(match.name == "statistic" for match in chain.rules[rule.number - 2].matches)
