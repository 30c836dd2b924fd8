"""icmp and icmp6: type and code (ip_tables.c icmp_match, ip6_tables.c icmp6_match; names of libipt_icmp.c)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.values import is_number, number
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure, negate, within
from kptui.netfilter.packet import ICMP, ICMPV6, Packet
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Check, Given

ANY = 255
_Type = tuple[int, int | None]

TYPES: Mapping[str, _Type] = {
    "any": (ANY, None),
    "echo-reply": (0, None), "pong": (0, None),
    "destination-unreachable": (3, None),
    "network-unreachable": (3, 0), "host-unreachable": (3, 1), "protocol-unreachable": (3, 2),
    "port-unreachable": (3, 3), "fragmentation-needed": (3, 4), "source-route-failed": (3, 5),
    "network-unknown": (3, 6), "host-unknown": (3, 7), "network-prohibited": (3, 9), "host-prohibited": (3, 10),
    "TOS-network-unreachable": (3, 11), "TOS-host-unreachable": (3, 12), "communication-prohibited": (3, 13),
    "host-precedence-violation": (3, 14), "precedence-cutoff": (3, 15),
    "source-quench": (4, None),
    "redirect": (5, None), "network-redirect": (5, 0), "host-redirect": (5, 1),
    "TOS-network-redirect": (5, 2), "TOS-host-redirect": (5, 3),
    "echo-request": (8, None), "ping": (8, None),
    "router-advertisement": (9, None), "router-solicitation": (10, None),
    "time-exceeded": (11, None), "ttl-exceeded": (11, None),
    "ttl-zero-during-transit": (11, 0), "ttl-zero-during-reassembly": (11, 1),
    "parameter-problem": (12, None), "ip-header-bad": (12, 0), "required-option-missing": (12, 1),
    "timestamp-request": (13, None), "timestamp-reply": (14, None),
    "address-mask-request": (17, None), "address-mask-reply": (18, None),
}  # fmt: skip
TYPES6: Mapping[str, _Type] = {
    "destination-unreachable": (1, None), "no-route": (1, 0), "communication-prohibited": (1, 1),
    "beyond-scope": (1, 2), "address-unreachable": (1, 3), "port-unreachable": (1, 4),
    "failed-policy": (1, 5), "reject-route": (1, 6),
    "packet-too-big": (2, None),
    "time-exceeded": (3, None), "ttl-exceeded": (3, None),
    "ttl-zero-during-transit": (3, 0), "ttl-zero-during-reassembly": (3, 1),
    "parameter-problem": (4, None), "bad-header": (4, 0), "unknown-header-type": (4, 1), "unknown-option": (4, 2),
    "echo-request": (128, None), "ping": (128, None), "echo-reply": (129, None), "pong": (129, None),
    "mld-listener-query": (130, None), "mld-listener-report": (131, None), "mld-listener-done": (132, None),
    "mld-listener-reduction": (132, None),
    "router-solicitation": (133, None), "router-advertisement": (134, None),
    "neighbour-solicitation": (135, None), "neighbor-solicitation": (135, None),
    "neighbour-advertisement": (136, None), "neighbor-advertisement": (136, None),
    "redirect": (137, None),
}  # fmt: skip


def parse_type(text: str, family: int) -> _Type:
    """TYPE, TYPE/CODE, TYPE/LOW:HIGH or a name, of which a unique beginning will do; raises ValueError."""
    names = TYPES if family == 4 else TYPES6
    wanted = text.lower()
    fitting = {code for name, code in names.items() if name.lower() == wanted} or {
        code for name, code in names.items() if name.lower().startswith(wanted) and wanted
    }
    if len(fitting) == 1:
        return fitting.pop()
    first, slash, second = text.partition("/")
    low, colon, high = second.partition(":")
    if (
        not is_number(first, 0, 255)
        or (slash and not is_number(low, 0, 255))
        or (colon and not is_number(high, 0, 255))
    ):
        raise ValueError(f"“{text}” is no ICMP type")
    # iptables itself prints 255/0:255, type 255 with any code, for any type at all.
    if number(first) == ANY or (colon and (number(low), number(high)) == (0, 255)):
        return number(first), None
    if colon:
        raise ValueError(f"the range of codes in “{text}” can't be compared")
    return number(first), number(low) if slash else None


def _match(protocol: int, family: int) -> MatchExtension:
    def compile_all(options: Sequence[Option], scope: Scope) -> list[Test]:
        tests: list[Test] = [lambda packet: within(packet.proto, ((protocol, protocol),), "the protocol")]
        return [*tests, *(_test(parse_type(option.value, family), option.negated) for option in options)]

    def say(options: Sequence[Option]) -> str:
        words = "ICMP" if family == 4 else "ICMPv6"
        return ", ".join(f"{'not ' if o.negated else ''}{words} {_name(o.value, family)}" for o in options) or words

    option = "icmp-type" if family == 4 else "icmpv6-type"
    return MatchExtension(
        declare(f"! {option}: text", needed=option, protocols=_PROTOCOLS[family], check=_check(family)),
        compile_all,
        say,
    )


_PROTOCOLS = {4: "icmp", 6: "icmp6"}


def _check(family: int) -> Check:
    def check(given: Sequence[Given]) -> str | None:
        for option in given:
            try:
                parse_type(option.values[0], family)
            except (ValueError, IndexError) as error:
                return f"{error}: expected TYPE, TYPE/CODE or a name"
        return None

    return check


def _test(wanted: _Type, negated: bool) -> Test:
    kind, code = wanted

    def test(packet: Packet) -> Answer:
        if kind == ANY and code is None:
            return not negated
        for field, asked in ((packet.icmp_type, kind), (packet.icmp_code, code)):
            if asked is None or field == asked:
                continue
            if isinstance(field, Unknown):
                unsure = Unsure(Fact(("icmp", kind, code)), "the ICMP type and code are not known")
                return negate(unsure, negated)
            return negated
        return not negated

    return test


def _name(text: str, family: int) -> str:
    """A type's name beside its number, where it has one."""
    try:
        wanted = parse_type(text, family)
    except ValueError:
        return text
    names = TYPES if family == 4 else TYPES6
    found = next((name for name, value in names.items() if value == wanted), None)
    return text if found in (text, None) else f"{found} ({text})"


MATCHES = {"icmp": _match(ICMP, 4)} | dict.fromkeys(("icmp6", "icmpv6", "ipv6-icmp"), _match(ICMPV6, 6))
