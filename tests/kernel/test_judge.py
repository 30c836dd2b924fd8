"""The judge itself: the host's own namespace is never touched, and what the kernel refuses is said."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kptui.kernel import namespace
from kptui.kernel.judge import Judge
from kptui.kernel.messages import KernelError, Leg, Place, Probe, Way
from kptui.loading import parse
from kptui.sources import SourceText
from kptui.syntax.ast import Backend, Ruleset
from tests.kernel.finds import NODE, NODE6, dump

_OUT, _POD, _ME = "192.168.50.2", "10.42.0.7", "192.168.50.10"


def _ruleset(text: str) -> Ruleset:
    return parse(SourceText("test", text))


def _host() -> list[object]:
    """What must stay as it is: the host's namespace, interfaces, rules and settings."""
    seen: list[object] = [os.stat("/proc/self/ns/net").st_ino, socket.if_nameindex()]
    for name in ("iptables-nft-save", "ip6tables-nft-save", "iptables-legacy-save", "ip6tables-legacy-save"):
        if shutil.which(name):
            done = subprocess.run([name], capture_output=True, check=False)
            seen.append([line for line in done.stdout.splitlines() if not line.startswith(b"#")])
    seen.append(Path("/proc/sys/net/ipv4/ip_forward").read_text())
    return seen


@pytest.mark.parametrize("backend", ["nft", "legacy"])
def test_the_host_stays_as_it_is(judge: Judge, backend: Backend) -> None:
    before = _host()
    judge.load(NODE, _ruleset(dump(filter="FORWARD -j DROP")), backend)
    assert judge.send(Probe(6, _OUT, _POD, "eth0")).end == "dropped"
    assert _host() == before


def test_every_load_is_a_namespace_of_its_own(judge: Judge) -> None:
    seen = {namespace.namespace_id()}
    for count in range(1, 4):
        judge.load(NODE, _ruleset(dump(filter="")), "nft")
        seen.add(os.stat(f"/proc/{judge.pid}/ns/net").st_ino)
        assert namespace.namespace_id() in seen
        assert len(seen) > min(count, 1)


def test_a_process_that_did_not_leave_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_library(*_: Any, **__: Any) -> SimpleNamespace:
        return SimpleNamespace(unshare=lambda flags: 0)

    monkeypatch.setattr(ctypes, "CDLL", no_library)
    with pytest.raises(KernelError, match="nothing was done"):
        namespace.Namespace(NODE, namespace.namespace_id())


@pytest.mark.parametrize("backend", ["nft", "legacy"])
def test_rules_that_the_kernel_refuses_are_said_with_its_words(judge: Judge, backend: Backend) -> None:
    with pytest.raises(KernelError, match=f"iptables-{backend}-restore refuses the rules|can't be loaded"):
        judge.load(NODE, _ruleset(dump(filter="FORWARD -m nonsense -j DROP")), backend)


def test_a_leg_that_can_t_be_made_is_said() -> None:
    with Judge() as judge, pytest.raises(KernelError):
        judge.load(Place(4, (Leg("eth0"), Leg("eth0"))), _ruleset(dump(filter="")), "nft")


def test_a_route_by_no_leg_is_said(judge: Judge) -> None:
    with pytest.raises(KernelError, match=r"no route to 10\.0\.0\.0/8 by eth7"):
        judge.load(Place(4, (Leg("eth0"),), (Way("10.0.0.0/8", "eth7"),)), _ruleset(dump(filter="")), "nft")


def test_nothing_can_be_sent_before_a_load() -> None:
    with Judge() as judge, pytest.raises(KernelError, match="nothing is loaded"):
        judge.send(Probe(6, _OUT, _POD, "eth0"))


