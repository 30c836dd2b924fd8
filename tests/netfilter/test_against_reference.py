"""The tracer against a walker that merges nothing: one world at a time, every branch on its own.

A world answers every question that a dump leaves open: where the source address is, what is in each recent list. In
one world the reference follows each random branch by itself, rule by rule; the tracer's outcomes whose assumptions
hold in that world must be the same ends with the same shares.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kptui.ask.request import Request
from kptui.netfilter.trace import Outcome, Trace
from tests.support import session_of

NETS = ("10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "192.0.2.0/24", "0.0.0.0/1")
# One source in each region that the networks above make, and in none of them.
SOURCES = ("10.1.2.3", "10.1.9.9", "10.9.9.9", "192.0.2.7", "9.9.9.9", "203.0.113.5")
LISTS = ("x", "y", "z")
CHAINS = ("A", "B", "C")
SHARES = {"0.50000000000": Fraction(1, 2), "0.33333333349": Fraction(1, 3), "0.20000000019": Fraction(1, 5)}
Key = tuple[str, int]


@dataclass(frozen=True)
class Cond:
    """A condition: src NET, recent LIST, random SHARE or mark 0xVALUE/0xVALUE, perhaps negated."""

    kind: str
    value: str
    negated: bool = False

    def text(self) -> str:
        sign = "! " if self.negated else ""
        if self.kind == "src":
            return f"{sign}-s {self.value}"
        if self.kind == "recent":
            return f"-m recent {sign}--rcheck --name {self.value} --rsource"
        if self.kind == "random":
            return f"-m statistic --mode random {sign}--probability {self.value}"
        return f"-m mark {sign}--mark {self.value}/{self.value}"


@dataclass(frozen=True)
class Line:
    """A rule: conditions, and LOG, ACCEPT, DROP, REJECT, RETURN, a mark as 0x…, `jump X` or `goto X`."""

    conds: tuple[Cond, ...]
    act: str

    def text(self, chain: str) -> str:
        kind, _, name = self.act.partition(" ")
        does = {"jump": f"-j {name}", "goto": f"-g {name}"}.get(kind, f"-j {kind}")
        if kind.startswith("0x"):
            does = f"-j MARK --set-xmark {kind}/{kind}"
        # -s before any -m, as iptables-save writes it.
        conds = sorted(self.conds, key=lambda cond: cond.kind != "src")
        return " ".join([f"-A {chain}", *(cond.text() for cond in conds), does])


@dataclass(frozen=True)
class World:
    """What the dump does not say."""

    source: str
    listed: frozenset[str]

    def inside(self, net: str) -> bool:
        address, _, length = net.partition("/")
        shift = 32 - int(length)
        return _number(self.source) >> shift == _number(address) >> shift

    def holds(self, match: str) -> bool:
        """Whether a match, as it is written, is true here."""
        words = match.replace("-m recent", "").split()
        negated = "!" in words
        value = words[-1] if "-s" in words else words[words.index("--name") + 1]
        return (self.inside(value) if "-s" in words else value in self.listed) != negated


WORLDS = [
    World(source, frozenset(listed))
    for source in SOURCES
    for count in range(len(LISTS) + 1)
    for listed in itertools.combinations(LISTS, count)
]
Rules = dict[str, list[Line]]


def _number(address: str) -> int:
    return int.from_bytes(bytes(map(int, address.split("."))), "big")


class Reference:
    """Every branch on its own: a path is walked to its end before the next is looked at."""

    def __init__(self, rules: Rules, policy: str, world: World) -> None:
        self.rules, self.policy, self.world = rules, policy, world
        self.total: dict[Key, Fraction] = {}

    def run(self) -> dict[Key, Fraction]:
        self._at("FORWARD", 0, (), 0, Fraction(1))
        return self.total

    def _end(self, verdict: str, mark: int, share: Fraction) -> None:
        self.total[verdict, mark] = self.total.get((verdict, mark), Fraction(0)) + share

    def _at(self, chain: str, index: int, back: tuple[tuple[str, int], ...], mark: int, share: Fraction) -> None:
        if share == 0:
            return
        if index == len(self.rules[chain]):
            self._back(back, mark, share)
            return
        line = self.rules[chain][index]
        hit = share
        for cond in line.conds:
            hit *= self._chance(cond, mark)
        self._at(chain, index + 1, back, mark, share - hit)
        if hit:
            self._act(line, chain, index, back, mark, hit)

    def _act(
        self, line: Line, chain: str, index: int, back: tuple[tuple[str, int], ...], mark: int, share: Fraction
    ) -> None:
        kind, _, name = line.act.partition(" ")
        if kind in ("ACCEPT", "DROP", "REJECT"):
            self._end(kind, mark, share)
        elif kind == "RETURN":
            self._back(back, mark, share)
        elif kind == "jump":
            self._at(name, 0, ((chain, index + 1), *back), mark, share)
        elif kind == "goto":
            self._at(name, 0, back, mark, share)
        else:
            self._at(chain, index + 1, back, mark | int(kind, 16) if kind != "LOG" else mark, share)

    def _back(self, back: tuple[tuple[str, int], ...], mark: int, share: Fraction) -> None:
        if back:
            (chain, index), *rest = back
            self._at(chain, index, tuple(rest), mark, share)
        else:
            self._end(self.policy, mark, share)

    def _chance(self, cond: Cond, mark: int) -> Fraction:
        if cond.kind == "random":
            share = SHARES[cond.value]
            return 1 - share if cond.negated else share
        if cond.kind == "mark":
            found = mark & int(cond.value, 16) == int(cond.value, 16)
        elif cond.kind == "src":
            found = self.world.inside(cond.value)
        else:
            found = cond.value in self.world.listed
        return Fraction(found != cond.negated)


def conditions(*, questions: bool = True) -> st.SearchStrategy[Cond]:
    kinds = [
        st.builds(Cond, st.just("random"), st.sampled_from(sorted(SHARES)), st.booleans()),
        st.builds(Cond, st.just("mark"), st.sampled_from(["0x1", "0x2"]), st.booleans()),
        st.builds(Cond, st.just("src"), st.sampled_from(NETS), st.booleans()),
    ]
    if questions:
        kinds.append(st.builds(Cond, st.just("recent"), st.sampled_from(LISTS), st.booleans()))
    return st.one_of(kinds)


def _once(cond: Cond) -> object:
    """iptables takes one -s only, and any number of matches."""
    return "src" if cond.kind == "src" else cond


@st.composite
def rulesets(draw: st.DrawFn, *, questions: bool = True) -> tuple[Rules, str]:
    """A base chain and three others, which lead to later ones only, and the policy."""
    rules: Rules = {}
    for index, chain in enumerate(("FORWARD", *CHAINS)):
        acts = ["LOG", "ACCEPT", "DROP", "REJECT", "RETURN", "0x1", "0x2"]
        acts += [f"{how} {later}" for later in CHAINS[index:] for how in ("jump", "goto")]
        conds = st.lists(conditions(questions=questions), max_size=2, unique_by=_once).map(tuple)
        line = st.builds(Line, conds, st.sampled_from(acts))
        rules[chain] = draw(st.lists(line, max_size=5))
    return rules, draw(st.sampled_from(["ACCEPT", "DROP"]))


def dump_of(rules: Rules, policy: str) -> str:
    declared = "".join(f":{name} - [0:0]\n" for name in CHAINS)
    lines = "".join(f"{line.text(chain)}\n" for chain, found in rules.items() for line in found)
    return f"*filter\n:FORWARD {policy} [0:0]\n{declared}{lines}COMMIT\n"


class Traced:
    """One dump, read once, and traces of a packet through it from known and unknown sources."""

    def __init__(self, rules: Rules, policy: str) -> None:
        self.session = session_of(dump_of(rules, policy))

    def trace(self, source: str = "") -> Trace:
        return self.session.trace(Request(src=source, dst="203.0.113.9", local=("198.51.100.1",), in_="eth0"))


def key(outcome: Outcome) -> Key:
    assert isinstance(outcome.packet.mark, int)
    return outcome.verdict, outcome.packet.mark


def in_world(trace: Trace, world: World) -> dict[Key, Fraction]:
    """Shares of the outcomes whose assumptions hold in a world."""
    found: dict[Key, Fraction] = {}
    for outcome in trace.outcomes:
        if all(world.holds(each.match) == each.assumed for each in outcome.assumptions):
            assert outcome.probability is not None
            found[key(outcome)] = found.get(key(outcome), Fraction(0)) + outcome.probability
    return found


@settings(max_examples=50, deadline=None)
@given(rulesets())
def test_in_every_world_the_ends_and_their_shares_are_those_of_the_reference(drawn: tuple[Rules, str]) -> None:
    rules, policy = drawn
    trace = Traced(rules, policy).trace()
    for world in WORLDS:
        found = in_world(trace, world)
        assert sum(found.values()) == 1
        assert found == Reference(rules, policy, world).run(), (dump_of(rules, policy), world)


@settings(max_examples=30, deadline=None)
@given(rulesets())
def test_a_step_that_is_not_maybe_is_taken_in_every_world_of_its_outcome(drawn: tuple[Rules, str]) -> None:
    """A rule that an outcome's path claims without `maybe` must be one whose conditions can hold in its worlds."""
    rules, policy = drawn
    trace = Traced(rules, policy).trace()
    for outcome in trace.outcomes:
        worlds = [w for w in WORLDS if all(w.holds(each.match) == each.assumed for each in outcome.assumptions)]
        for step in outcome.steps:
            if step.rule is None or step.maybe:
                continue
            asked = [c for c in rules[step.chain][step.rule - 1].conds if c.kind in ("src", "recent")]
            assert all(world.holds(cond.text()) for cond in asked for world in worlds), (dump_of(rules, policy), step)


