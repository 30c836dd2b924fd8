"""Which rules of a long chain a packet can match: those that ask for another destination or port are left out.

KUBE-SERVICES and KUBE-NODEPORTS have a rule for each Service port. Each is filed under the most telling thing it asks
for exactly (tuple space search, as Open vSwitch has it, with two tuples), so a packet meets a few rules instead of all.
Left out is only what surely does not match; whoever wants to know why a rule did not must try it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from kptui.netfilter.address import parse
from kptui.netfilter.facts import Unknown
from kptui.netfilter.packet import WITH_PORTS, Number, Packet
from kptui.patterns import pattern
from kptui.syntax.ast import Rule
from kptui.syntax.reader import columns

LONG = 64
"""Shorter chains are walked rule by rule, which is as fast."""

_ASK_PORTS = frozenset({"tcp", "udp", "sctp", "udplite", "dccp"})
_PORT = pattern("[1-9][0-9]{0,4}\\Z")


class Candidates:
    """The rules of one chain, by what they ask for."""

    def __init__(self, rules: Sequence[Rule], family: int) -> None:
        """Looks at each rule once."""
        self._any: list[int] = []
        self._by_address: defaultdict[int, list[int]] = defaultdict(list)
        self._by_port: defaultdict[int, list[int]] = defaultdict(list)
        for index, (destination, dport) in enumerate(columns(rules, _asked)):
            address = _address(destination, family) if destination is not None else None
            port = int(dport) if address is None and dport is not None and _PORT.match(dport) else None
            if address is not None:
                self._by_address[address].append(index)
            elif port is not None:
                self._by_port[port].append(index)
            else:
                self._any.append(index)

    def of(self, packets: Iterable[Packet]) -> Iterable[int]:
        """Places, in order, of the rules that any of the packets may match."""
        addresses: set[Number] = set()
        ports: set[Number] = set()
        for packet in packets:
            addresses.add(packet.dst)
            if isinstance(packet.proto, Unknown) or packet.proto in WITH_PORTS:
                ports.add(packet.dport)
        found = [self._any, *_filed(self._by_address, addresses), *_filed(self._by_port, ports)]
        return sorted(chain.from_iterable(found))


def _filed(under: Mapping[int, list[int]], values: Iterable[Number]) -> Iterator[list[int]]:
    """What is filed under values; everything, where one isn't known."""
    known = [value for value in values if not isinstance(value, Unknown)]
    if len(known) < len(list(values)):
        yield from under.values()
    else:
        yield from (under[value] for value in known if value in under)


def _asked(rule: Rule) -> tuple[str | None, str | None]:
    """What a rule's -d and --dport ask for, None where they don't; nothing of what iptables would refuse.

    Such a rule is tried, and answers that it isn't sure.
    """
    if rule.refused:
        return None, None
    option = rule.option("destination")
    return None if option is None or option.negated else option.value, _port(rule)


def _address(text: str, family: int) -> int | None:
    """The one address that a -d asks for, None if it takes others too."""
    address, slash, length = text.partition("/")
    if slash and length != ("32" if family == 4 else "128"):
        return None
    try:
        return parse(address, family)
    except ValueError:
        return None


def _port(rule: Rule) -> str | None:
    """What a rule's --dport asks for before anything else, None if it doesn't.

    A match that stands before it (a list, a rate) is asked whatever the port, and may remember that it was.
    """
    for match in rule.matches:
        if match.name == "comment":
            continue
        asked = (option for option in match.options if option.name == "dport" and not option.negated)
        found = next(asked, None) if match.name in _ASK_PORTS else None
        return found.value if found is not None else None
    return None
