"""Random branches: exact fractions, as kube-proxy means them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kptui.ask.request import Request
from kptui.netfilter.trace import Trace
from kptui.tracing import Session
from tests.support import NODE, only, sample, shares, trace_of


def written(probability: float) -> str:
    """A probability as it goes through kube-proxy ("%0.10f"), the kernel (31 bits) and iptables-save (11 digits)."""
    return f"{round(float(f'{probability:.10f}') * (1 << 31)) / (1 << 31):.11f}"


def balanced(probabilities: list[str]) -> Trace:
    """The trace through a Service chain with these probabilities, the last endpoint taking the rest."""
    count = len(probabilities) + 1
    random = [f"-m statistic --mode random --probability {text} " for text in probabilities] + [""]
    lines = [f"-A SVC {match}-j SEP{n}" for n, match in enumerate(random, 1)]
    lines += [f"-A SEP{n} -p tcp -m tcp -j DNAT --to-destination 10.42.0.{n}:80" for n in range(1, count + 1)]
    chains = "".join(f":SEP{n} - [0:0]\n" for n in range(1, count + 1))
    dump = (
        "*nat\n:PREROUTING ACCEPT [0:0]\n:SVC - [0:0]\n"
        + chains
        + "-A PREROUTING -j SVC\n"
        + "\n".join(lines)
        + "\nCOMMIT\n"
    )
    return trace_of(dump, src="10.42.0.99", dst="10.96.0.1", dport="80", local=("192.168.50.10",))


@pytest.mark.parametrize("count", range(1, 21))
def test_n_endpoints_get_one_n_th_each(count: int) -> None:
    trace = balanced([written(1 / (count - i)) for i in range(count - 1)])
    assert shares(trace) == {f"10.42.0.{n}:80": Fraction(1, count) for n in range(1, count + 1)}


def test_the_texts_that_real_dumps_hold_are_meant_fractions() -> None:
    trace = balanced(
        ["0.10000000009", "0.11111111101", "0.12500000000", "0.14285714272", "0.16666666651", "0.20000000019",
         "0.25000000000", "0.33333333349", "0.50000000000"]
    )  # fmt: skip
    assert set(shares(trace).values()) == {Fraction(1, 10)}


def test_two_hundred_endpoints_get_exact_shares() -> None:
    trace = balanced([written(1 / (200 - i)) for i in range(199)])
    assert set(shares(trace).values()) == {Fraction(1, 200)}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=6))
def test_shares_of_any_probabilities_sum_to_one(thousandths: list[int]) -> None:
    found = shares(balanced([f"{number / 1000:.11f}" for number in thousandths]))
    assert sum(found.values()) == 1
    assert all(0 < share <= 1 for share in found.values())


@pytest.mark.parametrize(
    ("text", "ends"),
    [("0.00000000000", {"forwarded": 1}), ("1.00000000000", {"dropped": 1}),
     ("0.80000000028", {"dropped": Fraction(4, 5), "forwarded": Fraction(1, 5)})],
)  # fmt: skip
@pytest.mark.parametrize("negated", [False, True])
def test_a_probability_and_its_negation(text: str, ends: dict[str, Fraction], negated: bool) -> None:
    sign = "! " if negated else ""
    rule = f"-A FORWARD -m statistic --mode random {sign}--probability {text} -j DROP"
    trace = trace_of(
        f"*filter\n:FORWARD ACCEPT [0:0]\n{rule}\nCOMMIT\n", src="1.1.1.1", dst="2.2.2.2", local=("3.3.3.3",)
    )
    if negated:
        other = {"dropped": "forwarded", "forwarded": "dropped"}
        ends = {other[end]: share for end, share in ends.items()}
    assert {outcome.end: outcome.probability for outcome in trace.outcomes} == ends


def test_chance_alone_is_certain_and_yet_depends() -> None:
    rule = "-A FORWARD -m statistic --mode random --probability 0.5 -j DROP"
    trace = trace_of(
        f"*filter\n:FORWARD ACCEPT [0:0]\n{rule}\nCOMMIT\n", src="1.1.1.1", dst="2.2.2.2", local=("3.3.3.3",)
    )
    assert (trace.answer, trace.certain) == ("depends", True)


def test_branches_that_end_alike_are_one_outcome() -> None:
    dump = """\
    *filter
    :FORWARD ACCEPT [0:0]
    -A FORWARD -m statistic --mode random --probability 0.33333333349 -j ACCEPT
    -A FORWARD -m statistic --mode random --probability 0.5 -j LOG
    COMMIT
    """
    end = only(trace_of(dump, src="1.1.1.1", dst="2.2.2.2", local=("3.3.3.3",)))
    assert end.probability == 1
    assert [(step.rule, step.maybe) for step in end.steps] == [(1, True), (2, True), (None, True)]


def test_a_share_is_that_under_the_outcome_s_assumptions() -> None:
    dump = """\
    *filter
    :FORWARD ACCEPT [0:0]
    -A FORWARD -s 10.0.0.0/8 -m statistic --mode random --probability 0.25 -j DROP
    COMMIT
    """
    trace = trace_of(dump, dst="2.2.2.2", local=("3.3.3.3",))
    found = {(o.end, tuple(each.assumed for each in o.assumptions)): o.probability for o in trace.outcomes}
    assert found == {
        ("dropped", (True,)): Fraction(1, 4),
        ("forwarded", (True,)): Fraction(3, 4),
        ("forwarded", (False,)): 1,
    }


def test_session_affinity_is_called_so_and_a_new_client_s_shares_are_exact() -> None:
    request = Request(src="10.42.0.7", dst="10.96.12.34", dport="80", local=(NODE,))
    trace = Session.open(sample("session-affinity")).trace(request)
    whys = {each.why for outcome in trace.outcomes for each in outcome.assumptions}
    assert whys == {"session affinity: a dump does not say whether this client was sent here in the last 10800 s"}
    new = [outcome for outcome in trace.outcomes if not any(each.assumed for each in outcome.assumptions)]
    assert {outcome.packet.dnat: outcome.probability for outcome in new} == {
        "10.42.0.21:8080": Fraction(1, 2),
        "10.42.1.22:8080": Fraction(1, 2),
    }
