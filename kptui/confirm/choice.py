"""A choice: a packet and a host made concrete, and which facts such a choice can settle."""

from __future__ import annotations

from collections.abc import Mapping

from kptui.netfilter.facts import Fact, Facts, Unknown
from kptui.netfilter.host import Host
from kptui.netfilter.intervals import contains
from kptui.netfilter.packet import Packet
from kptui.records import dataclass

FIELDS = {
    "src": "source", "dst": "destination", "sport": "source port", "dport": "destination port", "in_": "in by",
    "out": "out by", "tcp_flags": "TCP flags", "ttl": "TTL", "tos": "TOS", "uid": "user", "gid": "group",
    "length": "length", "mss": "MSS", "mac_source": "source MAC", "mark": "mark", "ctmark": "connection mark",
}  # fmt: skip
"""The fields of a packet that may be open, and what they are called."""

REROUTED, NODE = "outgoing interface after rerouting", "address of the node"
"""Labels of unknowns that come of a packet's fields."""


class ChoiceError(ValueError):
    """No packet can be made for which the assumptions hold; the message says why."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A packet and a host without unknowns that matter; `chosen` names what was picked, `values` by their labels."""

    packet: Packet
    host: Host
    chosen: tuple[tuple[str, str], ...]
    values: Mapping[str, int]

    def contradicts(self, facts: Facts) -> bool:
        """Whether something that was chosen is not as the facts say."""
        return any(self._answer(fact) is (not holds) for fact, holds in facts)

    def _answer(self, fact: Fact) -> bool | None:
        """Whether a fact holds; None if the choice says nothing of it."""
        subject = fact.subject
        if fact.region is not None:
            value = self.values.get(subject) if isinstance(subject, str) else None
            return None if value is None else contains(fact.region, value)
        if subject == ("route_localnet",):
            return self.host.settings.get("route_localnet") == "yes"
        address = whose(fact)
        if address is None:
            return None
        number = self.values.get(address) if isinstance(address, str) else address
        return None if number is None else self.host.is_local(number) is True


def choosable(facts: Facts) -> Facts:
    """Those facts that a packet and a host can be chosen for."""
    labels = {field.label for field in unknowns(Packet()).values()} | {REROUTED, "TCP flags", NODE}
    return frozenset(
        (fact, holds)
        for fact, holds in facts
        if (fact.subject in labels if fact.region is not None else whose(fact) is not None)
        or fact.subject == ("route_localnet",)
    )


def unknowns(packet: Packet) -> dict[str, Unknown]:
    """The fields of a packet that nobody told."""
    fields = {name: getattr(packet, name) for name in FIELDS}
    return {name: value for name, value in fields.items() if isinstance(value, Unknown)}


def whose(fact: Fact) -> int | str | None:
    """The address, or the label of an unknown one, of which the fact says whether it is this host's."""
    subject = fact.subject
    return subject[1] if isinstance(subject, tuple) and len(subject) == 2 and subject[0] == "local" else None
