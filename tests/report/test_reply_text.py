"""The replies for people: alike ones once, and why the answer for both ways is what it is."""

from __future__ import annotations

from typing import Any

from kptui.ask.request import Request
from kptui.tracing import Session
from tests.netfilter.test_journey import filter_, nat
from tests.netfilter.test_reply import CLIENT, POD, ROUTES, TRANSLATED, VIP, asked
from tests.support import NODE, sample, session_of


def written(dump: str, **request: Any) -> list[str]:
    """The lines of a trace and its replies."""
    return session_of(dump).text(asked(dump, **request)).split("\n")


def test_replies_that_take_the_same_way_are_told_once() -> None:
    session = Session.open(sample("nginx-nodeport"))
    request = Request(
        src="192.168.50.2", sport="40000", dst=NODE, dport="32754", local=(NODE,), routes=ROUTES, in_="eth0"
    )
    text = session.text(session.trace(request, reply=True))
    assert text.count("reply to outcome") == 1
    assert "reply to outcomes 1–2, the first of them\n" in text
    assert "un-SNAT by conntrack" in text
    assert "src 10.42.0.199:80 → 192.168.50.10:32754" in text


def test_replies_that_end_otherwise_are_told_apart() -> None:
    pods = (f"PREROUTING -d {VIP} -m statistic --mode random --probability 0.5 -j DNAT --to-destination {POD}:80",
            f"PREROUTING -d {VIP} -j DNAT --to-destination 10.42.0.8:80")  # fmt: skip
    lines = written(nat(*pods, more=filter_("FORWARD -s 10.42.0.8 -j DROP")))
    assert [line for line in lines if line.startswith("reply to")] == ["reply to outcome 1", "reply to outcome 2"]
    assert lines[-1] == "there and back: depends · some come back, others do not: DROP"


def test_past_this_host() -> None:
    lines = written(nat(f"PREROUTING -d {VIP} -j DNAT --to-destination 192.168.50.20:8080"), src="192.168.50.2")
    text = " ".join(" ".join(lines).split())
    assert "past this host" in text
    assert f"from 192.168.50.20:8080, not from {VIP}:80, which it asked: 192.168.50.2 takes no notice" in text
    assert "there and back: no · the reply does not come back: without passing this host" in text


def test_no_reply_is_expected() -> None:
    lines = written(filter_(), dst=POD, proto="icmp", icmp_type="3", sport="", dport="")
    assert "reply to outcome 1 · none: ICMP type 3 asks for no answer" in lines
    assert lines[-1] == "there and back: yes · it gets through, and no reply is to be expected; certain"


def test_what_does_not_get_through_has_none() -> None:
    lines = written(filter_("FORWARD -j DROP"), dst=POD)
    assert lines[-1] == "there and back: no · it does not get through, so nothing answers it"


def test_what_it_depends_on() -> None:
    text = " ".join(" ".join(written(nat(*TRANSLATED), src="10.42.0.8", in_="cni0")).split())
    assert (
        f"there and back: depends · on what the dump does not say: {POD} answers 10.42.0.8 by way of this host" in text
    )


def test_nothing_of_a_dump_can_forge_a_line() -> None:
    dump = filter_('FORWARD -m conntrack --ctstate ESTABLISHED -m comment --comment "\x1b[31mred" -j DROP')
    assert "\x1b" not in "\n".join(written(dump, dst=POD))


def test_the_client_s_address_is_the_one_that_is_asked_for() -> None:
    assert any(CLIENT in line for line in written(nat(*TRANSLATED)))
