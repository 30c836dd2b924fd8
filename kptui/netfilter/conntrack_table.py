"""conntrack's connections, as `conntrack -L` (-o extended or not) and /proc/net/nf_conntrack list them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from kptui.errors import UsageError
from kptui.netfilter.address import family_of, parse
from kptui.netfilter.connection import Connection, Ends, arriving, ends_of
from kptui.netfilter.facts import Unknown
from kptui.netfilter.packet import Number, Packet
from kptui.records import dataclass
from kptui.text import visible

_HEAD = re.compile(r"(?:ipv[46]\s+\d+\s+)?([-\w.]+)\s+(\d{1,3})\s")
_PAIR = re.compile(r"(?<!\S)(src|dst|sport|dport|mark)=(\S+)")
_NO_PORT = Unknown("port of a protocol without ports", 16)


@dataclass(frozen=True, slots=True)
class Entry:
    """One direction of a connection of the table."""

    family: int
    proto: int
    connection: Connection
    mark: int = 0

    def fits(self, packet: Packet) -> bool:
        """Whether an arriving packet may belong to it."""
        if self.family != packet.family or (isinstance(packet.proto, int) and packet.proto != self.proto):
            return False
        pairs = zip(ends_of(packet), arriving(self.connection), strict=True)
        return all(_fits(mine, theirs) for mine, theirs in pairs)


class Connections:
    """A table of connections; its text is read when a packet is first looked for."""

    def __init__(self, text: str) -> None:
        """The text of such a listing; lines without any connection are passed over."""
        self._text = text

    def of(self, packet: Packet) -> Iterator[Entry]:
        """The entries, each for one direction, that an arriving packet may belong to.

        Raises UsageError if there is a line that can't be read.
        """
        if isinstance(packet.dst, int) and isinstance(packet.proto, int):
            some = self._by_destination.get((packet.proto, packet.dst), [])
        else:
            some = [entry for entries in self._by_destination.values() for entry in entries]
        return (entry for entry in some if entry.fits(packet))

    def entries(self) -> Iterator[Entry]:
        """Each connection once, in the direction of its first packet; raises UsageError as `of` does."""
        seen = set()
        for entry, _ in _entries(self._text):
            # What lists both families in one may list one of them again.
            key = entry.family, entry.proto, entry.connection.came
            if key not in seen:
                seen.add(key)
                yield entry

    @cached_property
    def _by_destination(self) -> dict[tuple[int, Number], list[Entry]]:
        """Protocol and destination of packets as they arrive -> their connections."""
        found: dict[tuple[int, Number], list[Entry]] = {}
        for entry, answered in _entries(self._text):
            back = Entry(entry.family, entry.proto, entry.connection.turned(), entry.mark)
            # conntrack calls a packet ESTABLISHED only once an answer was seen.
            for each in (entry, back) if answered else (back,):
                found.setdefault((each.proto, arriving(each.connection).dst), []).append(each)
        return found


def _entries(text: str) -> Iterator[tuple[Entry, bool]]:
    """The connections of a listing, and whether each was answered."""
    for number, line in enumerate(text.split("\n"), 1):
        if "src=" not in line:
            if line.lstrip().startswith("<"):
                raise UsageError("connections: XML is not read; write them with `conntrack -L -o extended`.")
            continue
        try:
            yield _entry(line), "[UNREPLIED]" not in line
        except ValueError as error:
            raise UsageError(f"connections, line {number}: {visible(str(error))}.") from None


def _entry(line: str) -> Entry:
    head = _HEAD.match(line.strip())
    pairs = _PAIR.findall(line)
    sources = [at for at, (name, _) in enumerate(pairs) if name == "src"]
    if head is None or len(sources) != 2:
        raise ValueError("expected “PROTOCOL NUMBER … src=… dst=… … src=… dst=…”, as conntrack -L prints it")
    first, second = dict(pairs[: sources[1]]), dict(pairs[sources[1] :])
    family = family_of(first["src"])
    came, left = _tuple(first, family), _tuple(second, family).turned()
    return Entry(
        family, int(head[2]), Connection(came, left, False, "[ASSURED]" in line), int(second.get("mark") or "0", 0)
    )


def _tuple(pairs: dict[str, str], family: int) -> Ends:
    if "dst" not in pairs:
        raise ValueError("a destination (dst=) is missing")
    ports: list[Number] = [_NO_PORT, _NO_PORT]
    for at, name in enumerate(("sport", "dport")):
        if name in pairs:
            ports[at] = _port(pairs[name])
    return Ends(parse(pairs["src"], family), ports[0], parse(pairs["dst"], family), ports[1])


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) < 65536):
        raise ValueError(f"“{text}” is no port")
    return int(text)


def _fits(mine: Number, theirs: Number) -> bool:
    if isinstance(theirs, Unknown):
        return True
    if isinstance(mine, Unknown):
        return any(low <= theirs <= high for low, high in mine.space)
    return mine == theirs
