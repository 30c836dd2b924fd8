"""length, ttl, hl, tos, dscp, mac, pkttype, tcpmss and the targets that change such header fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kptui.netfilter.extensions.base import (
    Apply,
    Effect,
    MatchExtension,
    Scope,
    TargetExtension,
    Test,
    TestOf,
    independent,
    passing,
    setting,
)
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.values import TOS, is_number, number
from kptui.netfilter.extensions.words import constant, each_said, listed, named, said, span, spoken
from kptui.netfilter.facts import Answer, Unknown, through, under_mask, within
from kptui.netfilter.intervals import Intervals, normal
from kptui.netfilter.packet import NO_MSS, Number, Packet
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Given

_DSCP_CLASSES = {"BE": 0, "EF": 46} | {f"CS{n}": n * 8 for n in range(8)}
_DSCP_CLASSES |= {f"AF{i}{j}": i * 8 + j * 2 for i in range(1, 5) for j in range(1, 4)}


def _range(text: str) -> Intervals:
    low, colon, high = text.partition(":")
    return ((number(low or "0"), number(high) if high else 65535 if colon else number(low)),)


def _field(field: str, what: str, region: Callable[[str], Intervals]) -> TestOf:
    def test_of(option: Option, scope: Scope) -> Test:
        wanted = region(option.value)
        return lambda packet: within(getattr(packet, field), wanted, f"the {what}")

    return test_of


def _hops(what: str, prefix: str) -> MatchExtension:
    def exactly(text: str) -> Intervals:
        return ((number(text), number(text)),)

    def below(text: str) -> Intervals:
        return ((0, number(text) - 1),) if number(text) else ()

    def above(text: str) -> Intervals:
        return ((number(text) + 1, 255),)

    names = f"{prefix}-eq|{prefix}-lt|{prefix}-gt"
    return independent(
        declare(f"! {prefix}-eq|{prefix}: u8", f"{prefix}-lt: u8", f"{prefix}-gt: u8", needed=names, alone=names),
        {
            f"{prefix}-eq": (_field("ttl", what, exactly), said(f"{what} {{}}", f"{what} other than {{}}")),
            f"{prefix}-lt": (_field("ttl", what, below), said(f"{what} below {{}}")),
            f"{prefix}-gt": (_field("ttl", what, above), said(f"{what} above {{}}")),
        },
    )


def _masked(value: int, mask: int) -> Test:
    return lambda packet: under_mask(packet.tos, mask, value, "the TOS")


def tos_pair(text: str) -> tuple[int, int]:
    """(value, mask) of a TOS by number or by name; a name leaves the two ECN bits alone (libxt_TOS.c)."""
    if text.lower() in TOS:
        return TOS[text.lower()], 0x3F
    value, slash, mask = text.partition("/")
    return number(value), number(mask) if slash else 0xFF


def dscp_class(name: str) -> int:
    """The number of a DSCP class; raises ValueError."""
    if name.upper() not in _DSCP_CLASSES:
        raise ValueError(f"“{name}” is no DSCP class")
    return _DSCP_CLASSES[name.upper()]


def _tos(option: Option, scope: Scope) -> Test:
    return _masked(*tos_pair(option.value))


def _dscp(option: Option, scope: Scope) -> Test:
    named = option.name == "dscp-class"
    return _masked((_DSCP_CLASSES[option.value.upper()] if named else number(option.value)) << 2, 0xFC)


def _mac(option: Option, scope: Scope) -> Test:
    wanted = mac_number(option.value)

    def test(packet: Packet) -> Answer:
        found = packet.mac_source
        if isinstance(found, Unknown):
            return within(found, ((wanted, wanted),), "the source MAC address")
        return mac_number(found) == wanted

    return test


def mac_number(text: str) -> int:
    """A MAC address as a number; raises ValueError."""
    return int("".join(part.rjust(2, "0") for part in text.split(":")), 16)


def _on_ethernet(packet: Packet) -> bool:
    """Whether the packet may have a MAC address at all: `mac` fails without, negated or not (xt_mac.c)."""
    return packet.in_ != "lo" and packet.mac_source != ""


_LINK = Unknown("link-layer packet type", 2, possible=((0, 2),))
_LINK_TYPES = {"unicast": 0, "host": 0, "broadcast": 1, "bcast": 1, "multicast": 2, "mcast": 2}
"""PACKET_HOST, PACKET_BROADCAST, PACKET_MULTICAST (include/uapi/linux/if_packet.h)."""


def _link_type(option: Option, scope: Scope) -> Test:
    """What is forwarded or sent by this host is PACKET_HOST: nothing else is forwarded (ip_forward.c, ip6_forward)."""
    wanted, given = _LINK_TYPES[option.value.lower()], scope.host.settings.get(option.name, "").lower()
    if given and given not in _LINK_TYPES:
        return setting(scope, option.name, option.values, "the link-layer packet type is not known")
    told: Number = _LINK_TYPES[given] if given else _LINK

    def test(packet: Packet) -> Answer:
        ours = packet.in_ == "" or scope.hook in ("FORWARD", "POSTROUTING")
        return within(0 if ours else told, ((wanted, wanted),), "the link-layer packet type")

    return test


def _told(option: Option, scope: Scope) -> Test:
    return setting(scope, option.name, option.values, f"the packet's {option.name.replace('-', ' ')} is not known")


_ECT = {"0": "no ECN", "1": "ECT(1)", "2": "ECT(0)", "3": "congestion met"}
_ALL, _GROUP = "to all (broadcast)", "to a group (multicast)"
_LINK_WORDS = dict.fromkeys(("unicast", "host"), "to this host alone") | {"broadcast": _ALL, "bcast": _ALL}
_LINK_WORDS |= {"multicast": _GROUP, "mcast": _GROUP}


def _length_words(text: str) -> str:
    return f"{span(text)} byte{'' if text == '1' else 's'}"


def _tos_words(text: str) -> str:
    if text.lower() in TOS:
        return f"{text} ({TOS[text.lower()]:#04x})"
    value, slash, mask = text.partition("/")
    return f"{value} in the bits {mask}" if slash else text


def _dscp_words(text: str) -> str:
    """The number, and its class where it has one."""
    found = [name for name, value in _DSCP_CLASSES.items() if value == number(text) and name != "BE"]
    return f"{text} ({found[0]})" if found else text


def _ect_words(text: str) -> str:
    return f"{text} ({_ECT[text]})" if text in _ECT else text


def _link_words(text: str) -> str:
    return _LINK_WORDS.get(text.lower(), text)


def _bits(option: Option, scope: Scope) -> Test:
    """ecn: the two ECN bits are the lowest of the TOS byte; TCP's own flags ECE and CWR are not in kptui's packet."""
    return _masked(number(option.value), 0x03) if option.name == "ecn-ip-ect" else _told(option, scope)


MATCHES = {
    "length": independent(
        declare("! length: range16", needed="length"),
        {"length": (_field("length", "packet length", _range), said("length {}", "length not {}", _length_words))},
    ),
    "ttl": _hops("TTL", "ttl"),
    "hl": _hops("hop limit", "hl"),
    "tos": independent(
        declare("! tos: tos", needed="tos"), {"tos": (_tos, said("TOS {}", "TOS other than {}", _tos_words))}
    ),
    "dscp": independent(
        declare(
            "! dscp: u8(0-63)", f"! dscp-class: ienum({'|'.join(_DSCP_CLASSES)})",
            needed="dscp|dscp-class", alone="dscp|dscp-class",
        ),
        {
            "dscp": (_dscp, said("DSCP {}", "DSCP other than {}", _dscp_words)),
            "dscp-class": (_dscp, said("DSCP class {}", "DSCP class other than {}")),
        },
    ),
    "ecn": independent(
        declare(
            "! ecn-tcp-cwr", "! ecn-tcp-ece", "! ecn-ip-ect: u8(0-3)",
            needed="ecn-tcp-cwr|ecn-tcp-ece|ecn-ip-ect",
        ),
        {
            "ecn-tcp-cwr": (_bits, said("TCP CWR bit set", "TCP CWR bit not set")),
            "ecn-tcp-ece": (_bits, said("TCP ECE bit set", "TCP ECE bit not set")),
            "ecn-ip-ect": (_bits, said("ECN field {}", "ECN field other than {}", _ect_words)),
        },
    ),
    "mac": independent(
        declare("! mac-source: mac", needed="mac-source", hooks="PREROUTING INPUT FORWARD"),
        {"mac-source": (_mac, said("from MAC address {}", "not from MAC address {}"))},
        _on_ethernet,
    ),
    "pkttype": independent(
        declare("! pkt-type: ienum(unicast|broadcast|multicast|bcast|mcast|host)", needed="pkt-type"),
        {"pkt-type": (_link_type, said("sent {} at the link layer", "not sent {} at the link layer", _link_words))},
    ),
    "tcpmss": independent(
        declare("! mss: ordered16", needed="mss", protocols="tcp"),
        {"mss": (_field("mss", "MSS", _range), said("MSS {}", "MSS not {}", span))},
    ),
}  # fmt: skip


def _set_hops(options: Sequence[Option], scope: Scope) -> Apply:
    option = options[0]
    amount, how = number(option.value), option.name.rsplit("-", 1)[1]

    def changed(old: int) -> int:
        return amount if how == "set" else max(0, min(255, old + (amount if how == "inc" else -amount)))

    def apply(packet: Packet) -> Effect:
        new = through(packet.ttl, changed)
        return Effect(packet.but(ttl=new), None, f"TTL {new if isinstance(new, int) else f'{how} {amount}'}")

    return apply


def tos_change(option: Option) -> tuple[int, int]:
    """(value, mask) of the kernel's tos = (tos & ~mask) ^ value."""
    if option.name == "set-dscp":
        return number(option.value) << 2, 0xFC
    if option.name == "set-dscp-class":
        return _DSCP_CLASSES[option.value.upper()] << 2, 0xFC
    if option.name == "set-tos":
        return tos_pair(option.value)
    if option.name == "ecn-ip-ect":
        return number(option.value), 0x03
    bits = number(option.value)
    return {"and-tos": (0, ~bits & 0xFF), "or-tos": (bits, bits), "xor-tos": (bits, 0)}[option.name]


