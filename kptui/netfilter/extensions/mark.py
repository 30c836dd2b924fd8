"""mark, connmark, MARK, CONNMARK: packet and connection marks (xt_mark.c, xt_connmark.c)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from kptui.netfilter.extensions.base import Apply, Effect, MatchExtension, Scope, TargetExtension, Test, independent
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.values import number
from kptui.netfilter.facts import Answer, Unknown, masked_out, under_mask
from kptui.netfilter.packet import Number, Packet
from kptui.records import replace
from kptui.syntax.ast import Option

FULL = 0xFFFFFFFF
Field = Literal["mark", "ctmark"]


def pair(text: str) -> tuple[int, int]:
    """VALUE or VALUE/MASK in any base; raises ValueError."""
    value, slash, mask = text.partition("/")
    return number(value) & FULL, number(mask) & FULL if slash else FULL


def _match(field: Field, words: str) -> MatchExtension:
    def test_of(option: Option, scope: Scope) -> Test:
        value, mask = pair(option.value)

        def test(packet: Packet) -> Answer:
            return under_mask(getattr(packet, field), mask, value, f"the {words}")

        return test

    return independent(
        declare("! mark: mark", needed="mark"), {"mark": (test_of, lambda option: f"{words} {_said(option)}")}
    )


def _connected(inner: MatchExtension) -> MatchExtension:
    """A match that fails without a connection, negated or not (connmark_mt)."""

    def compile_all(given: Sequence[Option], scope: Scope) -> list[Test]:
        return [lambda packet: packet.connected, *inner.compile(given, scope)]

    return MatchExtension(inner.options, compile_all, inner.say)


def _said(option: Option) -> str:
    """What a mark must be; of one that is compared in some of its bits, which of them are set."""
    no = option.negated
    value, mask = pair(option.value)
    if value & ~mask:
        return f"{'is not' if no else 'is'} {value:#x} in the bits {mask:#x}, which {'always' if no else 'never'} holds"
    if mask == FULL:
        return f"{'is not' if no else 'is'} {value:#x}"
    if value == 0:
        return f"has {'any' if no else 'none'} of the bits {mask:#x} set"
    if value == mask:
        single = value & (value - 1) == 0
        which = f"the bit {value:#x}" if single else f"all of the bits {value:#x}"
        return f"{'does not have' if no else 'has'} {which} set"
    return f"{'is not' if no else 'is'} {value:#x} in the bits {mask:#x}"


def operation(options: Sequence[Option]) -> tuple[int, int]:
    """(value, mask) of the kernel's mark = (mark & ~mask) ^ value for a setting option; raises ValueError."""
    for option in options:
        if option.name in ("set-xmark", "set-mark"):
            value, mask = pair(option.value)
            # --set-mark ORs the value in where the mask leaves bits out of it.
            return (value, mask) if option.name == "set-xmark" else (value, mask | value)
        if option.name == "or-mark":
            return number(option.value), number(option.value)
        if option.name == "xor-mark":
            return number(option.value), 0
        if option.name == "and-mark":
            return 0, ~number(option.value) & FULL
    raise ValueError("no mark is given")


def _shown(mark: Number) -> str:
    return f"{mark:#x}" if isinstance(mark, int) else "unknown"


def _set(field: Field, words: str, options: Sequence[Option]) -> Apply:
    value, mask = operation(options)

    def apply(packet: Packet) -> Effect:
        old: Number = getattr(packet, field)
        new = masked_out(old, mask, value)
        return Effect(packet.but(**{field: new}), None, f"{words} {_shown(old)} -> {_shown(new)}")

    return apply


def _mark(options: Sequence[Option], scope: Scope) -> Apply:
    return _set("mark", "mark", options)


def _connmark(options: Sequence[Option], scope: Scope) -> Apply:
    """Without a connection it does nothing (connmark_tg)."""
    inner = _of_connection(options)
    return lambda packet: inner(packet) if packet.connected else Effect(packet, None, "no connection to mark")


def _of_connection(options: Sequence[Option]) -> Apply:
    names = {option.name: option for option in options}
    shift = int(names["left-shift-mark"].value) if "left-shift-mark" in names else 0
    shift -= int(names["right-shift-mark"].value) if "right-shift-mark" in names else 0
    for name, source, to in (("save-mark", "mark", "ctmark"), ("restore-mark", "ctmark", "mark")):
        if name in names:
            return _copy(source, to, name, mark_masks(names), shift)
    inner = _set("ctmark", "connection mark", options)
    return _shifted_after(inner, shift) if shift else inner


def _shifted_after(inner: Apply, shift: int) -> Apply:
    """A setting option with a shift: what has been set is moved as a whole."""

    def apply(packet: Packet) -> Effect:
        new = shifted(inner(packet).packet.ctmark, shift)
        return Effect(packet.but(ctmark=new), None, f"connection mark {_shown(packet.ctmark)} -> {_shown(new)}")

    return apply