@settings(max_examples=30, deadline=None)
@given(rulesets())
def test_what_a_known_source_does_is_among_what_an_unknown_one_may_do(drawn: tuple[Rules, str]) -> None:
    rules, policy = drawn
    dump = Traced(rules, policy)
    unknown = dump.trace()
    for source in SOURCES:
        known = dump.trace(source)
        assert not any(each.match.partition(" ")[0] == "-s" for o in known.outcomes for each in o.assumptions)
        for listed in ([], ["x"], ["y", "z"], list(LISTS)):
            world = World(source, frozenset(listed))
            assert in_world(known, world) == in_world(unknown, world)


@settings(max_examples=25, deadline=None)
@given(rulesets(questions=False))
def test_a_trace_says_certain_only_where_no_source_changes_anything(drawn: tuple[Rules, str]) -> None:
    rules, policy = drawn
    dump = Traced(rules, policy)
    if dump.trace().certain:
        results = [in_world(dump.trace(source), World(source, frozenset())) for source in SOURCES]
        assert all(result == results[0] for result in results)


def test_the_reference_itself_knows_goto_from_jump() -> None:
    rules: Rules = {
        "FORWARD": [Line((), "jump A"), Line((), "DROP")],
        "A": [Line((), "goto B"), Line((), "REJECT")],
        "B": [Line((Cond("random", "0.50000000000"),), "ACCEPT")],
        "C": [],
    }
    half = Fraction(1, 2)
    assert Reference(rules, "ACCEPT", WORLDS[0]).run() == {("ACCEPT", 0): half, ("DROP", 0): half}
    with pytest.raises(KeyError):
        Reference({"FORWARD": [Line((), "jump A")]}, "ACCEPT", WORLDS[0]).run()
