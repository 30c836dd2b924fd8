"""What a search asks: words, regular expressions, and fields such as `dst:10.110.199.45` or `chain:KUBE-SVC`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from kptui.errors import UsageError
from kptui.records import dataclass
from kptui.syntax.ast import Rule
from kptui.text import visible

FIELDS = {
    "dst": "destination address: an address finds the networks that contain it",
    "src": "source address, likewise",
    "addr": "any address: source, destination, or what is translated to",
    "dport": "destination port, ranges and lists included",
    "sport": "source port, likewise",
    "proto": "protocol",
    "in": "incoming interface",
    "out": "outgoing interface",
    "target": "the target, or the chain that is jumped to, by its beginning",
    "chain": "the rule's chain, by any part of its name",
    "table": "the table",
    "comment": "the comment",
    "ns": "the namespace of the Service",
    "svc": "the Service: name, or namespace/name",
    "from": "what a chain leads to, itself included",
    "to": "what leads to a chain",
}
"""Each field, and what it is about."""

_TOKEN = re.compile(
    rf"(?:^|(?<=\s))(?:({'|'.join(FIELDS)}):(\"[^\"]*\"|\S*)|re:(\S+)|/((?:[^/\\]|\\.)+)/(?=\s|$)|(\S+))"
)
_ALONE = re.compile(r"\(\?|\\[AZz]|[*+?}]\+")
_SERVICE = re.compile(r"([a-z0-9][-a-z0-9.]*)/([a-z0-9][-a-z0-9.]*)(:[-a-zA-Z0-9]+)?")
Near = tuple[Callable[[str], object], Callable[[str], object]]
"""Of a line, and of many: whether something may stand there."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that has to hold; `line` tells by a rule's text where it surely doesn't.

    `piece` tells of many lines at once, given as they are and in lower case, that it holds in none of them.
    """

    field: str
    value: str
    line: Callable[[str], object]
    piece: Callable[[str, str], object]
    rule: Callable[[Rule], bool]
    chain: Callable[[str], bool]


def terms(text: str) -> list[Term]:
    """The terms of a search; one that is not finished yet (`dst:`) is left out. Raises UsageError."""
    found: list[Term] = []
    for name, value, short, long, word in _TOKEN.findall(text):
        if name:
            if value.strip('"'):
                found.append(_field(name, value.strip('"')))
        elif short or long:
            found.append(_expression(short or long))
        else:
            found.append(_word(word.lower()))
    return found


def _word(word: str) -> Term:
    return Term(
        "",
        word,
        lambda line: word in line.lower(),
        lambda piece, low: word in low,
        lambda rule: True,
        lambda name: word in name.lower(),
    )


def _expression(pattern: str) -> Term:
    try:
        look = re.compile(pattern, re.IGNORECASE).search
    except re.error as error:
        raise UsageError(f"“{visible(pattern)}” is no regular expression: {error}.") from None
    # Many lines are one text: what looks around, or takes all it can get, may find less there than in each of them.
    whole = re.compile(pattern, re.IGNORECASE | re.MULTILINE).search if not _ALONE.search(pattern) else None
    return Term(
        "re",
        pattern,
        look,
        lambda piece, low: whole is None or whole(piece),
        lambda rule: True,
        lambda name: look(name) is not None,
    )


def _field(name: str, value: str) -> Term:
    """The term of a field that a rule by itself decides; table, chain, ns, svc, from, to take more (see search.py)."""
    low = value.lower()
    hint, rule = _RULE_FIELDS.get(name, (None, None))
    if rule is None or hint is None:
        return Term(name, value, lambda line: True, lambda *piece: True, lambda rule: True, lambda chain: True)
    tight = _TIGHT[name](value) if name in _TIGHT else None
    if tight is not None:
        line, many = tight
        return Term(
            name, value, line, lambda piece, _: many(piece), lambda each: rule(each, value), lambda chain: False
        )
    return Term(
        name,
        value,
        lambda line: hint(line, low),
        lambda piece, _: hint(piece, low),
        lambda each: rule(each, value),
        lambda chain: False,
    )


def _any_of(*signs: str) -> Callable[[str, str], bool]:
    return lambda line, low: any(sign in line for sign in signs)


def _held(line: str, low: str) -> bool:
    return low in line.lower()


def _generic(name: str) -> Callable[[Rule, str], bool]:
    """Addresses of -s or -d."""

    def matches(rule: Rule, value: str) -> bool:
        option = rule.option(name)
        return option is not None and any(address_fits(each, value) for each in option.value.split(","))

    return matches


def _any_address(rule: Rule, value: str) -> bool:
    return any(address_fits(text, value) for text in _addresses(rule))


def _addresses(rule: Rule) -> Iterator[str]:
    for name in ("source", "destination"):
        option = rule.option(name)
        if option is not None:
            yield from option.value.split(",")
    if rule.target is not None:
        for each in rule.target.options:
            if each.name in ("to-destination", "to-source", "to", "to-ports"):
                yield re.sub(r"^\[(.*)\](?::[\d-]+)?$|^([\d.]+)(?:-[\d.]+)?(?::[\d-]+)?$", r"\1\2", each.value)


def _ports(*names: str) -> Callable[[Rule, str], bool]:
    def matches(rule: Rule, value: str) -> bool:
        options = (each for match in rule.matches for each in match.options if each.name in names)
        return any(port_fits(text, value) for each in options for text in each.values)

    return matches


def _named(name: str) -> Callable[[Rule, str], bool]:
    def matches(rule: Rule, value: str) -> bool:
        option = rule.option(name)
        return option is not None and option.value.lower() == value.lower()

    return matches


def _target(rule: Rule, value: str) -> bool:
    return rule.target is not None and rule.target.name.lower().startswith(value.lower())


def _comment(rule: Rule, value: str) -> bool:
    return value.lower() in (rule.comment or "").lower()


_RULE_FIELDS: dict[str, tuple[Callable[[str, str], bool], Callable[[Rule, str], bool]]] = {
    "dst": (_any_of("-d ", "--dst", "--destination"), _generic("destination")),
    "src": (_any_of("-s ", "--src", "--source"), _generic("source")),
    "addr": (_any_of("-s ", "-d ", "--src", "--dst", "--source", "--destination", "--to"), _any_address),
    "dport": (_any_of("port"), _ports("dport", "dports", "destination-port", "destination-ports", "ports")),
    "sport": (_any_of("port"), _ports("sport", "sports", "source-port", "source-ports", "ports")),
    "proto": (_held, _named("protocol")),
    "in": (_held, _named("in")),
    "out": (_held, _named("out")),
    "target": (_held, _target),
    "comment": (_held, _comment),
}


def _near_port(value: str) -> Near | None:
    """Whether a port may stand in a text: itself, or a range that may hold it."""
    if not value.isdecimal():
        return None
    look = re.compile(rf"port[a-z-]*[\"']?[\s=]+(?:!\s+)?\S*(?:(?<!\d)0*{int(value)}(?!\d)|:)").search
    return look, look


def _near_address(*options: str) -> Callable[[str], Near | None]:
    def near(value: str) -> Near | None:
        """Whether an IPv4 address may stand in a text: itself, or a network that may contain it."""
        network = _network(value)
        if network is None or network.version == 6 or network.prefixlen < network.max_prefixlen:
            return None
        address = str(network.network_address)
        wide = re.compile(r"/(?!32\b)\d").search
        its = re.compile(rf"(?:{'|'.join(options)})\S*?[\s=]+(?:!\s+)?\S*/(?!32\b)\d").search
        return lambda line: address in line or its(line), lambda piece: address in piece or wide(piece)

    return near


_TIGHT: dict[str, Callable[[str], Near | None]] = {
    "dst": _near_address("-d", "--dst", "--destination"),
    "src": _near_address("-s", "--src", "--source"),
    "addr": _near_address("-s", "-d", "--src", "--dst", "--source", "--destination", "--to"),
    "dport": _near_port,
    "sport": _near_port,
}
"""What tells more narrowly than _RULE_FIELDS where something surely doesn't stand, for most values."""


