"""Declarations of extensions' options as short lines of text."""

from __future__ import annotations

from kptui.netfilter.extensions.values import kind
from kptui.patterns import pattern
from kptui.syntax.vocabulary import Check, Declared, OptionSyntax

_LINE = pattern(r"(?P<no>! )?(?P<names>[a-z0-9|-]+)(?P<many>\*)?(?P<optional>\?)?(?:: (?P<kinds>.+))?\Z")


def declare(
    *options: str,
    needed: str = "",
    alone: str = "",
    also: str = "",
    protocols: str = "",
    tables: str = "",
    hooks: str = "",
    check: Check | None = None,
) -> Declared:
    """Read a declaration.

    An option is `[! ]NAME[|NAME][*][?][: KIND …]`: `!` where it may be negated, other spellings after `|` (the first
    is the one that iptables-save writes), `*` where it may be repeated, `?` where its value may be missing, and
    a kind for each value (see values.py). In `needed` and `alone` sets are parted by blanks, names in one by `|`;
    `also` is `NAME=NAME`: the first option requires the second.
    """
    found: dict[str, OptionSyntax] = {}
    for line in options:
        read = _LINE.match(line)
        if read is None:
            raise ValueError(f"no declaration of an option: {line!r}")
        names = read["names"].split("|")
        kinds = tuple(map(kind, (read["kinds"] or "").split()))
        option = OptionSyntax(names[0], kinds, bool(read["no"]), bool(read["optional"]), bool(read["many"]))
        found.update(dict.fromkeys(names, option))
    return Declared(
        found,
        _sets(needed),
        _sets(alone),
        dict(pair.split("=", 1) for pair in also.split()),
        frozenset(protocols.split()),
        frozenset(tables.split()),
        frozenset(hooks.split()),
        check,
    )


def _sets(text: str) -> list[frozenset[str]]:
    return [frozenset(names.split("|")) for names in text.split()]
