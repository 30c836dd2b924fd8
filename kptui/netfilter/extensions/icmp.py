"""icmp and icmp6: type and code (ip_tables.c icmp_match, ip6_tables.c icmp6_match; names of libipt_icmp.c)."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.ports import of_protocol
from kptui.netfilter.facts import Answer, Fact, Unsure, negate, within
from kptui.netfilter.icmp_types import ANY, TYPES, TYPES6, Type, parse_type
from kptui.netfilter.packet import ICMP, ICMPV6, Packet
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Check, Given


def _match(protocol: int, family: int) -> MatchExtension:
    def compile_all(options: Sequence[Option], scope: Scope) -> list[Test]:
        tests: list[Test] = [lambda packet: of_protocol(packet, protocol)]
        return [*tests, *(test for o in options for test in _tests(parse_type(o.value, family), o.negated))]

    def say(options: Sequence[Option]) -> str:
        words = "ICMP" if family == 4 else "ICMPv6"
        other = f"{words} other than"
        return ", ".join(f"{other if o.negated else words} {_name(o.value, family)}" for o in options) or words

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


def _tests(wanted: Type, negated: bool) -> list[Test]:
    """Type and code one by one where both must fit; negated, one of them not fitting is enough."""
    kind, code = wanted
    if kind == ANY and code is None:
        return [lambda packet: not negated]
    codes = ((0, 255),) if code is None else (code,) if isinstance(code, tuple) else ((code, code),)

    def of_type(packet: Packet) -> Answer:
        return within(packet.icmp_type, ((kind, kind),), "the ICMP type")

    def of_code(packet: Packet) -> Answer:
        return within(packet.icmp_code, codes, "the ICMP code")

    def either_not(packet: Packet) -> Answer:
        answers = (of_type(packet), of_code(packet))
        if False in answers:
            return True
        open_ = [answer for answer in answers if answer is not True]
        if len(open_) < 2:
            return negate(open_[0]) if open_ else False
        return negate(Unsure(Fact(("icmp", kind, code)), "the ICMP type and code are not known"))

    return [either_not] if negated else [of_type, of_code]


def _name(text: str, family: int) -> str:
    """A type's name beside its number, where it has one."""
    try:
        wanted = parse_type(text, family)
    except ValueError:
        return text
    names = TYPES if family == 4 else TYPES6
    found = next((name for name, value in names.items() if value == wanted), None)
    if found == "any":
        return "of any type"
    kind, code = wanted
    if found is None:
        return f"type {kind}" + (f" code {code}" if code is not None else "")
    return text if found == text else f"{found} ({text})"


MATCHES = {"icmp": _match(ICMP, 4)} | dict.fromkeys(("icmp6", "icmpv6", "ipv6-icmp"), _match(ICMPV6, 6))
