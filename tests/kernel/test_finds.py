"""The finds, twice: what the tracer says, which needs no root, and that the kernel does one of these things."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kptui.confirm.compare import disagreement
from kptui.kernel.judge import Judge
from kptui.loading import parse
from kptui.netfilter.trace import Trace, Tracer
from kptui.sources import SourceText
from kptui.syntax.ast import Backend, Ruleset
from tests.kernel.compare import host_of, length_of, packet_of, told, told_trace
from tests.kernel.finds import FINDS as FIRST
from tests.kernel.finds import Find
from tests.kernel.finds_extensions import EXTENSIONS
from tests.support import rules_met

FINDS = FIRST | EXTENSIONS


def _ruleset(find: Find) -> Ruleset:
    return parse(SourceText("find", find.dump))


def _trace(find: Find, backend: Backend) -> Trace:
    family = find.place.family
    tracer = Tracer(_ruleset(find), host_of(find.place, dict(find.told)), backend)
    return tracer.trace(*packet_of(find.probe, family, length_of(find.probe, family)))


@pytest.mark.parametrize("name", FINDS)
def test_the_tracer_knows(name: str) -> None:
    find = FINDS[name]
    trace = _trace(find, "nft")
    assert tuple(sorted(outcome.end for outcome in trace.outcomes)) == find.ends, told_trace(trace)
    if find.met is not None:
        assert {tuple(rules_met(outcome)) for outcome in trace.outcomes} == {find.met}


@pytest.mark.parametrize("backend", ["nft", "legacy"])
@pytest.mark.parametrize("name", FINDS)
def test_the_kernel_does_it(judge: Judge, name: str, backend: Backend) -> None:
    find = FINDS[name]
    judge.load(replace(find.place, settings=find.settings), _ruleset(find), backend)
    seen, trace = judge.send(find.probe), _trace(find, backend)
    why = disagreement(trace, seen)
    assert why is None, f"{why}\nkernel:\n{told(seen)}\nkptui:\n{told_trace(trace)}"
