"""The model behind text and graphs: nothing of any outcome's path is lost or made up, shares add up."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from kptui.ask.request import Request
from kptui.netfilter.path import Step
from kptui.netfilter.trace import Trace
from kptui.report.branches import Stretch, Told, branches, folded, worth_telling
from kptui.tracing import Session
from tests.support import NODE, SAMPLE_NAMES, sample, trace_of

PACKETS: list[dict[str, Any]] = [
    {},
    {"dport": "80"},
    {"local": (NODE,), "src": "10.42.0.7", "dst": "10.110.199.45", "dport": "80"},
    {"local": (NODE,), "dst": NODE},
    {"origin": "local", "proto": "udp", "dport": "53"},
]


Path = tuple[Told, ...]


def paths(stretch: Stretch, before: Path = (), after: Path = ()) -> Iterator[tuple[int, Path]]:
    """The number and the whole path of each outcome in a stretch."""
    before, after = before + stretch.steps, stretch.rest + after
    for way in stretch.ways:
        yield from paths(way.stretch, before, after)
    if not stretch.ways:
        for number in stretch.outcomes:
            yield number, (*before, *after)


def families(name: str, packet: dict[str, Any]) -> dict[str, Any]:
    return {} if "ipv6" in name and ("local" in packet or "dst" in packet) else packet


@pytest.mark.parametrize("misses", [False, True], ids=["matches", "all"])
@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_every_path_is_there_step_by_step_and_no_other(name: str, misses: bool) -> None:
    session = Session.open(sample(name))
    for packet in PACKETS:
        trace = session.trace(Request(**families(name, packet)), misses)
        found = dict(paths(branches(trace)))
        assert found.keys() == set(range(len(trace.outcomes)))
        for number, outcome in enumerate(trace.outcomes):
            steps = [step for told in found[number] for step in (*told.misses, told.step)]
            assert [_same(step) for step in steps] == [_same(step) for step in worth_telling(outcome.steps)]


def _same(step: Step) -> tuple[Any, ...]:
    return step.order, step.hook, step.table, step.chain, step.rule, step.effect, step.matched, step.why, step.maybe


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_shares_of_ways_that_part_by_chance_add_up(name: str) -> None:
    session = Session.open(sample(name))
    for packet in PACKETS:
        for stretch, share in _forks(branches(session.trace(Request(**families(name, packet)))), Fraction(1)):
            shares = [way.share for way in stretch.ways]
            if None not in shares and not any(way.assumptions for way in stretch.ways):
                assert sum(filter(None, shares)) == share


def _forks(stretch: Stretch, share: Fraction) -> Iterator[tuple[Stretch, Fraction]]:
    if stretch.ways:
        yield stretch, share
    for way in stretch.ways:
        if way.share is not None:
            yield from _forks(way.stretch, way.share)


def test_what_all_share_after_they_parted_comes_once() -> None:
    trace = trace_of(service(3), src="10.1.0.1", dst="10.96.0.1", dport="80", local=(NODE,))
    whole = branches(trace)
    assert [told.step.chain for told in whole.steps] == ["PREROUTING"]
    assert [way.share for way in whole.ways] == [Fraction(1, 3)] * 3
    assert [[told.step.chain for told in way.stretch.steps] for way in whole.ways] == [
        ["SVC", f"SEP{n}"] for n in range(3)
    ]
    assert [(told.step.hook, told.step.rule) for told in whole.rest] == [("FORWARD", 1)]


def test_outcomes_that_end_differently_share_no_end() -> None:
    trace = trace_of(
        "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 10.0.0.0/8 -j DROP\n-A INPUT -p tcp -j ACCEPT\nCOMMIT\n",
        dst=NODE,
        local=(NODE,),
    )
    whole = branches(trace)
    assert whole.rest == ()
    assert sorted(each.assumed for way in whole.ways for each in way.assumptions) == [False, True]


@pytest.mark.parametrize(("pods", "told"), [(4, 4), (5, 1), (100, 1)])
def test_many_ways_that_differ_in_their_target_only_stand_as_one(pods: int, told: int) -> None:
    trace = trace_of(service(pods), src="10.1.0.1", dst="10.96.0.1", dport="80", local=(NODE,))
    groups = list(folded(branches(trace).ways))
    assert len(groups) == told
    assert sum(count for _, count in groups) == pods


def test_a_way_with_another_share_or_shape_is_not_among_them() -> None:
    text = service(8).replace("-A SEP3 -p", "-A SEP3 -j MARK --set-mark 1\n-A SEP3 -p")
    groups = list(folded(branches(_of(text)).ways))
    assert sorted(count for _, count in groups) == [1, 7]


def _of(text: str) -> Trace:
    return trace_of(text, src="10.1.0.1", dst="10.96.0.1", dport="80", local=(NODE,))


def service(pods: int) -> str:
    """A dump with one Service, as kube-proxy writes it."""
    lines = ["*nat", ":PREROUTING ACCEPT [0:0]", ":SVC - [0:0]", *(f":SEP{n} - [0:0]" for n in range(pods))]
    lines.append("-A PREROUTING -d 10.96.0.1/32 -j SVC")
    for n in range(pods):
        chance = f"-m statistic --mode random --probability {1 / (pods - n):.11f} " if n < pods - 1 else ""
        lines.append(f"-A SVC {chance}-j SEP{n}")
        lines.append(f"-A SEP{n} -p tcp -j DNAT --to-destination 10.42.{n // 250}.{n % 250 + 1}:8080")
    lines += ["COMMIT", "*filter", ":FORWARD DROP [0:0]", "-A FORWARD -j ACCEPT", "COMMIT", ""]
    return "\n".join(lines)
