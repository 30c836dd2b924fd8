"""Which connection a packet that is not its first belongs to, as far as that can be known.

conntrack's table tells, where there is one. Else the first packet of such a connection is followed, under the same
rules: what it is translated to is what this one is translated to, if the connection was opened so.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from kptui.netfilter.connection import Connection, arriving, connection_of, place
from kptui.netfilter.facts import Fact, Facts, Unknown, Unsure
from kptui.netfilter.journey import Journey, Origin
from kptui.netfilter.packet import ICMP, ICMPV6, TCP, Packet
from kptui.netfilter.path import Path
from kptui.netfilter.walk import FIRST, Journal, part
from kptui.netfilter.worlds import Flow, Way, Ways, start
from kptui.records import replace

if TYPE_CHECKING:
    from kptui.netfilter.conntrack_table import Connections, Entry

OPENED = "the connection was opened by a packet like it, under these rules"
_MANY = 64
"""How many connections of a table are told apart, for a packet of which too little is known."""

_SYN, _ACK = 0x02, 0x10
_ASKS = {4: frozenset({8, 13, 15, 17}), 6: frozenset({128, 139})}
Start = tuple[Packet, Ways]


def openings(journey: Journey, packet: Packet, origin: Origin, journal: Journal) -> list[Start]:
    """The packet with each connection it may belong to, and what that takes for granted."""
    if packet.ctstate != "ESTABLISHED" or packet.connection is not None:
        return [(packet, start())]
    table, why = (
        journey.host.connections,
        "a dump does not hold conntrack's connections (--conntrack, or --ctstate NEW)",
    )
    if table is not None:
        found, why = _listed(table, packet, journal)
        if found:
            return found
    if not journey.translates or not _opening(packet):
        return [(packet, start())]
    opened, rest = _opened(journey, packet, origin, why, journal)
    return [*opened, *([(packet, rest)] if rest else [])]


def _opening(packet: Packet) -> bool:
    """Whether a packet may go the way of its connection's first one, by what it is."""
    if packet.proto == TCP and isinstance(packet.tcp_flags, int):
        return packet.tcp_flags & (_SYN | _ACK) != _SYN | _ACK
    if packet.proto in (ICMP, ICMPV6) and isinstance(packet.icmp_type, int):
        return packet.icmp_type in _ASKS[packet.family]
    return True


def _opened(journey: Journey, packet: Packet, origin: Origin, why: str, journal: Journal) -> tuple[list[Start], Ways]:
    """(The packet with the connection its like would open, ways on which it was opened otherwise)."""
    yes, no = part(start(), Unsure(Fact("opened"), why), None, OPENED, journal)
    opening = Journal(journey.host, about=FIRST)
    passed = Flow()
    for reached in journey.run(_first(packet), origin, opening, yes) if yes else ():
        for last, some in reached.flow:
            mark = packet.ctmark if packet.ctmark != 0 else last.ctmark
            passed.take(packet.but(connection=_untold(connection_of(last)), ctmark=mark), some)
    dropped = [way for ended in opening.ended for _, some in ended.flow for way in some.items()]
    given = _given(passed, dropped)
    if given is None:
        return [], start()
    journal.asked.update(opening.asked)
    journal.used |= opening.used
    return given, no


def _first(packet: Packet) -> Packet:
    """The packet that opens a connection as a later one of it has; its size and content were others."""
    return packet.but(
        ctstate="NEW",
        ctmark=0,
        tcp_flags=_SYN if packet.proto == TCP else packet.tcp_flags,
        length=Unknown("first packet's length", 16),
        mss=replace(packet.mss, label="first packet's MSS") if isinstance(packet.mss, Unknown) else packet.mss,
        payload=None,
    )


def _untold(connection: Connection | None) -> Connection | None:
    """By now it may have become an assured one."""
    return replace(connection, assured=None) if connection else None


def _given(passed: Flow, dropped: list[tuple[Facts, Way]]) -> list[Start] | None:
    """The shares of what passed, given that it did; None if nothing did, or they can't be told."""
    starts = list(passed)
    if not starts:
        return None
    if all(way.share == 1 for _, way in dropped):
        return [(packet, {facts: Way(way.share, Path()) for facts, way in ways.items()}) for packet, ways in starts]
    worlds = {facts for _, ways in starts for facts in ways} | {facts for facts, _ in dropped}
    if len(worlds) > 1:
        return None
    total = sum((way.share for _, ways in starts for way in ways.values()), Fraction(0))
    return [(packet, {facts: Way(way.share / total, Path()) for facts, way in ways.items()}) for packet, ways in starts]


def _listed(table: Connections, packet: Packet, journal: Journal) -> tuple[list[Start], str]:
    """(The packet with each connection of a table that it may be of, why there is none).

    A packet that conntrack calls ESTABLISHED is of a connection in its table; so one of those that it fits is its own.
    """
    entries: list[Entry] = []
    for entry in table.of(packet):
        entries.append(entry)
        if len(entries) > _MANY:
            return [], f"more than {_MANY} connections of the table given fit the packet (say its --src and --sport)"
    if not entries:
        return [], "the table of connections given has none that the packet fits"
    if len({arriving(entry.connection) for entry in entries}) < len({entry.connection for entry in entries}):
        return [], "several connections of the table given fit the packet"
    starts: dict[Packet, int] = {}
    for entry in entries:
        starts.setdefault(_as_listed(packet, entry), len(starts))
    if len(starts) == 1:
        return [(only, start()) for only in starts], ""
    return [_one_of(each, at, len(starts), journal) for each, at in starts.items()], ""


def _one_of(packet: Packet, at: int, count: int, journal: Journal) -> Start:
    """The packet, assumed to be of one of several connections; any two of these assumptions exclude each other."""
    fact = Fact("connection", ((at, at),), ((0, count - 1),))
    why = f"{count} connections of the table given fit the packet"
    journal.note(Unsure(fact, why), None, f"it is of the connection {place(packet, 'src')} -> {place(packet, 'dst')}")
    return packet, {frozenset({(fact, True)}): Way(Fraction(1), Path())}


def _as_listed(packet: Packet, entry: Entry) -> Packet:
    """The packet with what the table tells of it."""
    connection, ends = entry.connection, arriving(entry.connection)
    if isinstance(ends.sport, Unknown):
        # Of protocols without ports, nothing of them is compared.
        ports = {"sport": packet.sport, "dport": packet.dport}
        ends = ends._replace(**ports)
        connection = replace(connection, came=connection.came._replace(**ports), left=connection.left._replace(**ports))
    mark = packet.ctmark if packet.ctmark != 0 else entry.mark
    return packet.but(**ends._asdict(), ctmark=mark, connection=connection)
