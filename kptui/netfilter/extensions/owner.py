"""owner: the socket of a packet sent by this host (xt_owner.c)."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import Scope, Test, TestOf, independent, setting
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.facts import Answer, Fact, Unsure, within
from kptui.netfilter.hooks import OUTPUT, POSTROUTING
from kptui.netfilter.intervals import Intervals
from kptui.netfilter.packet import Packet
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Given


def _ids(text: str) -> Intervals:
    low, dash, high = text.partition("-")
    return ((int(low), int(high) if dash else int(low)),)


def _id(field: str, what: str) -> TestOf:
    def test_of(option: Option, scope: Scope) -> Test:
        answer = _given(option, scope, what)

        def test(packet: Packet) -> Answer:
            if scope.hook not in (OUTPUT, POSTROUTING):
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
    return setting(scope, "socket-exists", "owner", "whether the packet belongs to a socket is not known")


def _check(given: Sequence[Given]) -> str | None:
    names = [option.name for option in given]
    if "suppl-groups" in names and "gid-owner" not in names[: names.index("suppl-groups")]:
        return "--suppl-groups needs --gid-owner before it"
    return None if names else "the match needs at least one option"


MATCHES = {
    "owner": independent(
        declare(
            "! uid-owner: ids", "! gid-owner: ids", "! socket-exists", "suppl-groups",
            # Old kernels only.
            "! pid-owner: u32", "! sid-owner: u32", "! cmd-owner: text",
            hooks="OUTPUT POSTROUTING", check=_check,
        ),
        {
            "uid-owner": (_id("uid", "socket's user"), lambda option: f"sent by user {option.value}"),
            "gid-owner": (_id("gid", "socket's group"), lambda option: f"sent by group {option.value}"),
            "socket-exists": (_socket, lambda option: "from a socket of this host"),
            "suppl-groups": (lambda option, scope: lambda packet: True, lambda option: "supplementary groups too"),
        },
    )
}  # fmt: skip