def _set_tos(options: Sequence[Option], scope: Scope) -> Apply:
    value, mask = tos_change(options[0])
    words = spoken(options[0]).removeprefix("--")

    def apply(packet: Packet) -> Effect:
        new = through(packet.tos, lambda old: (old & ~mask & 0xFF) ^ value)
        return Effect(packet.but(tos=new), None, words)

    return apply


def _set_mss(options: Sequence[Option], scope: Scope) -> Apply:
    """TCPMSS only ever lowers the MSS, and adds one where there is none (xt_TCPMSS.c)."""
    words = " ".join(["TCPMSS", *map(spoken, options)])
    clamp = options[0].name == "clamp-mss-to-pmtu"
    most = 0xFFFF if clamp else number(options[0].value)

    def apply(packet: Packet) -> Effect:
        old, added = packet.mss, _MSS_ADDED[packet.family]
        if isinstance(old, int) and old != NO_MSS:
            # How large a packet the route takes is not known.
            lower = Unknown(f"MSS after {words}", 17, possible=((0, old),))
            return Effect(packet.but(mss=lower if clamp else min(old, most)), None, words)
        if old == NO_MSS and packet.payload:
            return Effect(packet, None, words)
        least = 0 if clamp or old != NO_MSS else min(most, added)
        top, lacks = (min(most, added), packet.payload is None) if old == NO_MSS else (most, True)
        ranges = [(least, top), *([(NO_MSS, NO_MSS)] if lacks else [])]
        mss = Unknown(f"MSS after {words}", 17, possible=normal(ranges)) if lacks or least < top else top
        return Effect(packet.but(mss=mss, length=_longer(packet.length, words, lacks)), None, words)

    return apply