def shifted(mark: Number, shift: int) -> Number:
    """A mark moved to the left by so many bits, to the right if it is negative (xt_connmark.c, revision 2)."""
    if isinstance(mark, int):
        return (mark << shift) & FULL if shift >= 0 else mark >> -shift
    return Unknown(f"{_named(mark)} shifted by {shift}") if shift else mark


def _named(mark: Unknown) -> str:
    """A name for a mark of which rules have changed bits."""
    return mark.label if mark.keep is None else f"{mark.label}&{mark.keep:#x}^{mark.flip:#x}"


def mark_masks(names: dict[str, Option]) -> tuple[int, int]:
    """(nfmask, ctmask) of --save-mark and --restore-mark."""
    both = number(names["mask"].value) if "mask" in names else FULL
    nfmask = number(names["nfmask"].value) if "nfmask" in names else both
    ctmask = number(names["ctmask"].value) if "ctmask" in names else both
    return nfmask, ctmask


def _copy(source: str, to: str, name: str, masks: tuple[int, int], shift: int) -> Apply:
    """xt_connmark.c: save is ct = (ct & ~ctmask) ^ (nf & nfmask), restore the other way round."""
    nfmask, ctmask = masks
    taken, cleared = (nfmask, ctmask) if name == "save-mark" else (ctmask, nfmask)

    def apply(packet: Packet) -> Effect:
        given = shifted(masked_out(getattr(packet, source), ~taken & FULL, 0), shift)
        new = _xor(masked_out(getattr(packet, to), cleared, 0), given)
        return Effect(packet.but(**{to: new}), None, f"{'connection mark' if to == 'ctmark' else 'mark'} {_shown(new)}")

    return apply


def _xor(left: Number, right: Number) -> Number:
    """Both marks' bits, turned over where the other's are set."""
    if not isinstance(left, Unknown):
        left, right = right, left
    if not isinstance(left, Unknown):
        return left ^ right if isinstance(right, int) else right
    if not isinstance(right, Unknown):
        return masked_out(left, 0, right) if right else left
    mine, other = (FULL if mark.keep is None else mark.keep for mark in (left, right))
    if left.label != right.label:
        # Bits that neither brings along are known all the same.
        either, flip = mine | other, left.flip ^ right.flip
        return Unknown(f"{_named(left)} and {_named(right)}", keep=either, flip=flip & ~either)
    keep, flip = mine ^ other, left.flip ^ right.flip
    return replace(left, keep=keep, flip=flip) if keep else flip


def _say_set(what: str) -> Callable[[Sequence[Option]], str]:
    def say(options: Sequence[Option]) -> str:
        names = {option.name: option for option in options}
        if "save-mark" in names or "restore-mark" in names:
            return _say_copy(names)
        value, mask = operation(options)
        if mask == 0:
            return f"flip {value:#x} in the {what}"
        if mask == FULL:
            return f"set the {what} to {value:#x}"
        if value == 0:
            return f"clear {mask:#x} in the {what}"
        if value == mask:
            return f"set {value:#x} in the {what}"
        if value & ~mask:
            return f"clear {mask:#x} in the {what}, then flip {value:#x} in it"
        return f"set the bits {mask:#x} of the {what} to {value:#x}"

    return say


def _say_copy(names: dict[str, Option]) -> str:
    """--save-mark and --restore-mark, with their masks and shifts."""
    saves = "save-mark" in names
    nfmask, ctmask = mark_masks(names)
    taken, cleared = (nfmask, ctmask) if saves else (ctmask, nfmask)
    part = "" if taken == FULL else f"the bits {taken:#x} of "
    place = "" if cleared in (FULL, taken) else f", into the bits {cleared:#x}"
    shift = "".join(
        f", shifted {side} by {names[f'{side}-shift-mark'].value} bits"
        for side in ("left", "right")
        if f"{side}-shift-mark" in names
    )
    if saves:
        return f"save {part}the mark to the connection{place}{shift}"
    return f"restore {part}the mark from the connection{place}{shift}"


_SETTERS = ("set-xmark: mark", "set-mark: mark", "and-mark: u32", "or-mark: u32", "xor-mark: u32")
_ONE = "set-xmark|set-mark|and-mark|or-mark|xor-mark"
MATCHES = {"mark": _match("mark", "mark"), "connmark": _connected(_match("ctmark", "connection mark"))}
TARGETS = {
    "MARK": TargetExtension(declare(*_SETTERS, needed=_ONE, alone=_ONE), _mark, _say_set("mark")),
    "CONNMARK": TargetExtension(
        declare(
            *_SETTERS, "save-mark", "restore-mark", "mask: u32", "nfmask: u32", "ctmask: u32",
            "left-shift-mark: u8(0-32)", "right-shift-mark: u8(0-32)",
            needed=f"{_ONE}|save-mark|restore-mark",
            alone=f"{_ONE}|save-mark|restore-mark mask|nfmask mask|ctmask left-shift-mark|right-shift-mark",
        ),
        _connmark,
        _say_set("connection mark"),
    ),
}  # fmt: skip
