"""The address that NAT takes of a range; every value here is one that Linux 6.18 took."""

from __future__ import annotations

import pytest

from kptui.netfilter.address import parse, show
from kptui.netfilter.nat_choice import chosen
from tests.kernel.nat_chosen import CHOSEN
from tests.support import only, trace_of


@pytest.mark.parametrize(("ends", "src", "dst", "how", "taken"), CHOSEN)
def test_it_is_the_one_that_the_kernel_took(ends: str, src: str, dst: str, how: str, taken: str) -> None:
    family = 6 if ":" in src else 4
    low, high = (parse(end, family) for end in ends.split("-"))
    found = chosen(
        (low, high), parse(src, family), parse(dst, family), family, of_source="snat" in how,
        persistent="persistent" in how, zone=7 if "zone" in how else 0,
    )  # fmt: skip
    assert show(found, family) == taken


def test_a_trace_names_it_where_both_addresses_are_known() -> None:
    dump = "*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -j SNAT --to-source 10.9.1.3-10.77.3.200\nCOMMIT\n"
    known = only(trace_of(dump, src="192.168.50.2", dst="203.0.113.9", local=("192.168.50.1",)))
    assert isinstance(known.packet.src, int)
    assert known.packet.snat == show(known.packet.src, 4)
    unknown = only(trace_of(dump, dst="203.0.113.9", local=("192.168.50.1",)))
    assert unknown.packet.snat == "10.9.1.3-10.77.3.200"
    assert not isinstance(unknown.packet.src, int)
    assert unknown.packet.src.possible == ((parse("10.9.1.3", 4), parse("10.77.3.200", 4)),)
