"""A host read through ssh: what is told over it is what is told on it, and the trace is the kernel's."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from kptui.kernel.judge import Judge
from kptui.kernel.messages import Leg, Place, Probe
from kptui.loading import parse, without_counters
from kptui.netfilter.gathered import host_of
from kptui.netfilter.trace import Tracer
from kptui.sources import SourceText, gather_source, ways
from tests.kernel.captured import Captured, inside, named
from tests.sources.sshd import serving
from tests.support import sample

PLACE = Place(4, (Leg("eth0", ()), Leg("cni0", ())))
SETUP = (
    "ip link set lo up",
    "ip addr add 192.168.50.10/24 brd + dev eth0",
    "ip addr add 10.42.0.1/24 brd + dev cni0",
    "ip route add default via 192.168.50.1",
)
SAME = (
    "ip-addr.json",
    "ip-route.json",
    "ip6-route.json",
    "ip-rule.json",
    "ip6-rule.json",
    "sysctl",
    "ipset-save",
    "uname",
)


def test_what_is_told_over_ssh_is_what_the_kernel_does(
    judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge.load(PLACE, parse(SourceText("test", Path(sample("nginx-nodeport")).read_text())), "nft")
    inside(judge, SETUP)
    programs = tmp_path / "programs"
    programs.mkdir()
    path = os.environ["PATH"]
    with named(judge, f"kptui-ssh-{os.getpid()}") as source:
        namespace = ("nsenter", f"--net=/run/netns/{source.removeprefix('netns:')}", "--")
        with serving(tmp_path, programs, namespace, path):
            monkeypatch.setenv("PATH", f"{programs}:{path}")
            over, on = gather_source("ssh:node1").source(), gather_source(source).source()
            ways.close_all()
    assert _comparable(over.text) == _comparable(on.text)
    assert {name: _told(over.facts[name]) for name in SAME} == {name: _told(on.facts[name]) for name in SAME}
    ruleset = parse(over)
    host = Captured(judge, tmp_path, ruleset, Tracer(ruleset, host_of(over.facts, 4)), 4)
    for probe in (
        Probe(6, "192.168.50.2", "10.110.199.45", "eth0", 40000, 80),
        Probe(6, "192.168.50.2", "192.168.50.10", "eth0", 40000, 32754),
        Probe(6, "10.42.0.7", "10.110.199.45", "cni0", 40000, 80),
        Probe(6, "192.168.50.10", "10.110.199.45", None, 40000, 80),
    ):
        host.compare(probe)


def _comparable(text: str) -> list[str]:
    """The rules without dates and counters: ssh's own packets are counted too."""
    lines = without_counters(text).splitlines()
    return [line.partition(" [")[0] for line in lines if not line.startswith("#")]


def _told(text: str) -> object:
    return json.loads(text) if text.startswith("[") else text
