"""IPv6's extension headers: dst, hbh, rt, frag, ipv6header, srh, mh, eui64; and the prefix translators SNPT and DNPT.

None of these headers is in kptui's packet, so each match is one row of the table, undecided.
"""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import Apply, Effect, MatchExtension, Scope, TargetExtension, told
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.values import is_number, number
from kptui.netfilter.facts import Unknown
from kptui.netfilter.packet import Packet
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Declared, Given

_HEADERS = (
    "hop-by-hop", "hop", "ipv6-opts", "dst", "ipv6-route", "route", "ipv6-frag", "frag", "esp", "ah", "auth",
    "ipv6-nonxt", "none", "protocol", "prot", "0", "60", "43", "44", "50", "51", "59", "255",
)  # fmt: skip
_MH = (
    "binding-refresh-request", "brr", "home-test-init", "hoti", "careof-test-init", "coti", "home-test", "hot",
    "careof-test", "cot", "binding-update", "bu", "binding-acknowledgement", "ba", "binding-error", "be",
)  # fmt: skip


def _headers(given: Sequence[Given]) -> str | None:
    for option in given:
        if option.name == "header":
            wrong = [part for part in option.values[0].split(",") if part.lower() not in _HEADERS]
            if wrong:
                return f"“{wrong[0]}” is no IPv6 header: expected one of {', '.join(_HEADERS)}"
    return None


def _types(given: Sequence[Given]) -> str | None:
    """--mh-type TYPE[:TYPE], by number or name, the lower first."""
    for option in given:
        ends = option.values[0].split(":")
        wrong = [end for end in ends if end and not is_number(end, 0, 255) and end.lower() not in _MH]
        if wrong or len(ends) > 2:
            return f"“{option.values[0]}” is no mobility header type, nor a range of them"
        if len(ends) == 2 and all(end.isdecimal() for end in ends) and number(ends[0]) > number(ends[1]):
            return "the lower type comes first in a range"
    return None


def _header(name: str, options: Declared, what: str) -> MatchExtension:
    return told(name, options, f"{what} is not known", f"by {what}")


_COMPARED = [
    f"! srh-{field}-{how}: u8" for field in ("hdr-len", "segs-left", "last-entry") for how in ("eq", "gt", "lt")
]
MATCHES = {
    "dst": _header("dst", declare("! dst-len: u32", "dst-opts: text(1-)"), "the packet's destination options"),
    "hbh": _header("hbh", declare("! hbh-len: u32", "hbh-opts: text(1-)"), "the packet's hop-by-hop options"),
    "rt": _header(
        "rt",
        declare(
            "! rt-type: u32", "! rt-segsleft: range32", "! rt-len: u32", "rt-0-res", "rt-0-addrs: text(1-)",
            "rt-0-not-strict",
        ),
        "the packet's routing header",
    ),
    "frag": _header(
        "frag",
        declare(
            "! fragid: range32", "! fraglen: u32", "fragres", "fragfirst", "fragmore", "fraglast",
            alone="fragmore|fraglast",
        ),
        "the packet's fragment header",
    ),
    "ipv6header": _header(
        "ipv6header",
        declare("! header: text(1-)", "soft", needed="header", check=_headers),
        "which extension headers the packet has",
    ),
    "srh": _header(
        "srh",
        declare(
            "! srh-next-hdr: u8", *_COMPARED, "! srh-tag: u16", "! srh-psid: network", "! srh-nsid: network",
            "! srh-lsid: network",
        ),
        "the packet's segment routing header",
    ),
    "mh": _header(
        "mh",
        declare("! mh-type: text(1-)", protocols="mh", check=_types),
        "the packet's mobility header",
    ),
    "eui64": _header(
        "eui64", declare(hooks="PREROUTING INPUT FORWARD"), "whether the address holds the sender's MAC address"
    ),
}  # fmt: skip
MATCHES["mobility-header"] = MATCHES["mh"]


def _translate(field: str, words: str) -> TargetExtension:
    """SNPT and DNPT put another prefix before an address (ip6t_NPT.c); the checksum-neutral rest is not computed."""

    def compile_it(options: Sequence[Option], scope: Scope) -> Apply:
        named = {option.name: option.value for option in options}
        said = f"{field} prefix {named['src-pfx']} to {named['dst-pfx']}"

        def apply(packet: Packet) -> Effect:
            old = getattr(packet, field)
            label = old.label if isinstance(old, Unknown) else f"{words} {old:#x}"
            return Effect(packet.but(**{field: Unknown(f"{label} in {named['dst-pfx']}", 128)}), None, said)

        return apply

    hooks = "INPUT POSTROUTING" if field == "src" else "PREROUTING OUTPUT"
    return TargetExtension(
        declare(
            "src-pfx: network", "dst-pfx: network", needed="src-pfx dst-pfx", tables="mangle", hooks=hooks,
            check=_same_length,
        ),
        compile_it,
        lambda options: f"translate the {words}'s prefix: " + " to ".join(option.value for option in options),
    )  # fmt: skip


def _same_length(given: Sequence[Given]) -> str | None:
    """The kernel takes prefixes of at most 64 bits."""
    for option in given:
        length = option.values[0].partition("/")[2] or "128"
        if not is_number(length, 0, 64):
            return f"“{option.values[0]}”: a prefix of at most 64 bits was expected"
    return None


TARGETS = {"SNPT": _translate("src", "source"), "DNPT": _translate("dst", "destination")}
