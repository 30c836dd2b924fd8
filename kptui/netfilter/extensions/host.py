"""Matches on things only the host knows: rpfilter, socket, policy, time, string, u32, bpf, cgroup, helper and such."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test, setting, spoken
from kptui.netfilter.facts import negate
from kptui.syntax.ast import Option

_ONE_NEGATION = {"rpfilter": "invert"}


def _told(name: str, options: dict[str, int], why: str, words: str) -> MatchExtension:
    """A match whose answer is asked for as a whole; `--set NAME=yes|no` settles it."""

    def compile_all(given: Sequence[Option], scope: Scope) -> list[Test]:
        asked = tuple((option.name, option.values) for option in given if option.name != _ONE_NEGATION.get(name))
        inverted = any(option.name == _ONE_NEGATION.get(name) for option in given)
        negated = len(given) == 1 and given[0].negated
        subject = (asked, tuple(option.negated for option in given)) if len(given) > 1 else asked
        test = setting(scope, name, (subject, scope.hook if name in ("rpfilter", "socket") else None), why)
        return [(lambda packet: negate(test(packet))) if inverted != negated else test]

    def say(given: Sequence[Option]) -> str:
        details = " ".join(spoken(option) for option in given)
        return f"{words} ({details})" if details else words

    return MatchExtension(options, compile_all, say)


MATCHES = {
    "rpfilter": _told(
        "rpfilter",
        {"loose": 0, "validmark": 0, "accept-local": 0, "invert": 0},
        "whether the way back to the source passes the reverse path test is not known",
        "by the reverse path test",
    ),
    "socket": _told(
        "socket",
        {"transparent": 0, "nowildcard": 0, "restore-skmark": 0},
        "whether a socket of this host is open for the packet is not known",
        "a socket of this host is open for it",
    ),
    "policy": _told(
        "policy",
        {"dir": 1, "pol": 1, "strict": 0, "reqid": 1, "spi": 1, "proto": 1, "mode": 1, "tunnel-src": 1, "tunnel-dst": 1,
         "next": 0},
        "which IPsec policy covers the packet is not known",
        "by IPsec policy",
    ),
    "time": _told(
        "time",
        {"datestart": 1, "datestop": 1, "timestart": 1, "timestop": 1, "monthdays": 1, "weekdays": 1, "kerneltz": 0,
         "contiguous": 0},
        "the time of day the packet comes is not known",
        "by the time",
    ),
    "string": _told(
        "string",
        {"from": 1, "to": 1, "algo": 1, "string": 1, "hex-string": 1, "icase": 0},
        "what is in the packet is not known",
        "what is in the packet",
    ),
    "u32": _told("u32", {"u32": 1}, "the packet's bytes are not known", "by the packet's bytes"),
    "bpf": _told(
        "bpf", {"bytecode": 1, "object-pinned": 1}, "what the BPF program answers is not known", "by a BPF program"
    ),
    "cgroup": _told("cgroup", {"cgroup": 1, "path": 1}, "the socket's control group is not known", "by control group"),
    "helper": _told("helper", {"helper": 1}, "the connection's helper is not known", "by conntrack helper"),
    "realm": _told("realm", {"realm": 1}, "the route's realm is not known", "by routing realm"),
    "cpu": _told("cpu", {"cpu": 1}, "which CPU handles the packet is not known", "by CPU"),
    "devgroup": _told(
        "devgroup", {"src-group": 1, "dst-group": 1}, "the interface's group is not known", "by interface group"
    ),
    "ipvs": _told(
        "ipvs",
        {"ipvs": 0, "vproto": 1, "vaddr": 1, "vport": 1, "vdir": 1, "vmethod": 1, "vportctl": 1},
        "what IPVS does with the connection is not known",
        "by IPVS",
    ),
}  # fmt: skip
