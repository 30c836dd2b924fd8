"""Which table lines without a `*table` above them belong to, and which family a dump without a header is of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kptui.patterns import pattern
from kptui.syntax.ast import Family
from kptui.syntax.tables import BUILTIN
from kptui.syntax.vocabulary import Declared, Vocabulary

_TABLES = frozenset(BUILTIN)
_PREFERRED = ("filter", "nat", "mangle", "raw", "security")
# kube-proxy, Docker, flannel, CNI plugins, ufw: chains that have one table only.
_KNOWN = (
    (pattern(r"KUBE-(?:SVC|SEP|SVL|EXT|XLB|FW|MARK|POSTROUTING|NODEPORTS)\b"), "nat"),
    (pattern(r"KUBE-(?:FORWARD|FIREWALL|EXTERNAL-SERVICES|PROXY-FIREWALL|NODE-PORT|SOURCE-RANGES)\b"), "filter"),
    (pattern(r"DOCKER-(?:USER|ISOLATION|FORWARD|CT|BRIDGE|INTERNAL)|ufw6?-"), "filter"),
    (pattern(r"FLANNEL-FWD|CNI-FORWARD|CNI-ADMIN"), "filter"),
    (pattern(r"CNI-(?:HOSTPORT|DN|SN|[0-9a-f]{16,})|FLANNEL-POSTRTG|IP-MASQ"), "nat"),
)  # fmt: skip
_RULE = pattern(r"(?:-A|--append|-I|--insert|-N|-P|-D|-F)[ \t]+(\S+)|:(\S+)")
_TARGET = pattern(r"[ \t](?:-j|-g|--jump|--goto)[ \t]+(\S+)")
_POLICY = pattern(r"-P[ \t]+(\S+)")
_HOOKS = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
_SIX = pattern(r" (?:-[sd] \S*:\S*:|-p (?:ipv6-icmp|icmpv6)\b|--icmpv6-type |--reject-with icmp6-|--to-\w+ \[?\S*::)")


def runs(lines: Iterable[tuple[int, str]], vocabulary: Vocabulary) -> Iterator[tuple[str, bool, list[int]]]:
    """Part lines into runs of one table each: (table, whether anything told it, line numbers).

    A run ends where a line can't be of the tables that are left; so does one of `iptables -S` where the next begins.
    """
    numbers: list[int] = []
    left = _TABLES
    policies: list[str] = []
    for number, line in lines:
        possible = _possible(line, vocabulary)
        policy = _POLICY.match(line)
        again = policy is not None and bool(policies) and _rank(policy[1]) <= _rank(policies[-1])
        if numbers and (again or not left & possible):
            yield *_choose(left, policies), numbers
            numbers, left, policies = [], _TABLES, []
        numbers.append(number)
        left &= possible or left
        if policy is not None:
            policies.append(policy[1])
    if numbers:
        yield *_choose(left, policies), numbers


def _rank(hook: str) -> int:
    return _HOOKS.index(hook) if hook in _HOOKS else len(_HOOKS)


def _choose(left: frozenset[str], policies: Sequence[str]) -> tuple[str, bool]:
    exact = [name for name in _PREFERRED if name in left and set(BUILTIN[name]) == set(policies)]
    table = exact[0] if exact else next(name for name in _PREFERRED if name in left)
    return table, left != _TABLES


def _possible(line: str, vocabulary: Vocabulary) -> frozenset[str]:
    """The tables a line may be of, by its chain and its target."""
    tables = _TABLES
    rule = _RULE.search(line)
    if rule:
        tables &= _of_chain(rule[1] or rule[2])
    target = _TARGET.search(line)
    if target:
        found = vocabulary.target_options(target[1])
        if isinstance(found, Declared) and found.tables:
            tables &= found.tables
        tables &= _of_chain(target[1])
    return tables


def _of_chain(name: str) -> frozenset[str]:
    if name in _HOOKS:
        return frozenset(table for table, chains in BUILTIN.items() if name in chains)
    return next((frozenset({table}) for pattern, table in _KNOWN if pattern.match(name)), _TABLES)


def family_of(lines: Iterable[str]) -> Family:
    """The family that rules without a header are of: IPv6 addresses, or ICMPv6, tell."""
    return 6 if any(_SIX.search(line) for line in lines) else 4
