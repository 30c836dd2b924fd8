"""What is open is chosen so that what an outcome assumes holds, or it is said why that can't be."""

from __future__ import annotations

from typing import Any

import pytest

from kptui.ask.request import Request
from kptui.confirm.choice import Choice, ChoiceError, choosable
from kptui.confirm.choose import choose
from kptui.confirm.scene import scene
from kptui.netfilter.address import show
from kptui.netfilter.facts import Facts, Unknown
from kptui.netfilter.packet import Packet
from kptui.tracing import Session
from tests.support import NODE, SAMPLE_NAMES, sample, session_of

ROUTES = ("10.42.0.0/24 dev cni0 src 10.42.0.1", "default dev eth0 src 192.168.50.10")


def chosen(session: Session, **request: Any) -> list[tuple[Facts, Choice | str]]:
    """For each outcome what is chosen for it, or why nothing is."""
    asked = session.asked(Request(**request))
    found: list[tuple[Facts, Choice | str]] = []
    for outcome in session.trace(Request(**request)).outcomes:
        try:
            found.append((outcome.facts, choose(asked.packet, asked.origin, asked.host, choosable(outcome.facts))))
        except ChoiceError as error:
            found.append((outcome.facts, str(error)))
    return found


def none_of(text: str = "*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n", **request: Any) -> Choice:
    """The choice for a packet of which nothing is assumed, or else that it is not for this host."""
    found = [each for _, each in chosen(session_of(text), **request) if isinstance(each, Choice)]
    return next(each for each in found if each.host.is_local(each.packet.dst) is False)


@pytest.mark.parametrize(
    "request_", [{}, {"dport": "80"}, {"origin": "local"}, {"proto": "udp"}], ids=["nothing", "port", "local", "udp"]
)
@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_a_choice_never_contradicts_what_it_was_made_for(name: str, request_: dict[str, str]) -> None:
    found = chosen(Session.open(sample(name)), **request_)
    made = [(facts, choice) for facts, choice in found if isinstance(choice, Choice)]
    assert len(made) > len(found) / 2
    for facts, choice in made:
        assert not choice.contradicts(choosable(facts))
        left = [name for name in ("src", "dst", "ttl", "uid") if isinstance(getattr(choice.packet, name), Unknown)]
        assert left == []


def test_addresses_of_other_hosts_are_nobody_s() -> None:
    choice = none_of(local=(NODE,))
    src, dst = (show(value, 4) for value in (choice.packet.src, choice.packet.dst) if isinstance(value, int))
    assert src.startswith(("203.0.113.", "198.51.100.", "192.0.2."))
    assert dst.startswith(("203.0.113.", "198.51.100.", "192.0.2."))
    assert src != dst


def test_with_routes_it_goes_and_comes_as_they_say() -> None:
    choice = none_of(src="10.42.0.7", dst="203.0.113.9", local=(NODE, "10.42.0.1"), routes=ROUTES)
    assert (choice.packet.in_, choice.packet.out) == ("cni0", "eth0")
    legs = {leg.name: leg.addresses for leg in scene(choice, "external").place.legs}
    assert legs == {"cni0": ("10.42.0.1",), "eth0": (NODE,)}


def test_what_is_known_stays() -> None:
    known = {"src": "10.42.0.7", "dst": "10.42.1.8", "sport": "7", "dport": "8", "in_": "a0", "out": "b0"}
    choice = none_of(**known, local=(NODE,), details={"ttl": 7, "tos": 4})
    assert [name for name, _ in choice.chosen] == []
    packet = scene(choice, "external").probe
    assert (packet.src, packet.dst, packet.sport, packet.dport) == ("10.42.0.7", "10.42.1.8", 7, 8)
    assert (packet.leg, packet.ttl, packet.tos) == ("a0", 7, 4)


def test_a_prefix_that_is_local_is_so_as_a_whole() -> None:
    place = scene(none_of(local=("10.0.0.0/8",)), "external").place
    assert place.local == ("10.0.0.0/8",)
    assert [leg.addresses for leg in place.legs if leg.addresses] == [("10.0.0.1",)]


@pytest.mark.parametrize(
    ("rule", "field", "values"),
    [
        ("-i eth+", "in_", {"eth", "kptui-in"}),
        ("-i eth7", "in_", {"eth7", "kptui-in"}),
        ("-s 10.0.0.0/8", "src", {"10.0.0.7", "203.0.113.9"}),
        ("! -d 10.0.0.0/8", "dst", {"10.0.0.7", "192.0.2.7", NODE}),
        ("-p tcp -m tcp --dport 22", "dport", {22, 80}),
        ("-p tcp -m tcp --dport 80", "dport", {80, 1}),
        ("-m ttl --ttl-eq 9", "ttl", {10, 64}),
        ("-m length --length 100:200", "length", {100, 1000}),
    ],
)
def test_a_value_for_each_side_of_a_question(rule: str, field: str, values: set[object]) -> None:
    text = f"*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD {rule} -j DROP\nCOMMIT\n"
    known = {"src": "192.0.2.1", "dst": "198.51.100.1", "dport": "7", "sport": "7"}
    known.pop(field, None)
    found = [each for _, each in chosen(session_of(text), **known, local=(NODE,))]
    assert {_shown(each.packet, field) for each in found if isinstance(each, Choice)} == values


def _shown(packet: Packet, field: str) -> object:
    value = getattr(packet, field)
    if isinstance(value, Unknown):
        return None
    return show(value, packet.family) if field in ("src", "dst") else value


def test_what_can_t_be_is_said() -> None:
    text = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -i lo -j DROP\nCOMMIT\n"
    found = [each for _, each in chosen(session_of(text), src="192.0.2.1", dst=NODE, local=(NODE,))]
    assert "a packet that comes in by lo was sent by this host" in found
