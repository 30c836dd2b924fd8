"""Every match that a packet on a TUN device can exercise, alone in a rule, at every hook that takes it."""

from __future__ import annotations

import pytest

from kptui.kernel.judge import Judge
from kptui.syntax.ast import Backend
from tests.kernel.contest import contest
from tests.kernel.finds import dump
from tests.kernel.pools import PLACES
from tests.kernel.probes import random_probes

_IN = ("filter FORWARD", "filter INPUT", "mangle PREROUTING")
_EVERYWHERE = (*_IN, "filter OUTPUT", "mangle POSTROUTING")
_OUT = ("filter OUTPUT", "mangle POSTROUTING")
MATCHES: dict[str, tuple[str, ...]] = {
    "-p tcp -m tcpmss --mss 1460": _EVERYWHERE,
    "-p tcp -m tcpmss ! --mss 1000:1400": _EVERYWHERE,
    "-p tcp -m tcp --tcp-option 2": _EVERYWHERE,
    "-m addrtype --dst-type LOCAL --limit-iface-in": _IN,
    "-m addrtype --src-type UNICAST --limit-iface-in": _IN,
    "-m addrtype --dst-type UNICAST --limit-iface-out": _OUT,
    "-m ecn --ecn-ip-ect 0": _EVERYWHERE,
    "-m pkttype --pkt-type unicast": _EVERYWHERE,
    "-m string --string abc --algo bm": _EVERYWHERE,
    "-m u32 --u32 0x0=0x0": _EVERYWHERE,
    "-m conntrack --ctstatus NONE": _EVERYWHERE,
    "-m conntrack ! --ctstatus CONFIRMED": _EVERYWHERE,
    "-m conntrack --ctexpire 1:1000": _EVERYWHERE,
    "-m conntrack --ctreplsrc 10.0.0.0/8": _EVERYWHERE,
    "-m conntrack --ctrepldstport 80": _EVERYWHERE,
    "-m conntrack --ctproto 6 --ctdir ORIGINAL": _EVERYWHERE,
    "-p icmp -m icmp --icmp-type any": _EVERYWHERE,
    "-p icmp -m icmp ! --icmp-type 8/0": _EVERYWHERE,
    "-p sctp -m sctp --chunk-types any INIT": _EVERYWHERE,
    "-p dccp -m dccp --dport 80": _EVERYWHERE,
    "-m quota --quota 10000": _EVERYWHERE,
    "-m connbytes --connbytes 1: --connbytes-dir both --connbytes-mode packets": _EVERYWHERE,
    "-m connlimit --connlimit-upto 2": _EVERYWHERE,
    "-m hashlimit --hashlimit-upto 5/sec --hashlimit-mode srcip --hashlimit-name a": _EVERYWHERE,
    "-m limit --limit 1/sec": _EVERYWHERE,
    "-m recent --update --seconds 9 --name q --rsource": _EVERYWHERE,
    "-m statistic --mode nth --every 2 --packet 1": _EVERYWHERE,
    "-m time --timestart 00:00 --timestop 23:59": _EVERYWHERE,
    "-m socket": ("filter INPUT", "mangle PREROUTING"),
    "-m realm --realm 0": ("filter FORWARD", "filter INPUT", *_OUT),
    "-m policy --dir in --pol none": _IN,
    "-m policy --dir out --pol none": ("filter FORWARD", *_OUT),
    "-m mac --mac-source 00:11:22:33:44:55": ("filter FORWARD", "filter INPUT"),
    "-m cpu --cpu 0": _EVERYWHERE,
    "-m devgroup --src-group 0": _IN,
    "-m cgroup --cgroup 0": _OUT,
    "-m rpfilter": ("raw PREROUTING", "mangle PREROUTING"),
    "-m rpfilter --loose --invert": ("raw PREROUTING",),
    "-m owner --socket-exists": _OUT,
    "-m owner --gid-owner 0": _OUT,
    "-m length ! --length 20:30": _EVERYWHERE,
    "-m ttl --ttl-lt 3": _EVERYWHERE,
    "-m tos ! --tos Minimize-Delay": _EVERYWHERE,
    "-m dscp --dscp-class EF": _EVERYWHERE,
    "-m iprange --src-range 10.0.0.0-10.9.9.9 --dst-range 10.0.0.0-10.255.255.255": _EVERYWHERE,
    "-m set --match-set nets src --return-nomatch": _EVERYWHERE,
    "-m set --match-set pairs src,dst ! --update-counters": _EVERYWHERE,
    "-m mark ! --mark 0x0/0x1": _EVERYWHERE,
    "-f": _EVERYWHERE,
    "! -f": _EVERYWHERE,
}


def _dump() -> str:
    """A rule for each match at each of its hooks; without targets, so that every packet meets all of them."""
    tables: dict[str, list[str]] = {}
    for match, places in MATCHES.items():
        for where in places:
            table, chain = where.split()
            tables.setdefault(table, []).append(f"{chain} {match}")
    return dump(4, **{table: "\n".join(rules) for table, rules in tables.items()})


@pytest.mark.parametrize("backend", ["nft", "legacy"])
def test_the_kernel_agrees(judge: Judge, backend: Backend) -> None:
    score = contest(judge, _dump(), PLACES[4], backend, random_probes(5, 4, 60), "each match")
    assert not score.disagreements, score.disagreements[0]
