"""Addresses as numbers: just those texts that inet_pton(3) takes."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kptui.netfilter.address import parse, show

PARTS = st.one_of(
    st.integers(0, 300).map(str), st.sampled_from(["", "0", "00", "01", "+1", "-1", " 1", "1 ", "1e1", "٣", "a"])
)


@given(st.lists(PARTS, min_size=1, max_size=6).map(".".join))
def test_ipv4_addresses_are_those_of_the_library(text: str) -> None:
    try:
        expected = int.from_bytes(socket.inet_pton(socket.AF_INET, text), "big")
    except (OSError, ValueError):
        with pytest.raises(ValueError, match="is no IPv4 address"):
            parse(text, 4)
    else:
        assert parse(text, 4) == expected


@given(st.integers(0, 2**32 - 1))
def test_ipv4_addresses_are_shown_as_the_library_shows_them(number: int) -> None:
    assert show(number, 4) == socket.inet_ntop(socket.AF_INET, number.to_bytes(4, "big"))
    assert parse(show(number, 4), 4) == number


@given(st.integers(0, 2**128 - 1))
def test_ipv6_addresses_come_back_as_they_were(number: int) -> None:
    assert parse(show(number, 6), 6) == number


@pytest.mark.parametrize("text", ["", "::g", "1::2::3", "10.0.0.1", "fe80::1%eth0"])
def test_other_texts_are_no_ipv6_address(text: str) -> None:
    with pytest.raises(ValueError, match="is no IPv6 address"):
        parse(text, 6)
