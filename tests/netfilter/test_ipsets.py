"""What `ipset save` says, and whether a packet is in a set."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent
from typing import Any

import pytest

from kptui.errors import UsageError
from kptui.netfilter.address import parse
from kptui.netfilter.facts import Unsure
from kptui.netfilter.ipsets import contains, read_ipsets
from kptui.netfilter.packet import Packet
from tests.support import SAMPLES

PACKET = Packet(
    src=parse("10.0.0.1", 4), dst=parse("192.0.2.1", 4), sport=40000, dport=80, in_="eth0", out="eth1", mark=5,
    mac_source="00:11:22:33:44:55",
)  # fmt: skip


def inside(text: str, sides: str = "src", **changes: Any) -> object:
    """Whether the packet is in the set a; the text leaves `create a` and `add a` out."""
    kind, *elements = (line.strip() for line in dedent(text).strip().split("\n"))
    lines = [f"create a {kind}", *(f"add a {element}" for element in elements)]
    return contains(read_ipsets("\n".join(lines)), "a", sides, replace(PACKET, **changes))


@pytest.mark.parametrize(
    ("text", "sides", "found"),
    [
        ("hash:ip\n10.0.0.1", "src", True),
        ("hash:ip\n10.0.0.1", "dst", False),
        ("hash:ip", "src", False),
        ("hash:ip\n10.0.0.0-10.0.0.9", "src", True),
        ("bitmap:ip range 10.0.0.0/24\n10.0.0.1", "src", True),
        ("hash:net\n10.0.0.0/8", "src", True),
        ("hash:net\n10.0.0.0/8\n10.0.0.0/24 nomatch", "src", False),
        ("hash:net\n10.0.0.0/24 nomatch\n10.0.0.0/8\n10.0.0.1", "src", True),
        ("hash:ip,port\n192.0.2.1,tcp:80", "dst,dst", True),
        ("hash:ip,port\n192.0.2.1,80", "dst,dst", True),
        ("hash:ip,port\n192.0.2.1,udp:80", "dst,dst", False),
        ("hash:ip,port\n192.0.2.1,tcp:1-79", "dst,dst", False),
        ("hash:ip,port\n10.0.0.1,tcp:80", "src,dst", True),
        ("hash:ip,port,ip\n192.0.2.1,tcp:80,10.0.0.1", "dst,dst,src", True),
        ("hash:ip,port,net\n192.0.2.1,tcp:80,10.0.0.0/8", "dst,dst,src", True),
        ("hash:net,net\n10.0.0.0/8,192.0.2.0/24", "src,dst", True),
        ("hash:net,iface\n10.0.0.0/8,eth0", "src,src", True),
        ("hash:net,iface\n10.0.0.0/8,eth1", "src,src", False),
        # The search ends at the first network that has the address, whatever its device.
        ("hash:net,iface\n10.0.0.0/8,eth0\n10.0.0.0/24,cni0", "src,src", False),
        ("hash:net,iface\n10.0.0.0/8,eth0\n10.1.0.0/24,cni0", "src,src", True),
        ("hash:ip,mark\n10.0.0.1,0x5", "src,src", True),
        ("hash:mac\n00:11:22:33:44:55", "src", True),
        ("hash:mac\n00:11:22:33:44:56", "src", False),
        ("bitmap:port range 0-1024\n80", "dst", True),
    ],
)
def test_whether_a_packet_is_in_a_set(text: str, sides: str, found: bool) -> None:
    assert inside(text, sides) is found


def test_a_port_set_holds_no_packet_without_ports() -> None:
    assert inside("hash:ip,port\n192.0.2.1,tcp:80", "dst,dst", proto=1) is False


def test_what_is_not_known_of_the_packet_is_unknown() -> None:
    unknown = Packet()
    assert isinstance(inside("hash:ip,port\n192.0.2.1,tcp:80", "dst,dst", dport=unknown.dport), Unsure)
    assert inside("hash:ip,port\n192.0.2.9,tcp:80", "dst,dst", dport=unknown.dport) is False


def test_a_list_of_sets_holds_what_any_of_them_holds() -> None:
    text = """\
        create one hash:ip family inet
        add one 10.0.0.9
        create two hash:net family inet
        add two 10.0.0.0/24
        create a list:set size 8
        add a one
        add a two
        """
    assert contains(read_ipsets(dedent(text)), "a", "src", PACKET) is True
    assert contains(read_ipsets(dedent(text)), "a", "dst", PACKET) is False


def test_a_set_that_is_not_there_is_unknown() -> None:
    found = contains({}, "a", "src", PACKET)
    assert isinstance(found, Unsure)
    assert "a" in found.why


def test_options_and_comments_of_elements_are_passed_over() -> None:
    text = """\
        create a hash:net family inet counters comment timeout 60
        add a 10.0.0.0/8 timeout 5 packets 0 bytes 0 comment "no nomatch here"
        """
    assert contains(read_ipsets(dedent(text)), "a", "src", PACKET) is True


def test_the_sample_s_sets_are_read() -> None:
    sets = read_ipsets((SAMPLES / "calico-policy.ipset").read_text())
    assert {name: len(found.elements) for name, found in sets.items()}["cali40s:Wq3LxY0ePz7RkUvB2nTdAm8"] == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("add a 10.0.0.1", "line 1: set 'a' is not created above"),
        ("create a hash:ip\nadd a 10.0.0.256", "line 2: “10.0.0.256” is no"),
        ("create a hash:ip\nadd a 10.0.0.1,80", "more parts"),
        ("create a hash:ip,port\nadd a 10.0.0.1,tcp:http", "line 2"),
        ("create a hash:colour", "no set type"),
        ("create a", "expected"),
        ("flush", "expected"),
        ("\n# comment\nwhat \x1b", "line 3"),
        ("create a hash:net\nadd a 10.0.0.0/255.0.255.0", "gaps"),
        ("create a list:set\nadd a nowhere", "line 2: set 'nowhere' is not created above"),
        ("create a list:set\nadd a a", "holds no other list"),
        ("create a list:set\ncreate b list:set\nadd a b\nadd b a", "holds no other list"),
    ],
)
def test_a_line_that_makes_no_sense_is_named(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_ipsets(text)
    assert said in str(caught.value)
    assert "\x1b" not in str(caught.value)