@pytest.mark.parametrize("backend", ["nft", "legacy"])
class TestWhatIsSeen:
    def test_rules_and_policies_in_order_with_verdicts(self, judge: Judge, backend: Backend) -> None:
        text = dump(filter=":A\nFORWARD -j A\nFORWARD -p udp -j DROP\nFORWARD -p tcp -j ACCEPT\nA -j LOG")
        judge.load(NODE, _ruleset(text), backend)
        seen = judge.send(Probe(6, _OUT, _POD, "eth0"))
        assert [(e.hook, e.table, e.chain, e.rule, e.kind, e.verdict) for e in seen.events] == [
            ("FORWARD", "filter", "FORWARD", 1, "rule", "jump A"),
            ("FORWARD", "filter", "A", 1, "rule", None),
            ("FORWARD", "filter", "A", None, "return", None),
            ("FORWARD", "filter", "FORWARD", 3, "rule", "ACCEPT"),
        ]
        assert (seen.end, seen.wire) == ("out", "cni0")

    def test_the_packet_as_it_leaves(self, judge: Judge, backend: Backend) -> None:
        text = dump(
            mangle="PREROUTING -j MARK --set-mark 0x5",
            nat="PREROUTING -p tcp -j DNAT --to-destination 10.42.0.7:81\nPOSTROUTING -j MASQUERADE",
        )
        judge.load(NODE, _ruleset(text), backend)
        seen = judge.send(Probe(6, _OUT, _ME, "eth0", 40000, 80, ttl=9))
        header = seen.header
        assert header is not None
        assert (header.src, header.sport, header.dst, header.dport) == ("10.42.0.1", 40000, "10.42.0.7", 81)
        assert (header.ttl, seen.mark) == (8, 5)

    def test_a_packet_of_the_host_to_itself(self, judge: Judge, backend: Backend) -> None:
        judge.load(NODE6, _ruleset(dump(6, filter="")), backend)
        seen = judge.send(Probe(58, "2001:db8:50::10", "::1", None, icmp_type=128))
        assert seen.end == "delivered"
        assert [each.hook for each in seen.passes if each.passed == "enter"] == [
            "OUTPUT",
            "POSTROUTING",
            "PREROUTING",
            "INPUT",
        ]

    def test_connections_are_forgotten_unless_kept(self, judge: Judge, backend: Backend) -> None:
        text = dump(filter="FORWARD -m conntrack --ctstate ESTABLISHED")
        judge.load(NODE, _ruleset(text), backend)
        asked, answer = Probe(17, _OUT, _POD, "eth0", 1000, 53), Probe(17, _POD, _OUT, "cni0", 53, 1000)
        judge.send(asked)
        assert [event.rule for event in judge.send(answer, keep=True).events] == [1, None]
        assert [event.rule for event in judge.send(answer).events] == [None]

    def test_the_user_who_sends(self, judge: Judge, backend: Backend) -> None:
        judge.load(NODE, _ruleset(dump(filter="OUTPUT -m owner --uid-owner 1337 -j DROP")), backend)
        assert judge.send(Probe(17, _ME, _POD, uid=1337)).end == "dropped"
        assert judge.send(Probe(17, _ME, _POD)).end == "out"

    @pytest.mark.parametrize("proto", [6, 17, 132, 33, 1, 47, 89])
    def test_checksums_are_right(self, judge: Judge, backend: Backend, proto: int) -> None:
        """Conntrack calls a packet with a wrong one INVALID."""
        judge.load(NODE, _ruleset(dump(filter="FORWARD -m conntrack --ctstate INVALID -j DROP")), backend)
        assert judge.send(Probe(proto, _OUT, _POD, "eth0", 1000, 80, payload=7)).end == "out"

    def test_host_facts_are_rebuilt(self, judge: Judge, backend: Backend) -> None:
        place = Place(
            4,
            (Leg("eth0", (_ME,)),),
            (Way("0.0.0.0/0", "eth0"),),
            ("172.16.0.0/16",),
            {"net/ipv4/ip_forward": "0"},
            "create s hash:ip\nadd s 192.168.50.2\n",
        )
        judge.load(place, _ruleset(dump(filter="INPUT -m set --match-set s src -j DROP")), backend)
        assert judge.send(Probe(17, _OUT, "172.16.9.9", "eth0")).end == "dropped"
        assert judge.send(Probe(17, "192.168.50.3", "172.16.9.9", "eth0")).end == "delivered"
        assert judge.send(Probe(17, _OUT, "9.9.9.9", "eth0")).end == "lost"
