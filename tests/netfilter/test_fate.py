"""What becomes of packets in a chain: whether they all, some or none come back."""

from __future__ import annotations

import pytest

from kptui.netfilter.fate import Fates
from tests.support import ruleset_of


@pytest.mark.parametrize(
    ("rules", "fate"),
    [
        ([], "returns"),
        (["-j MARK --set-mark 1"], "returns"),
        (["-j LOG", "-j DROP"], "ends"),
        (["-p tcp -j DROP"], "either"),
        (["-p tcp -j RETURN", "-j DROP"], "either"),
        (["-p tcp -j DROP", "-j RETURN", "-j DROP"], "either"),
        (["-j RETURN", "-j DROP"], "returns"),
        (["-j DROP", "-j RETURN"], "ends"),
        (["-j ENDS"], "ends"),
        (["-j BACK"], "returns"),
        (["-p tcp -j ENDS", "-j ENDS"], "ends"),
        (["-g BACK", "-j DROP"], "returns"),
        (["-p tcp -g BACK", "-j DROP"], "either"),
        (["-p tcp -j BACK", "-j DROP"], "ends"),
        (["-j NOBODY-KNOWS"], "either"),
        (["-m comment --comment always -j ACCEPT"], "ends"),
        (["-m nosuchmatch -j ACCEPT"], "either"),
        (["-j C"], "either"),
    ],
)
def test_fates(rules: list[str], fate: str) -> None:
    lines = "".join(f"-A C {rule}\n" for rule in rules)
    table = ruleset_of(
        f"*filter\n:C - [0:0]\n:ENDS - [0:0]\n:BACK - [0:0]\n{lines}-A ENDS -j DROP\n-A BACK -j LOG\nCOMMIT\n"
    ).tables[0]
    assert Fates(table).of_chain("C") == fate