_MSS_ADDED = {4: 536, 6: 1220}
"""What TCPMSS writes at most into a packet that had no MSS and no data."""


def _longer(length: Number, words: str, perhaps: bool) -> Number:
    """The length of a packet that got an option of four bytes."""
    if isinstance(length, Unknown):
        return Unknown(f"packet length after {words}", 16)
    if not perhaps:
        return length + 4
    return Unknown(f"packet length after {words}", 16, possible=normal([(length, length), (length + 4, length + 4)]))


def _strip(options: Sequence[Option], scope: Scope) -> Apply:
    words = " ".join(["TCPOPTSTRIP", *map(spoken, options)])
    stripped = {part for option in options for part in option.value.split(",")} & {"mss", "2"}
    gone = {"mss": NO_MSS} if stripped else {}
    return lambda packet: Effect(packet.but(**gone), None, words)


def _set_ecn(options: Sequence[Option], scope: Scope) -> Apply:
    """ECN: the two lowest bits of the TOS; TCP's own flags are not in kptui's packet (ipt_ECN.c)."""
    ip = [option for option in options if option.name == "ecn-ip-ect"]
    if ip:
        return _set_tos(ip, scope)
    words = " ".join(["ECN", *map(spoken, options)])
    return lambda packet: Effect(packet, None, words)


