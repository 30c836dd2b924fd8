"""Endpoints' chains that are like others are judged once; what is found is what looking at each rule finds."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache

import pytest

from kptui.kubernetes.checks import problems, view
from kptui.kubernetes.checks.endpoint_chain import read_values
from kptui.syntax.ast import Ruleset
from tests.bench.dumps import dump
from tests.support import ruleset_of

COUNT = 120
"""Services, with so many endpoints that kube-proxy leaves comments out."""

Edit = Callable[[str], list[str]]
EDITS: list[Edit] = [
    lambda line: [],
    lambda line: [line, line],
    lambda line: [line.replace("10.", "0.0.0.0:", 1) if "DNAT" in line else line.replace("-s 10.", "-s 11.", 1)],
    lambda line: [line[: line.rindex(":")] + ":0" if "DNAT" in line else line],
    lambda line: [line.replace("KUBE-MARK-MASQ", "RETURN")],
    lambda line: [line.replace("KUBE-MARK-MASQ", "KUBE-GONE")],
    lambda line: [line.replace("DNAT --to-destination", "ACCEPT -m comment --comment")],
    lambda line: [line.replace("-p tcp -m tcp", "-p udp -m udp")],
    lambda line: [line.replace("-p tcp -m tcp", "-p tcp -m tcp --dport 80")],
    lambda line: [line.replace(" -s ", " ! -s ")],
    lambda line: [line, line.replace("KUBE-MARK-MASQ", "ACCEPT")],
    lambda line: [line + " --nonsense"],
]


@cache
def lines() -> tuple[str, ...]:
    return tuple(dump(COUNT).splitlines())


def edited(seed: int) -> Ruleset:
    drawn = random.Random(seed)
    found: list[str] = []
    for line in lines():
        endpoint = line.startswith("-A KUBE-SEP-") and drawn.random() < 0.02
        found += drawn.choice(EDITS)(line) if endpoint else [line]
    return ruleset_of("\n".join(found) + "\n")


@pytest.mark.parametrize("seed", range(12))
def test_what_is_found_is_what_a_look_at_each_rule_finds(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ruleset = edited(seed)
    found = problems(ruleset)
    monkeypatch.setattr(view, "alike", lambda rules, pick: None)
    assert found == problems(ruleset)
    assert len({each.id for each in found}) > 3


def test_most_endpoints_are_judged_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise all of the above would hold, and the checks be slow."""
    judged = []

    def spy(chain: str, *given: object) -> object:
        judged.append(chain)
        return read_values(chain, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(view, "read_values", spy)
    problems(ruleset_of("\n".join(lines()) + "\n"))
    assert len(judged) > 0.9 * sum(line.startswith(":KUBE-SEP-") for line in lines())
