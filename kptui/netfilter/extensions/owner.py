"""owner: the socket of a packet sent by this host (xt_owner.c)."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test, TestOf, independent
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.words import said
from kptui.netfilter.facts import Answer, Fact, Unsure, negate, within
from kptui.netfilter.intervals import Intervals
from kptui.netfilter.packet import NO_SOCKET, Packet
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Given


def _ids(text: str) -> Intervals:
    low, dash, high = text.partition("-")
    return ((int(low), int(high) if dash else int(low)),)


def _id(field: str, what: str) -> TestOf:
    def test_of(option: Option, scope: Scope) -> Test:
        answer = _given(option, scope, what)

        def test(packet: Packet) -> Answer:
            if packet.in_ != "":
                # What comes in by a device is of no socket, and so of nobody.
                return False
            return answer if answer is not None else within(getattr(packet, field), _ids(option.value), f"the {what}")

        return test

    return test_of


def _given(option: Option, scope: Scope, what: str) -> Answer | None:
    """The answer that `--set uid-owner=1337` gives; names of users are not known away from their host."""
    given = scope.host.settings.get(option.name)
    if given is not None:
        return (
            given == option.value if not given.isdecimal() else any(a <= int(given) <= b for a, b in _ids(option.value))
        )
    if not option.value.replace("-", "").isdecimal():
        return Unsure(Fact((option.name, option.value)), f"the {what} is not known")
    return None


def _socket(option: Option, scope: Scope) -> Test:
    """Whether a socket sent it; the kernel's own answers (a RST, an ICMP error) have none."""
    told = scope.host.settings.get("socket-exists")
    anybody = ((0, NO_SOCKET - 1),)

    def test(packet: Packet) -> Answer:
        if packet.in_ != "":
            return False
        if told is not None:
            return told.lower() in ("yes", "true", "1")
        known = next((each for each in (packet.uid, packet.gid) if isinstance(each, int)), packet.uid)
        return within(known, anybody, "whether the packet belongs to a socket")

    return test


def _groups(inner: MatchExtension) -> MatchExtension:
    """With --suppl-groups, any of the sender's groups will do: of these kptui knows one at most."""

    def compile_all(given: Sequence[Option], scope: Scope) -> list[Test]:
        if not any(option.name == "suppl-groups" for option in given):
            return inner.compile(given, scope)
        tests: list[Test] = []
        for option in given:
            found = inner.compile([option], scope)
            tests += [_or_another(found[0], option)] if option.name == "gid-owner" else found
        return tests

    return MatchExtension(inner.options, compile_all, inner.say)


def _or_another(main: Test, option: Option) -> Test:
    unsure = Unsure(Fact(("groups", option.value)), "the sender's supplementary groups are not known")

    def test(packet: Packet) -> Answer:
        answer = negate(main(packet), option.negated)
        found: Answer = True if answer is True else False if packet.in_ != "" else unsure
        return negate(found, option.negated)

    return test


def _check(given: Sequence[Given]) -> str | None:
    names = [option.name for option in given]
    if "suppl-groups" in names and "gid-owner" not in names[: names.index("suppl-groups")]:
        return "--suppl-groups needs --gid-owner before it"
    return None if names else "the match needs at least one option"


def _id_words(text: str) -> str:
    low, dash, high = text.partition("-")
    return f"{low} to {high}" if dash and low.isdecimal() and high.isdecimal() else text


MATCHES = {
    "owner": _groups(independent(
        declare(
            "! uid-owner: ids", "! gid-owner: ids", "! socket-exists", "suppl-groups",
            # Old kernels only.
            "! pid-owner: u32", "! sid-owner: u32", "! cmd-owner: text",
            hooks="OUTPUT POSTROUTING", check=_check,
        ),
        {
            "uid-owner": (_id("uid", "socket's user"), said("sent by user {}", "not sent by user {}", _id_words)),
            "gid-owner": (_id("gid", "socket's group"), said("sent by group {}", "not sent by group {}", _id_words)),
            "socket-exists": (_socket, said("from a socket of this host", "from no socket of this host")),
            "suppl-groups": (lambda option, scope: lambda packet: True, said("supplementary groups counting, too")),
        },
    ))
}  # fmt: skip
