"""What becomes of a reply: samples and random rulesets, both back ends, an answer sent for real."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kptui.kernel.judge import Judge
from kptui.kernel.messages import Probe, Way
from kptui.syntax.ast import Backend, Family
from tests.kernel.contest import Score
from tests.kernel.finds import NODE, dump
from tests.kernel.replies import random_reply_contest, reply_contest
from tests.kernel.scenes import place_for, probes_for
from tests.support import SAMPLE_NAMES, SAMPLES

NODE_WITH_DEFAULT = replace(NODE, routes=(*NODE.routes, Way("0.0.0.0/0", "eth0", "192.168.50.10")))
PACKETS = 40
RULESETS = 40


@pytest.mark.parametrize("backend", ["nft", "legacy"])
@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_replies_over_a_sample(judge: Judge, name: str, backend: Backend) -> None:
    text = (SAMPLES / f"{name}.txt").read_bytes().decode("utf-8", "surrogateescape")
    place = place_for(name)
    score = reply_contest(judge, text, place, backend, probes_for(text, place, PACKETS, seed=11), name)
    assert score.packets > 0
    assert not score.disagreements, "\n\n".join(score.disagreements[:3])


@pytest.mark.parametrize("backend", ["nft", "legacy"])
@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("first", range(0, RULESETS // 2, 5))
def test_replies_over_random_rulesets(judge: Judge, first: int, family: Family, backend: Backend) -> None:
    score = Score()
    for seed in range(first, first + 5):
        score.add(random_reply_contest(judge, seed, family, backend, 12))
    assert score.packets > 0
    assert not score.disagreements, "\n\n".join(score.disagreements[:3])


CASES = {
    "status_of_a_reply": """\
PREROUTING -m conntrack --ctstatus SEEN_REPLY
PREROUTING -m conntrack --ctstatus ASSURED
PREROUTING -m conntrack --ctstatus CONFIRMED
PREROUTING -m conntrack --ctstatus EXPECTED
FORWARD -m conntrack --ctstate DNAT
FORWARD -m conntrack --ctstate SNAT
POSTROUTING -m conntrack --ctdir REPLY
""",
    "ends_of_the_connection": """\
FORWARD -m conntrack --ctorigsrc 192.168.50.2
FORWARD -m conntrack --ctorigdst 10.96.0.1
FORWARD -m conntrack --ctreplsrc 10.42.0.7
FORWARD -m conntrack --ctrepldst 10.42.0.1
FORWARD -m conntrack --ctorigsrcport 40000 --ctorigdstport 80
FORWARD -m conntrack --ctreplsrcport 8080 --ctrepldstport 40000
""",
    "addresses_at_each_hook": """\
PREROUTING -s 10.42.0.7 -d 10.42.0.1
PREROUTING -s 10.42.0.7 -d 192.168.50.2
FORWARD -s 10.42.0.7 -d 192.168.50.2
FORWARD -s 10.96.0.1 -d 192.168.50.2
POSTROUTING -s 10.42.0.7 -d 192.168.50.2
POSTROUTING -s 10.96.0.1 -d 192.168.50.2
""",
    "a_mark_saved_and_restored": """\
PREROUTING -j CONNMARK --restore-mark
PREROUTING -m mark --mark 0x7
FORWARD -m conntrack --ctstate NEW -j MARK --set-mark 0x7
FORWARD -j CONNMARK --save-mark
""",
}
_NAT = """\
PREROUTING -d 10.96.0.1 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.42.0.7:8080
POSTROUTING -d 10.42.0.7 -j MASQUERADE
INPUT -j MARK --set-mark 0x1
"""


@pytest.mark.parametrize("backend", ["nft", "legacy"])
@pytest.mark.parametrize("name", CASES)
def test_a_reply_that_nat_turns_back(judge: Judge, name: str, backend: Backend) -> None:
    text = dump(mangle=CASES[name], nat=_NAT)
    probe = Probe(6, "192.168.50.2", "10.96.0.1", "eth0", 40000, 80)
    score = reply_contest(judge, text, NODE, backend, [probe], name)
    assert (score.packets, score.ends["out"]) == (1, 1)
    assert not score.disagreements, score.disagreements[0]


SECURITY = "INPUT -s 10.42.0.7 -j RETURN\nINPUT -s 10.96.0.1 -j RETURN\n"


@pytest.mark.parametrize("backend", ["nft", "legacy"])
def test_security_is_before_or_after_nat_in_input(judge: Judge, backend: Backend) -> None:
    """The reply to a process: iptables-nft shows security the address that was asked, iptables-legacy the pod's."""
    text = dump(nat="OUTPUT -d 10.96.0.1 -j DNAT --to-destination 10.42.0.7\n")
    rules = "".join(f"-A {line}\n" for line in SECURITY.splitlines())
    chains = "".join(f":{chain} ACCEPT [0:0]\n" for chain in ("INPUT", "FORWARD", "OUTPUT"))
    text += f"*security\n{chains}{rules}COMMIT\n"
    probe = Probe(17, "10.42.0.1", "10.96.0.1", None, 40000, 80)
    score = reply_contest(judge, text, NODE_WITH_DEFAULT, backend, [probe], "security")
    assert (score.packets, score.ends["delivered"]) == (1, 1)
    assert not score.disagreements, score.disagreements[0]


def test_the_contest_notices_a_wrong_reply(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tracer that does not turn replies back must be found out."""
    monkeypatch.setattr("kptui.netfilter.journey.translated", lambda packet, hook: packet)
    probe = Probe(6, "192.168.50.2", "10.96.0.1", "eth0", 40000, 80)
    score = reply_contest(judge, dump(nat=_NAT), NODE, "nft", [probe], "wrong")
    assert len(score.disagreements) == 1
