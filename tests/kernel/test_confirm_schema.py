"""What `--confirm` adds to the JSON of a trace is as docs/schemas/trace.schema.json says, and all it says comes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from kptui.ask.request import Request
from kptui.confirm.confirm import Confirmer
from kptui.kernel.judge import Judge
from kptui.tracing import Session
from tests.docs.schemas import promised, shown, top, validator
from tests.kernel.test_confirm import FORWARD, KNOWN
from tests.kernel.unprivileged import unprivileged
from tests.support import NODE, Done, ruleset_of, sample, session_of

TRACE, KERNEL = top("trace"), top("trace").at("$defs", "kernel")
PODS = {"src": "10.42.0.7", "dst": "10.96.140.7", "dport": "80", "local": (NODE,)}
LINE = ("trace", sample("three-pods"), "10.42.0.7 -> 10.96.140.7:80", "--local", NODE, "--confirm", "--json")


@pytest.fixture(autouse=True)
def _kernel(judge: Judge) -> None:
    """Everything here needs one that can be asked."""


def told(session: Session, confirmer: Confirmer, tenths: tuple[int, ...] = (), **request: Any) -> dict[str, Any]:
    """What is told of a trace and of what the kernel says of it; the outcomes promise `tenths`, if there are any."""
    asked = Request(**request)
    trace = session.trace(asked)
    if tenths:
        promises = zip(trace.outcomes, tenths, strict=True)
        trace = replace(trace, outcomes=tuple(replace(one, probability=Fraction(part, 10)) for one, part in promises))
    with confirmer:
        return session.json(trace, confirmer.confirm(trace, session.asked(asked).host))


def answers() -> Iterator[dict[str, Any]]:
    """All that may come of it: it agrees, parts, does not fit, can't tell, can't be asked, can't be sent."""
    plain, pods = session_of(FORWARD.format(policy="ACCEPT")), Session.open(sample("three-pods"))
    yield told(plain, plain.confirmer(), **KNOWN)
    yield told(plain, Confirmer(ruleset_of(FORWARD.format(policy="DROP").replace("tcp", "udp"))), **KNOWN)
    yield told(plain, plain.confirmer(), **KNOWN, ctstate="ESTABLISHED")
    yield told(pods, pods.confirmer(), (8, 1, 1), **PODS)
    hopeless = plain.confirmer()
    hopeless._stage._hopeless = lambda: iter([(("filter", "FORWARD", 1), "no such module")])  # type: ignore[method-assign]
    yield told(plain, hopeless, **KNOWN)
    some = session_of("*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m length --length 0:10 -j DROP\nCOMMIT\n")
    yield told(some, some.confirmer(), **KNOWN)


def test_it_is_as_the_schema_says_and_all_that_it_says_comes(run: Callable[..., Done]) -> None:
    found = [json.loads(run(*LINE).out), *answers()]
    by_nobody = unprivileged("-m", "kptui", *LINE)
    found.append(json.loads(by_nobody.out))
    assert [error.message for each in found for error in validator(TRACE).iter_errors(each)] == []
    if "needs root" in (found[-1]["kernel"]["refused"] or ""):
        pytest.skip(found[-1]["kernel"]["refused"])
    elsewhere = set(promised(TRACE, {KERNEL}))
    seen = {place for each in found for place in shown(TRACE, each)}
    assert [each for each in promised(KERNEL) if each not in seen and each not in elsewhere] == []