@lru_cache(maxsize=4096)
def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def address_fits(written: str, asked: str) -> bool:
    """Whether a rule's address or network has to do with what is asked for: it contains it, or lies in it.

    What is no address (yet) fits whatever begins so.
    """
    one, other = _network(written), _network(asked)
    if other is None:
        return written.startswith(asked)
    if one is None or one.version != other.version:
        return False
    return one.overlaps(other)


def port_fits(written: str, asked: str) -> bool:
    """Whether a port, a range 1:100, or a list 80,443,1000:2000 has a port in it."""
    if not asked.isdecimal():
        return asked in written.split(",")
    number = int(asked)
    for part in written.split(","):
        low, colon, high = part.partition(":")
        if (low or "0").isdecimal() and (high or "65535").isdecimal():
            first = int(low or 0)
            if first <= number <= (int(high or 65535) if colon else first):
                return True
    return False


def service_fits(label: str, field: str, value: str) -> bool:
    """Whether a text that names a Service (namespace/name:port) is of that namespace, or about that Service."""
    low = value.lower()
    for space, name, port in _SERVICE.findall(label):
        if field == "ns" and space == low:
            return True
        if field == "svc" and (f"{space}/{name}{port}".startswith(low) if "/" in low else name.startswith(low)):
            return True
    return False
