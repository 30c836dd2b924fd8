"""IPv6's extension headers: dst, hbh, rt, frag, ipv6header, srh, mh, eui64; and the prefix translators SNPT and DNPT.

None of these headers is in kptui's packet, so each match is one row of the table, undecided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kptui.netfilter.address import Network, network
from kptui.netfilter.extensions.base import Apply, Effect, MatchExtension, Scope, TargetExtension, Test, told
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.ports import of_protocol
from kptui.netfilter.extensions.values import is_number, number
from kptui.netfilter.extensions.words import Say, SayAll, both, constant, each_said, named, said, span
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure
from kptui.netfilter.packet import Number, Packet
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Declared, Given

_MH = (
    "binding-refresh-request", "brr", "home-test-init", "hoti", "careof-test-init", "coti", "home-test", "hot",
    "careof-test", "cot", "binding-update", "bu", "binding-acknowledgement", "ba", "binding-error", "be",
)  # fmt: skip


def _headers(given: Sequence[Given]) -> str | None:
    for option in given:
        if option.name == "header":
            wrong = [part for part in option.values[0].split(",") if part.lower() not in _HEADER_BITS]
            if wrong:
                return f"“{wrong[0]}” is no IPv6 header: expected one of {', '.join(_HEADER_BITS)}"
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


def _header(name: str, options: Declared, what: str, say: SayAll) -> MatchExtension:
    """A match that fails, negated or not, where the header isn't there; `--set ipv6-headers=none` says so of all."""
    inner = told(name, options, f"{what} is not known", say)

    def compile_all(given: Sequence[Option], scope: Scope) -> list[Test]:
        if scope.host.settings.get("ipv6-headers") != "none":
            return inner.compile(given, scope)
        if name == "mh":
            # That is no header before a protocol, but the protocol.
            return [lambda packet: of_protocol(packet, MH), *inner.compile(given, scope)]
        return [_plain(given) if name == "ipv6header" else lambda packet: False]

    return MatchExtension(options, compile_all, inner.say)


def _plain(given: Sequence[Option]) -> Test:
    """What ipv6header answers where the protocol follows at once (ip6t_ipv6header.c).

    With --soft all headers named have to be there, or, negated, none of them; else these and no others.
    """
    [option] = [option for option in given if option.name == "header"]
    wanted = {_HEADER_BITS[part.lower()] for part in option.value.split(",")}
    soft = any(each.name == "soft" for each in given)

    def test(packet: Packet) -> Answer:
        if isinstance(packet.proto, Unknown):
            return Unsure(Fact(("ipv6header", option.values)), "the protocol is not known")
        present = {_ALONE.get(packet.proto, "protocol")}
        if soft:
            return not wanted & present if option.negated else wanted <= present
        return (wanted == present) != option.negated

    return test


_HEADER_BITS = {
    "hop-by-hop": "hop", "hop": "hop", "0": "hop", "ipv6-opts": "dst", "dst": "dst", "60": "dst",
    "ipv6-route": "route", "route": "route", "43": "route", "ipv6-frag": "frag", "frag": "frag", "44": "frag",
    "esp": "esp", "50": "esp", "ah": "ah", "auth": "ah", "51": "ah", "ipv6-nonxt": "none", "none": "none", "59": "none",
    "protocol": "protocol", "prot": "protocol", "255": "protocol",
}  # fmt: skip
_ALONE = {50: "esp", 51: "ah", 59: "none"}
MH = 135


def _fields(header: str, table: Mapping[str, Say]) -> SayAll:
    """A header's fields, or just that it is there."""
    return each_said(table, f"with a {header}", ", ", f"{header}: ")


def _options_said(prefix: str, header: str) -> SayAll:
    return _fields(
        header,
        {
            f"{prefix}-len": said("length {}", "length other than {}"),
            f"{prefix}-opts": said("options {} (type:length)", show=both),
        },
    )


def _say_headers(given: Sequence[Option]) -> str:
    """Exactly these headers, or with --soft these among others (ip6t_ipv6header.c)."""
    options = named(given)
    header = options["header"]
    which = both(header.value)
    if "soft" in options:
        return f"{'without any' if header.negated else 'with all'} of these headers: {which}"
    return f"{'not ' if header.negated else ''}with exactly these headers: {which}"


