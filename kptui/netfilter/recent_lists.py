"""What the recent match's lists hold, as /proc/net/xt_recent/NAME prints it (recent_seq_show in xt_recent.c)."""

from __future__ import annotations

from collections.abc import Mapping

from kptui.errors import UsageError
from kptui.netfilter.address import family_of, parse
from kptui.patterns import pattern
from kptui.text import visible

RecentList = Mapping[int, int]
"""How often each address of a list was seen, as far back as the list remembers."""

_LINE = pattern(r"src=(\S+) ttl: \d+ last_seen: \d+ oldest_pkt: \d+((?: \d+,?)*)\s*$")


def read_recent(text: str, family: int, name: str = "") -> dict[int, int]:
    """The addresses of that family in the text of one list, and how often each was seen.

    Raises UsageError with the line that is none of its lines. When an address was seen is told in the kernel's own
    ticks, which mean nothing away from the host: that is left out.
    """
    found: dict[int, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        read = _LINE.match(line)
        try:
            if read is None:
                raise ValueError("expected “src=ADDRESS ttl: N last_seen: N oldest_pkt: N STAMP, …”")
            address = parse(read[1], family_of(read[1]))
        except ValueError as error:
            where = f"recent list {visible(name)}" if name else "recent list"
            raise UsageError(f"{where}, line {number}: {visible(str(error))}.") from None
        if family_of(read[1]) == family:
            found[address] = len(read[2].split())
    return found
