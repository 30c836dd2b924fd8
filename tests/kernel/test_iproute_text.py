"""The text of `ip` read back is what `ip -j` says, of a namespace that has some of everything."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from kptui.netfilter.iproute import read_addresses, read_policies, read_routes
from kptui.sources.iproute_text import addresses, routes, rules
from tests.namespaces import namespace

NAME = f"kptui-text-{os.getpid()}"
SETUP = """
link set lo up
link add eth0 type veth peer name far0
link add wan0 type veth peer name far1
link set eth0 up
link set far0 up
link set wan0 up
link set far1 up
addr add 192.168.50.10/24 brd + dev eth0
addr add 192.168.50.11/24 dev eth0
addr add 10.1.1.1 peer 10.1.1.2/32 dev wan0
addr add 203.0.113.9/28 dev wan0 scope link
addr add 2001:db8::1/64 dev eth0 nodad
addr add 2001:db8::2/64 dev eth0 nodad preferred_lft 0
route add default via 192.168.50.1 metric 100
route add 10.5.0.0/16 nexthop via 192.168.50.2 dev eth0 weight 2 nexthop via 203.0.113.1 dev wan0
route add blackhole 10.66.0.0/16
route add unreachable 10.67.0.0/16 metric 7
route add prohibit 10.68.0.0/16 table 100
route add throw 10.69.0.0/16 table 100
route add 10.70.0.0/16 dev wan0 tos 0x10 mtu 1400
route add 10.71.0.0/16 dev wan0 src 203.0.113.9 proto static advmss 1300
route add 10.72.0.0/16 via inet6 2001:db8::9 dev eth0
route add 10.73.0.0/16 via 198.51.100.1 dev wan0 onlink
route add local 172.20.0.0/16 dev lo
-6 route add default via 2001:db8::9 dev eth0
-6 route add blackhole fd00:66::/64
-6 route add fd00:5::/64 nexthop via 2001:db8::8 dev eth0 nexthop via 2001:db8::9 dev eth0
-6 route add fd00:7::/64 dev wan0 table 100
rule add prio 50 from 10.42.0.0/24 to 198.51.100.0/24 iif eth0 prohibit
rule add prio 60 not from 192.168.50.0/24 lookup 200
rule add prio 61 fwmark 0x1/0xff lookup 100
rule add prio 62 fwmark 0x2 oif wan0 lookup 100
rule add prio 70 to 10.8.0.0/16 blackhole
rule add prio 80 from all lookup main suppress_prefixlength 0
rule add prio 90 ipproto udp dport 53 lookup 100
rule add prio 91 ipproto tcp sport 1000-2000 lookup 100
rule add prio 92 uidrange 1000-1999 lookup 100
rule add prio 93 tos 0x10 lookup 100
rule add prio 94 goto 200
rule add prio 95 iif gone0 lookup 100
rule add prio 200 nop
-6 rule add prio 50 from fd00::/64 lookup 100
"""


def ip(*words: str) -> str:
    """What `ip` prints in the namespace."""
    done = subprocess.run(["ip", "-n", NAME, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


@pytest.fixture(scope="module", autouse=True)
def _namespace() -> Iterator[None]:
    with namespace("text"):
        for line in SETUP.strip().splitlines():
            ip(*line.split())
        yield


@pytest.mark.parametrize("form", [("addr",), ("-o", "addr"), ("-d", "address"), ("-s", "addr", "show")])
@pytest.mark.parametrize("family", [4, 6])
def test_addresses(form: tuple[str, ...], family: int) -> None:
    expected = read_addresses(ip("-j", "addr", "show"), family)
    assert len(expected) > 2
    assert read_addresses(addresses(ip(*form)), family) == expected


@pytest.mark.parametrize(
    ("family", "form"),
    [
        (4, ("route", "show", "table", "all")),
        (6, ("route", "show", "table", "all")),
        (4, ("-4", "route", "show", "table", "all")),
        (6, ("-6", "route", "show", "table", "all")),
        (4, ("-d", "route", "show", "table", "all")),
    ],
)
def test_routes(family: int, form: tuple[str, ...]) -> None:
    expected = read_routes(ip(f"-{family}", "-j", "route", "show", "table", "all"), family)
    assert len(expected) > 8
    assert set(read_routes(routes(ip(*form), family), family)) == set(expected)


@pytest.mark.parametrize("family", [4, 6])
def test_rules(family: int) -> None:
    expected = read_policies(ip(f"-{family}", "-j", "rule", "show"), family)
    found = read_policies(rules(ip(f"-{family}", "rule", "show")), family)
    assert found == expected
