"""The bulk of a dump, taken many lines a match."""

from __future__ import annotations

import pytest

from kptui.syntax.bulk import RULES, declared


@pytest.mark.parametrize("counters", ["00", "05", "50", "55", "005", "050", "500"])
def test_declarations_are_taken_whichever_of_them_packets_were_counted_for(counters: str) -> None:
    names = [f"KUBE-SVC-{index}" for index in range(len(counters))]
    text = "*nat\n" + "".join(f":{name} - [{c}:{c}]\n" for name, c in zip(names, counters, strict=True)) + "COMMIT\n"
    assert declared(text, 5) == (names, text.index("COMMIT"))


def test_declarations_end_at_a_base_chain() -> None:
    text = ":KUBE-SEP-A - [0:0]\n:INPUT ACCEPT [0:0]\n:KUBE-SEP-B - [0:0]\n"
    assert declared(text, 0) == (["KUBE-SEP-A"], 20)
    assert declared(text, 20) == ([], 20)


@pytest.mark.parametrize("lead", ["", "[12:720] "])
@pytest.mark.parametrize("count", range(1, 7))
def test_the_last_group_tells_how_many_rules_follow_one_another(lead: str, count: int) -> None:
    text = f"{lead}-A KUBE-SEP-A -j X\n" * count + f"{lead}-A KUBE-SEP-AB -j X\n"
    found = RULES[text[0]].match(text)
    assert found is not None
    assert found[1] == "KUBE-SEP-A"
    assert found.end() == text.index(f"{lead}-A KUBE-SEP-AB")
    assert found.lastindex == min(count, 4)
