"""The recent match's lists as /proc prints them, and what they decide."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kptui.errors import UsageError
from kptui.netfilter.address import parse
from kptui.netfilter.host import Host
from kptui.netfilter.packet import Packet
from kptui.netfilter.recent_lists import read_recent
from kptui.netfilter.trace import Trace, Tracer
from tests.support import ruleset_of

LIST = """\
src=192.0.2.1 ttl: 64 last_seen: 4295012345 oldest_pkt: 3 4295012340, 4295012342, 4295012345
src=192.0.2.2 ttl: 0 last_seen: 4295012345 oldest_pkt: 1 4295012345
src=2001:db8::1 ttl: 64 last_seen: 5 oldest_pkt: 1 5
"""


def traced(match: str, src: str, lists: str | None = LIST, **changes: Any) -> Trace:
    host = Host(local=(), recent={"x": read_recent(lists, 4)} if lists is not None else {}, **changes)
    packet = Packet(dst=parse("203.0.113.1", 4), in_="eth0")
    if src:
        packet = replace(packet, src=parse(src, 4))
    rules = match.replace("RECENT", "-m recent --name x --rsource")
    text = (
        "*filter\n:FORWARD ACCEPT [0:0]\n" + "".join(f"-A FORWARD {rule}\n" for rule in rules.split(";")) + "COMMIT\n"
    )
    return Tracer(ruleset_of(text), host).trace(packet, "external")


def test_a_list_is_read_for_its_family() -> None:
    assert read_recent(LIST, 4) == {parse("192.0.2.1", 4): 3, parse("192.0.2.2", 4): 1}
    assert read_recent(LIST, 6) == {parse("2001:db8::1", 6): 1}


@pytest.mark.parametrize("text", ["192.0.2.1", "src=192.0.2 ttl: 1 last_seen: 1 oldest_pkt: 1 1", "src=\x1b"])
def test_a_line_that_is_none_is_named(text: str) -> None:
    with pytest.raises(UsageError, match="recent list x, line 2") as caught:
        read_recent(f"{LIST.splitlines()[0]}\n{text}\n", 4, "x")
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("match", "src", "ends"),
    [
        ("RECENT --rcheck -j DROP", "192.0.2.1", {"dropped"}),
        ("RECENT --rcheck -j DROP", "192.0.2.9", {"forwarded"}),
        ("RECENT ! --rcheck -j DROP", "192.0.2.9", {"dropped"}),
        ("RECENT --rcheck --hitcount 3 -j DROP", "192.0.2.1", {"dropped"}),
        ("RECENT --rcheck --hitcount 3 -j DROP", "192.0.2.2", {"forwarded"}),
        ("RECENT --rcheck --seconds 60 -j DROP", "192.0.2.1", {"dropped", "forwarded"}),
        ("RECENT --rcheck --seconds 60 -j DROP", "192.0.2.9", {"forwarded"}),
        ("RECENT --rcheck --rttl -j DROP", "192.0.2.1", {"dropped", "forwarded"}),
        ("RECENT --rcheck -j DROP", "", {"dropped", "forwarded"}),
        ("-s 198.51.100.0/24 -j ACCEPT;RECENT --rcheck -j DROP;-j REJECT", "", {"forwarded", "dropped", "rejected"}),
        ("! -s 198.51.100.0/24 -j ACCEPT;RECENT --rcheck -j DROP", "", {"forwarded"}),
    ],
)
def test_what_a_list_decides(match: str, src: str, ends: set[str]) -> None:
    assert {outcome.end for outcome in traced(match, src).outcomes} == ends


@pytest.mark.parametrize(
    ("rules", "ends"),
    [
        ("RECENT --set;RECENT --rcheck -j DROP", {"dropped"}),
        ("RECENT --set;RECENT --rcheck --seconds 5 -j DROP", {"dropped"}),
        ("RECENT --set;RECENT --rcheck --hitcount 2 -j DROP", {"dropped", "forwarded"}),
        ("RECENT --set;RECENT --remove;RECENT --rcheck -j DROP", {"dropped", "forwarded"}),
        ("-d 9.9.9.9 RECENT --set;RECENT --rcheck -j DROP", {"dropped", "forwarded"}),
        ("RECENT --rcheck --seconds 60 -j DROP;RECENT --rcheck --seconds 30 -j REJECT", {"dropped", "forwarded"}),
        ("RECENT --rcheck --seconds 30 -j DROP;RECENT ! --rcheck -j ACCEPT;RECENT --rcheck --seconds 9 -j REJECT",
         {"dropped", "forwarded"}),
    ],
)  # fmt: skip
def test_one_answer_about_a_list_decides_others(rules: str, ends: set[str]) -> None:
    assert {outcome.end for outcome in traced(rules, "192.0.2.7", None).outcomes} == ends


def test_set_settles_one_list_or_all() -> None:
    for name in ("recent", "recent:x"):
        trace = traced("RECENT --rcheck -j DROP", "192.0.2.7", None, settings={name: "yes"})
        assert [outcome.end for outcome in trace.outcomes] == ["dropped"]
