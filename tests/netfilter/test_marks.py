"""Which bits of the mark a rule sets and clears, and which rules ask for them."""

from __future__ import annotations

import pytest

from kptui.netfilter.marks import Marking, looks, marking
from tests.support import ruleset_of


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("MARK --set-xmark 0x4000/0x4000", Marking(0x4000, 0, 0x4000)),
        ("MARK --or-mark 0x4000", Marking(0x4000, 0, 0x4000)),
        ("MARK --set-mark 0x1/0xff", Marking(0x1, 0xFE, 0xFF)),
        ("MARK --set-xmark 0x0/0x4000", Marking(0, 0x4000, 0x4000)),
        # Flipped, so neither set nor cleared for certain.
        ("MARK --set-xmark 0x4000/0x0", Marking(0, 0, 0x4000)),
        ("ACCEPT", None),
        ("MARK --set-mark nonsense", None),
    ],
)
def test_marking(target: str, found: Marking | None) -> None:
    ruleset = ruleset_of(f"*mangle\n:C - [0:0]\n-A C -j {target}\nCOMMIT\n")
    _, _, rule = next(ruleset.rules())
    assert marking(rule) == found


def test_looks_are_found_in_every_table_and_only_where_they_are() -> None:
    ruleset = ruleset_of("""\
        *mangle
        :C - [0:0]
        -A C -m mark --mark 0x4000/0x4000 -j ACCEPT
        -A C -m comment --comment "not a --mark 0x1" -j ACCEPT
        -A C -m connmark --mark 0x4000 -j ACCEPT
        COMMIT
        *nat
        :D - [0:0]
        -A D -m mark ! --mark 0x4000/0x4000 -j RETURN
        -A D -m mark --mark 0x4000/0xffff -j RETURN
        COMMIT
        """)
    found = looks(ruleset)
    assert [(look.table.name, look.rule.number) for look in found] == [("mangle", 1), ("nat", 1), ("nat", 2)]
    assert [look.met(0x4000) for look in found] == [True, False, None]
