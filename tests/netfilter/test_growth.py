"""How the work grows: with rules and distinct packets, never with paths; counted in ways that rules are tried on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kptui.netfilter import facts, walk
from kptui.netfilter.cubes import Cube, without
from kptui.netfilter.trace import Trace
from tests.support import trace_of

_HERE: dict[str, Any] = {"dst": "10.0.0.1", "local": ("10.0.0.1",), "dport": "80", "in_": "eth0"}


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One number for each try of a rule on a packet: on how many ways that came there."""
    found: list[int] = []
    really = walk._tried

    def counting(rule: Any, packet: Any, ways: Any, *more: Any) -> Any:
        found.append(len(ways))
        return really(rule, packet, ways, *more)

    monkeypatch.setattr(walk, "_tried", counting)
    return found


def _steps(tried: list[int], run: Callable[[], Trace]) -> tuple[int, Trace]:
    """(Ways tried, the trace)."""
    tried.clear()
    trace = run()
    return sum(tried), trace


def _input(rules: list[str], policy: str = "ACCEPT") -> Trace:
    lines = "".join(f"-A INPUT {rule}\n" for rule in rules)
    return trace_of(f"*filter\n:INPUT {policy} [0:0]\n{lines}COMMIT\n", **_HERE)


@pytest.mark.parametrize(
    ("rule", "policy"),
    [
        ("-m recent --rcheck --name n{} --rsource -j LOG", "ACCEPT"),
        ("-m recent --rcheck --name n{} --rsource -j ACCEPT", "DROP"),
        ("-m set --match-set s{} src -j LOG", "ACCEPT"),
        ("-s 10.1.{}.0/24 -j LOG", "ACCEPT"),
        ("-s 10.1.{}.0/24 -j DROP", "ACCEPT"),
        ("-m limit --limit {}/min -j LOG", "ACCEPT"),
        ("-m mark --mark {}/0xff -j LOG", "ACCEPT"),
    ],
)
def test_unknown_matches_in_a_row_are_as_many_steps(tried: list[int], rule: str, policy: str) -> None:
    forty, trace = _steps(tried, lambda: _input([rule.format(n) for n in range(1, 41)], policy))
    eighty, _ = _steps(tried, lambda: _input([rule.format(n) for n in range(1, 81)], policy))
    assert forty <= 2 * 40
    assert eighty <= 2.1 * forty
    assert len(trace.outcomes) <= 41


def _service(endpoints: int) -> Trace:
    lines = []
    for n in range(endpoints):
        share = f"-m statistic --mode random --probability {1 / (endpoints - n):.11f} " if n < endpoints - 1 else ""
        lines.append(f"-A SVC {share}-j SEP{n}")
        lines.append(f"-A SEP{n} -s 10.{n >> 8}.{n & 255}.5/32 -j MARK --set-xmark 0x4000/0x4000")
        lines.append(f"-A SEP{n} -p tcp -m tcp -j DNAT --to-destination 10.{n >> 8}.{n & 255}.5:80")
    chains = "".join(f":SEP{n} - [0:0]\n" for n in range(endpoints))
    text = f"*nat\n:PREROUTING ACCEPT [0:0]\n:SVC - [0:0]\n{chains}-A PREROUTING -d 10.96.0.1/32 -j SVC\n"
    return trace_of(
        text + "\n".join(lines) + "\nCOMMIT\n", src="192.0.2.1", dst="10.96.0.1", dport="80", local=("192.0.2.9",)
    )


def test_a_service_of_a_thousand_endpoints_is_three_steps_an_endpoint(tried: list[int]) -> None:
    steps, trace = _steps(tried, lambda: _service(1000))
    assert steps <= 3 * 1000 + 10
    assert len(trace.outcomes) == 1000
    assert trace.certain


def test_bits_of_an_unknown_address_are_looked_at_in_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges and masks with holes about one address: what is left may come to very many sets."""
    largest = 0
    really = without

    def watched(cubes: list[Cube], taken: Cube) -> list[Cube]:
        nonlocal largest
        largest = max(largest, len(cubes))
        assert largest <= facts._MOST_CUBES
        return really(cubes, taken)

    monkeypatch.setattr(facts, "without", watched)
    rules = ["-m iprange --src-range 10.1.0.1-10.2.255.254 -j DROP", "-m iprange --src-range 1.2.3.5-9.8.7.6 -j DROP"]
    rules += [f"-s 0.0.{n}.1/0.0.255.129 -j ACCEPT" for n in range(1, 9)]
    rules += ["-m iprange --src-range 11.0.0.1-203.0.113.5 -j LOG", "-s 0.3.0.5/0.7.0.5 -j DROP"]
    assert _input(rules).outcomes
    assert largest > 32
