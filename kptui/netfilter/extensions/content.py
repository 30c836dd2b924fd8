"""string: text in a packet (xt_string.c); decided where the payload is told, and where it begins."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test, setting
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.values import number
from kptui.netfilter.facts import Answer, negate
from kptui.netfilter.packet import ICMP, ICMPV6, UDP, UDPLITE, Packet
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Given

_WHY = "what is in the packet is not known"
_HEX = re.compile(r"\|([0-9a-fA-F\s]*)\|")


def _pattern(option: Option) -> bytes:
    """The bytes of --string, or of --hex-string, where |0d 0a| are bytes by number."""
    if option.name == "string":
        return option.value.encode("utf-8", "surrogateescape")
    found, at = b"", 0
    for part in _HEX.finditer(option.value):
        found += option.value[at : part.start()].encode("utf-8", "surrogateescape") + bytes.fromhex(part[1])
        at = part.end()
    return found + option.value[at:].encode("utf-8", "surrogateescape")


def _compile(options: Sequence[Option], scope: Scope) -> list[Test]:
    named = {option.name: option for option in options}
    wanted = named.get("string") or named["hex-string"]
    text, anycase = _pattern(wanted), "icase" in named
    first = number(named["from"].value) if "from" in named else 0
    last = number(named["to"].value) if "to" in named else 0xFFFF
    asked = tuple((option.name, option.values) for option in options)
    unknown = setting(scope, "string", asked, _WHY)

    def test(packet: Packet) -> Answer:
        found = None if "string" in scope.host.settings else _found(packet, text, (first, last), anycase)
        return negate(unknown(packet) if found is None else found, wanted.negated)

    return [test]


def _found(packet: Packet, text: bytes, window: tuple[int, int], anycase: bool) -> bool | None:
    """Whether the payload holds the text at a place (from the IP header's start) in the window; None: not known."""
    if packet.payload is None:
        return None
    payload = bytes.fromhex(packet.payload)
    places = _places(payload.lower() if anycase else payload, text.lower() if anycase else text)
    start = _start(packet, len(payload))
    if start is None:
        return True if places and window == (0, 0xFFFF) else None
    if any(window[0] <= start + place <= window[1] for place in places):
        return True
    # The headers before it may hold the bytes too, of which not all are known.
    return False if window[0] >= start else None


def _places(payload: bytes, text: bytes) -> list[int]:
    return [place for place in range(len(payload)) if payload.startswith(text, place)]


def _start(packet: Packet, size: int) -> int | None:
    """Where the payload begins, without IP options."""
    if isinstance(packet.length, int):
        return packet.length - size
    fixed = {UDP: 8, UDPLITE: 8, ICMP: 8, ICMPV6: 8}
    head = fixed.get(packet.proto) if isinstance(packet.proto, int) else None
    return None if head is None else head + (20 if packet.family == 4 else 40)


def _check(given: Sequence[Given]) -> str | None:
    for option in given:
        if option.name == "string" and len(option.values[0].encode("utf-8", "surrogateescape")) > 128:
            return "--string: at most 128 bytes are looked for"
    return None


def _say(options: Sequence[Option]) -> str:
    names = {option.name: option for option in options}
    wanted = names.get("string") or names["hex-string"]
    what = f"“{wanted.value}”" if wanted.name == "string" else f"the bytes {wanted.value}"
    first, last = (names[name].value if name in names else "" for name in ("from", "to"))
    where = f" between byte {first or '0'} and byte {last}" if last else f" from byte {first} on" if first else ""
    case = ", in capitals or not" if "icase" in names else ""
    return f"{'not ' if wanted.negated else ''}holding {what}{where}{case}"


MATCHES = {
    "string": MatchExtension(
        declare(
            "! string: text", "! hex-string: text(1-)", "algo: enum(bm|kmp)", "from: u16", "to: u16", "icase",
            needed="string|hex-string algo", alone="string|hex-string", check=_check,
        ),
        _compile,
        _say,
    )
}  # fmt: skip
