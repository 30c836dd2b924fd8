"""The flat index behind the tree."""

from __future__ import annotations

from kptui.loading import parse
from kptui.sources import SourceText
from kptui.syntax.ast import Ruleset
from kptui.tui.naming import counted, shortened
from kptui.tui.tree_model import Place, TreeModel


def _ruleset(chains: int = 3, rules: int = 4) -> Ruleset:
    lines = ["*filter", ":INPUT ACCEPT [0:0]", *(f":C{n} - [0:0]" for n in range(chains))]
    lines += [f"-A C{n} -p tcp -m tcp --dport {port} -j ACCEPT" for n in range(chains) for port in range(1, rules + 1)]
    return parse(SourceText("x", "\n".join([*lines, "COMMIT", ""])))


def test_rows_and_places_are_each_others_inverse_whatever_is_open() -> None:
    model = TreeModel(_ruleset())
    for opened in ((), ("C0",), ("C1", "C2"), ("C0", "C1", "C2", "INPUT")):
        for chain in opened:
            model.toggle(Place("filter", chain), open_it=True)
        places = [model.at(row) for row in range(len(model))]
        assert len(set(places)) == len(places)
        assert [model.row(place) for place in places] == list(range(len(model)))


def test_what_is_folded_away_has_no_row_and_revealing_unfolds_it() -> None:
    model = TreeModel(_ruleset())
    place = Place("filter", "C1", 3)
    assert model.row(place) is None
    row = model.reveal(place)
    assert row is not None
    assert model.at(row) == place
    model.toggle(Place("filter"), open_it=False)
    assert len(model) == 1
    assert model.row(place) is None


def test_folding_a_table_hides_its_chains_and_remembers_their_folds() -> None:
    model = TreeModel(_ruleset())
    model.toggle(Place("filter", "C0"))
    before = len(model)
    model.toggle(Place("filter"))
    model.toggle(Place("filter"))
    assert len(model) == before == 1 + 4 + 4


def test_names_are_cut_in_the_middle_and_never_longer_than_asked() -> None:
    name = "KUBE-SVC-OVTWZ4GROBJZO4C5"
    assert shortened(name, 40) == name
    for width in range(3, 25):
        assert len(shortened(name, width)) == width
    assert shortened(name, 20) == "KUBE-SVC-OVTWZ4…O4C5"


def test_counters_are_short() -> None:
    assert [counted(n) for n in (None, 0, 4812, 15_000, 3_200_000_000)] == ["", "0", "4812", "15k", "3200M"]
    rounded = {10_499: "10k", 10_500: "11k", 30_999: "31k", 9_999_499: "9999k", 9_999_500: "10M", 2**64 - 1: "18E"}
    assert {number: counted(number) for number in rounded} == rounded
    assert max(len(counted(10**power + 10**power // 2)) for power in range(20)) <= 5
