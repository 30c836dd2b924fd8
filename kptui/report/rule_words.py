"""A rule in words: what it asks of a packet, part by part, and what it does then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kptui.netfilter.extensions import match_extension, target_extension
from kptui.netfilter.rules import GENERIC_FLAGS, match_text, option_text
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
            parts.append(Part(match_text(match), match_words(match)))
    return parts


def condition_words(rule: Rule, chain: Chain | None = None) -> str:
    """What a rule asks of a packet, in one line; “otherwise” after random rules that leave the rest to it."""
    if rule.error is not None:
        return f"not readable: {rule.error.message}"
    flow, rest = _flow(rule)
    words = [each for each in (flow, *(part.words for part in conditions(rest))) if each]
    if words:
        return ", ".join(words)
    return "otherwise" if chain is not None and _random_before(rule, chain) else "always"


def _flow(rule: Rule) -> tuple[str, Rule]:
    """The plain parts of who talks to whom as one clause, “tcp from 10.0.0.0/8 to 10.96.0.1:443”; and what is left."""
    plain = {
        o.name: _short(o.value)
        for o in rule.generic
        if not o.negated and o.name in ("protocol", "source", "destination")
    }
    ports = {o.name: o.value for m in rule.matches if m.name in _PORT_MATCHES for o in m.options if _is_port(o)}
    words = [plain.get("protocol", "")]
    for side, address, port in (("from", "source", "sport"), ("to", "destination", "dport")):
        where, number = plain.get(address), ports.get(port)
        if where and number:
            alone = "/" not in where and ":" not in number
            words.append(
                f"{side} " + (f"[{where}]:{number}" if ":" in where else f"{where}:{number}")
                if alone
                else f"{side} {where} port {number}"
            )
        elif where or number:
            words.append(f"{side} {where or f'port {number}'}")
    generic = tuple(o for o in rule.generic if o.negated or o.name not in plain)
    matches = tuple(
        m._replace(options=tuple(o for o in m.options if not (m.name in _PORT_MATCHES and _is_port(o))))
        for m in rule.matches
    )
    left = tuple(m for m in matches if m.options or m.name not in _PORT_MATCHES)
    return " ".join(filter(None, words)), rule._replace(generic=generic, matches=left)


_PORT_MATCHES = frozenset({"tcp", "udp", "sctp", "dccp", "udplite"})


def _is_port(option: Option) -> bool:
    return not option.negated and option.name in ("sport", "dport")


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
        return "count it and go on with the next rule"
    chain = leads_to(rule, table)
    if chain is not None:
        named = label(chain)
        verb = "go to chain (and not come back here)" if rule.target.goto else "jump to chain"
        return f"{verb} {chain}" + (f", {named}" if named else "")
    extension = target_extension(rule.target.name)
    if extension is None:
        return f"do what {rule.target.name} does, which kptui does not know"
    return extension.say(rule.target.options)


def target_text(rule: Rule) -> str:
    """A rule's target as it is written (quotes aside)."""
    if rule.target is None:
        return ""
    flag = "-g" if rule.target.goto else "-j"
    return " ".join([flag, rule.target.name, *map(option_text, rule.target.options)])


def match_words(match: Match) -> str:
    """A match in words; its own text where kptui does not know it."""
    extension = match_extension(match.name.lower() if match.implicit else match.name)
    if extension is None:
        return match_text(match)
    try:
        return extension.say(match.options)
    except (ValueError, IndexError, KeyError):
        return match_text(match)


_GENERIC_WORDS = {
    "source": "from {}",
    "destination": "to {}",
    "in": "in by {}",
    "out": "out by {}",
    "protocol": "protocol {}",
    "fragment": "a fragment",
}


def _generic_words(option: Option) -> str:
    value = _short(option.value)
    if option.name in ("in", "out") and value.endswith("+"):
        value = f"{value[:-1]}…"
    words = _GENERIC_WORDS[option.name].format(value)
    return f"not {words}" if option.negated else words


def _short(address: str) -> str:
    """An address without the mask of a single host."""
    return address.partition("/")[0] if address.endswith(("/32", "/128")) else address


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
