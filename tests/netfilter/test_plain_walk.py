"""The walk that passes over rules that can't match, and the plain one over every rule, which --all takes, agree."""

from __future__ import annotations

import pytest

from kptui.loading import parse
from kptui.netfilter.trace import Outcome, Tracer
from kptui.sources import SourceText
from kptui.syntax.ast import Family
from tests.kernel.compare import host_of, length_of, packet_of, told_of_the_place
from tests.kernel.pools import PLACES
from tests.kernel.probes import random_probes
from tests.kernel.rulesets import random_dump
from tests.support import only, rules_met, trace_of


@pytest.mark.parametrize("seed", range(100, 140))
def test_both_walks_tell_the_same(seed: int) -> None:
    family: Family = 4 if seed % 2 == 0 else 6
    tracer = Tracer(
        parse(SourceText("random", random_dump(seed, family))), host_of(PLACES[family], told_of_the_place())
    )
    for probe in random_probes(seed, family, 10):
        packet, origin = packet_of(probe, family, length_of(probe, family))
        quick, plain = (tracer.trace(packet, origin, misses) for misses in (False, True))
        assert sorted(map(_told, quick.outcomes), key=str) == sorted(map(_told, plain.outcomes), key=str)


def test_a_destination_that_a_rule_changed_is_looked_at_as_it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kptui.netfilter.walk.LONG", 1)
    dump = """\
    *mangle
    :PREROUTING ACCEPT [0:0]
    -A PREROUTING -j DNPT --src-pfx 2001:db8:50::/64 --dst-pfx fd00:42::/64
    -A PREROUTING -d 2001:db8:50::/64 -j DROP
    -A PREROUTING -d fd00:42::/64 -j ACCEPT
    COMMIT
    """
    end = only(trace_of(dump, src="2001:db8:1::1", dst="2001:db8:50::7", local=("2001:db8:9::1",)))
    assert rules_met(end) == ["mangle PREROUTING 1", "mangle PREROUTING 3"]


def _told(outcome: Outcome) -> tuple[object, ...]:
    steps = [(s.hook, s.table, s.chain, s.rule, s.effect, s.maybe) for s in outcome.steps if s.matched]
    return outcome.verdict, outcome.end, outcome.probability, outcome.assumptions, outcome.packet, steps