_SRH_COMPARED = {"eq": ("", "other than "), "gt": ("above ", "not above "), "lt": ("below ", "not below ")}
_SRH_FIELDS = {"hdr-len": "length", "segs-left": "segments left", "last-entry": "last entry"}
_SRH = {
    "srh-next-hdr": said("next header {}", "next header other than {}"),
    **{
        f"srh-{field}-{how}": said(f"{words} {plain}{{}}", f"{words} {other}{{}}")
        for field, words in _SRH_FIELDS.items()
        for how, (plain, other) in _SRH_COMPARED.items()
    },
    "srh-tag": said("tag {}", "tag other than {}"),
    "srh-psid": said("previous segment in {}", "previous segment not in {}"),
    "srh-nsid": said("next segment in {}", "next segment not in {}"),
    "srh-lsid": said("last segment in {}", "last segment not in {}"),
}
_COMPARED = [
    f"! srh-{field}-{how}: u8" for field in ("hdr-len", "segs-left", "last-entry") for how in ("eq", "gt", "lt")
]
MATCHES = {
    "dst": _header("dst", declare("! dst-len: u32", "dst-opts: text(1-)"), "the packet's destination options",
        _options_said("dst", "destination options header"),
    ),
    "hbh": _header("hbh", declare("! hbh-len: u32", "hbh-opts: text(1-)"), "the packet's hop-by-hop options",
        _options_said("hbh", "hop-by-hop options header"),
    ),
    "rt": _header(
        "rt",
        declare(
            "! rt-type: u32", "! rt-segsleft: range32", "! rt-len: u32", "rt-0-res", "rt-0-addrs: text(1-)",
            "rt-0-not-strict",
        ),
        "the packet's routing header",
        _fields(
            "routing header",
            {
                "rt-type": said("type {}", "type other than {}"),
                "rt-segsleft": said("segments left {}", "segments left not {}", span),
                "rt-len": said("length {}", "length other than {}"),
                "rt-0-res": said("reserved field zero"),
                "rt-0-addrs": said("addresses {}", show=both),
                "rt-0-not-strict": said("others among them"),
            },
        ),
    ),
    "frag": _header(
        "frag",
        declare(
            "! fragid: range32", "! fraglen: u32", "fragres", "fragfirst", "fragmore", "fraglast",
            alone="fragmore|fraglast",
        ),
        "the packet's fragment header",
        _fields(
            "fragment header",
            {
                "fragid": said("ID {}", "ID not {}", span),
                "fraglen": said("length {}", "length other than {}"),
                "fragres": said("reserved fields zero"),
                "fragfirst": said("the first fragment"),
                "fragmore": said("more fragments to follow"),
                "fraglast": said("the last fragment"),
            },
        ),
    ),
    "ipv6header": _header(
        "ipv6header",
        declare("! header: text(1-)", "soft", needed="header", check=_headers),
        "which extension headers the packet has",
        _say_headers,
    ),
    "srh": _header(
        "srh",
        declare(
            "! srh-next-hdr: u8", *_COMPARED, "! srh-tag: u16", "! srh-psid: network", "! srh-nsid: network",
            "! srh-lsid: network",
        ),
        "the packet's segment routing header",
        _fields("segment routing header", _SRH),
    ),
    "mh": _header(
        "mh",
        declare("! mh-type: text(1-)", protocols="mh", check=_types),
        "the packet's mobility header",
        _fields("mobility header", {"mh-type": said("type {}", "type not {}", span)}),
    ),
    "eui64": _header(
        "eui64", declare(hooks="PREROUTING INPUT FORWARD"), "whether the address holds the sender's MAC address",
        constant("from an address made of the sender's MAC address"),
    ),
}  # fmt: skip
MATCHES["mobility-header"] = MATCHES["mh"]


def mapped(address: int, old: Network, new: Network) -> int | None:
    """The address with the new prefix, another word changed so that the checksum stays (RFC 6296), None if none can be.

    Words count from 0: with prefixes of at most 48 bits it is word 3, else the first of 4 to 7 that is not 0xffff.
    """
    mask = max(old.mask, new.mask)
    words = [(address & ~mask | new.address & mask) >> 16 * (7 - index) & 0xFFFF for index in range(8)]
    short = mask <= _PREFIX_48
    index = 3 if short else next((index for index in range(4, 8) if words[index] != 0xFFFF), None)
    if index is None:
        return None
    total = words[index] + _sum(old.address) + (0xFFFF - _sum(new.address))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    words[index] = 0 if total == 0xFFFF else total
    return sum(word << 16 * (7 - index) for index, word in enumerate(words))


def _sum(address: int) -> int:
    """The one's complement sum of an address's words."""
    total = sum(address >> 16 * index & 0xFFFF for index in range(8))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


_PREFIX_48 = ((1 << 48) - 1) << 80


def _translate(field: str, words: str) -> TargetExtension:
    """SNPT and DNPT put another prefix before an address (ip6t_NPT.c)."""

    def compile_it(options: Sequence[Option], scope: Scope) -> Apply:
        named = {option.name: option.value for option in options}
        said = f"{field} prefix {named['src-pfx']} to {named['dst-pfx']}"
        old_prefix, new_prefix = (network(named[name], 6) for name in ("src-pfx", "dst-pfx"))

        def apply(packet: Packet) -> Effect:
            old = getattr(packet, field)
            if isinstance(old, Unknown):
                new: Number | None = Unknown(f"{old.label} in {named['dst-pfx']}", 128, possible=new_prefix.region)
            else:
                new = mapped(old, old_prefix, new_prefix)
            if new is None:
                return Effect(packet, "DROP", said, "an address without a free word can't be translated")
            # What conntrack knows of the connection are its addresses before.
            return Effect(packet.but(zone=None, **{field: new}), None, said)

        return apply

    hooks = "INPUT POSTROUTING" if field == "src" else "PREROUTING OUTPUT"
    return TargetExtension(
        declare(
            "src-pfx: network", "dst-pfx: network", needed="src-pfx dst-pfx", tables="mangle", hooks=hooks,
            check=_same_length,
        ),
        compile_it,
        each_said({"src-pfx": said(f"replace the {words}'s prefix {{}}"), "dst-pfx": said("with {}")}, between=" "),
    )  # fmt: skip


def _same_length(given: Sequence[Given]) -> str | None:
    """The kernel takes prefixes of at most 64 bits."""
    for option in given:
        length = option.values[0].partition("/")[2] or "128"
        if not is_number(length, 0, 64):
            return f"“{option.values[0]}”: a prefix of at most 64 bits was expected"
    return None


TARGETS = {"SNPT": _translate("src", "source"), "DNPT": _translate("dst", "destination")}