def _hop_target(prefix: str, what: str) -> TargetExtension:
    names = f"{prefix}-set|{prefix}-inc|{prefix}-dec"
    options = declare(
        f"{prefix}-set: u8", f"{prefix}-inc: u8(1-)", f"{prefix}-dec: u8(1-)",
        needed=names, alone=names, tables="mangle",
    )  # fmt: skip
    return TargetExtension(
        options,
        _set_hops,
        each_said(
            {
                f"{prefix}-set": said(f"set the {what} to {{}}"),
                f"{prefix}-inc": said(f"raise the {what} by {{}}"),
                f"{prefix}-dec": said(f"lower the {what} by {{}}"),
            }
        ),
    )


def _no_ends(given: Sequence[Given]) -> str | None:
    """TCP options 0 and 1 are no options, but the end of the list and padding."""
    for option in given:
        for part in option.values[0].split(","):
            if part not in _TCP_OPTIONS and not is_number(part, 2, 255):
                return f"“{part}” is no TCP option: expected 2 to 255 or one of {', '.join(_TCP_OPTIONS)}"
    return None


def _say_strip(options: Sequence[Option]) -> str:
    given = named(options).get("strip-options")
    return f"strip the TCP options {listed(given.value.split(','), 'and')}" if given else "strip no TCP option"


_TCP_OPTIONS = ("wscale", "mss", "sack-permitted", "sack", "timestamp", "md5")
_TOS_NAMES = "set-tos|and-tos|or-tos|xor-tos"
TARGETS = {
    "TTL": _hop_target("ttl", "TTL"),
    "HL": _hop_target("hl", "hop limit"),
    "TOS": TargetExtension(
        declare(
            "set-tos: tos", "and-tos: u8", "or-tos: u8", "xor-tos: u8",
            needed=_TOS_NAMES, alone=_TOS_NAMES, tables="mangle",
        ),
        _set_tos,
        each_said(
            {
                "set-tos": said("set the TOS to {}", show=_tos_words),
                "and-tos": said("clear all of the TOS but {}"),
                "or-tos": said("set {} in the TOS"),
                "xor-tos": said("flip {} in the TOS"),
            }
        ),
    ),
    "DSCP": TargetExtension(
        declare(
            "set-dscp: u8(0-63)", f"set-dscp-class: ienum({'|'.join(_DSCP_CLASSES)})",
            needed="set-dscp|set-dscp-class", alone="set-dscp|set-dscp-class", tables="mangle",
        ),
        _set_tos,
        each_said(
            {
                "set-dscp": said("set the DSCP to {}", show=_dscp_words),
                "set-dscp-class": said("set the DSCP to class {}"),
            }
        ),
    ),
    "TCPMSS": TargetExtension(
        declare(
            "set-mss: u16", "clamp-mss-to-pmtu",
            needed="set-mss|clamp-mss-to-pmtu", alone="set-mss|clamp-mss-to-pmtu", protocols="tcp",
        ),
        _set_mss,
        each_said(
            {
                "set-mss": said("lower the MSS to {}, if it is higher"),
                "clamp-mss-to-pmtu": said("lower the MSS to what the path's MTU leaves, if it is higher"),
            }
        ),
    ),
    "TCPOPTSTRIP": TargetExtension(
        declare("strip-options: text(1-)", protocols="tcp", tables="mangle", check=_no_ends),
        _strip,
        _say_strip,
    ),
    "CHECKSUM": passing(
        "CHECKSUM", declare("checksum-fill", needed="checksum-fill", tables="mangle"), constant("fill in the checksum")
    ),
    "CLASSIFY": passing(
        "CLASSIFY",
        declare("set-class: class", needed="set-class", hooks="FORWARD OUTPUT POSTROUTING"),
        each_said({"set-class": said("set the traffic control class to {}")}),
    ),
    "ECN": TargetExtension(
        declare(
            "ecn-tcp-remove", "ecn-tcp-cwr: u8(0-1)", "ecn-tcp-ece: u8(0-1)", "ecn-ip-ect: u8(0-3)",
            needed="ecn-tcp-remove|ecn-tcp-cwr|ecn-tcp-ece|ecn-ip-ect",
            alone="ecn-tcp-remove|ecn-tcp-cwr ecn-tcp-remove|ecn-tcp-ece", protocols="tcp", tables="mangle",
        ),
        _set_ecn,
        each_said(
            {
                "ecn-tcp-remove": said("clear the ECN bits of its TCP header"),
                "ecn-tcp-cwr": said("set the TCP CWR bit to {}"),
                "ecn-tcp-ece": said("set the TCP ECE bit to {}"),
                "ecn-ip-ect": said("set the ECN field to {}", show=_ect_words),
            }
        ),
    ),
}  # fmt: skip
