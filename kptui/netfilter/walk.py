"""One table's chains, walked as the kernel walks them: rule by rule, with the states kept together (ip_tables.c)."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from functools import cached_property

from kptui.errors import UsageError
from kptui.netfilter.candidates import LONG, Candidates
from kptui.netfilter.extensions.base import Effect, Scope
from kptui.netfilter.facts import Chance, Fact, Unknown, Unsure
from kptui.netfilter.host import Host
from kptui.netfilter.packet import Packet, changes
from kptui.netfilter.path import Change, Step
from kptui.netfilter.rules import Condition, Ready, ready
from kptui.netfilter.worlds import Flow, Way, Ways, split
from kptui.records import dataclass, field, replace
from kptui.syntax.ast import Backend, Chain, Rule, Table

MAX_WAYS = 20_000
"""How many ways are kept apart before a trace gives up, and says so."""

MAX_DEPTH = 200
"""How many chains may be inside one another; nf_tables allows 16."""


FIRST = "first packet"
"""What a journal is about that follows the packet which opened a connection."""

_LASTING = frozenset({"local", "addrtype", "order", "gap"})
"""What facts are about that hold for every packet."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A fact that had to be assumed, and where the question came up first."""

    fact: Fact
    line: int | None
    match: str
    why: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Terminal:
    """Packets that go no further: a verdict other than ACCEPT, and why."""

    verdict: str
    reason: str | None
    flow: Flow


@dataclass(slots=True)
class Journal:
    """What is kept while a trace runs: questions asked, packets ended, the next step's number."""

    host: Host
    misses: bool = False
    asked: dict[Fact, Asked] = field(default_factory=dict)
    ended: list[Terminal] = field(default_factory=list)
    count: int = 0
    tries: dict[tuple[str, str, int], int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    """Texts of the answers given beforehand that settled something."""

    about: str = ""
    """Which packet of the connection it is about, if not the one that was asked for."""

    def again(self, table: str, rule: Rule) -> int:
        """How often a rule was tried before in this trace."""
        key = (table, rule.chain, rule.number)
        before = self.tries.get(key, 0)
        self.tries[key] = before + 1
        return before

    def begin(self) -> None:
        """A packet starts anew, as if no other had been sent."""
        self.tries.clear()

    def own(self, answer: Unsure, packet: Packet) -> Unsure:
        """The answer for the packet the journal is about: what another packet was taken for says nothing of it.

        But addresses and whatever else the packets have in common are the same unknowns.
        """
        fact = answer.fact
        head = fact.subject[0] if isinstance(fact.subject, tuple) and fact.subject else fact.subject
        if not self.about or head in _LASTING or head in _labels(packet):
            return answer
        return replace(answer, fact=replace(fact, subject=(self.about, fact.subject)))

    def number(self) -> int:
        """A number for the next step; steps are told apart and ordered by it."""
        self.count += 1
        return self.count

    def trial(self) -> Journal:
        """A journal that goes on from here, of which nothing comes back into this one."""
        return replace(self, asked=dict(self.asked), ended=[], tries=dict(self.tries), used=set(self.used))

    def settled(self, match: str) -> bool | None:
        """The answer the user gave beforehand for a match of that text, None if there is none."""
        for text, yes in self.host.assume:
            if text in match:
                self.used.add(text)
                return yes
        return None

    def note(self, answer: Unsure, line: int | None, match: str) -> None:
        """Remember a question that had to be assumed one way and the other."""
        match = f"{self.about}: {match}" if self.about == FIRST else match
        self.asked.setdefault(answer.fact, Asked(answer.fact, line, match, answer.why, answer.holds))

    def lose(self, reason: str, flow: Flow) -> None:
        """Packets that are gone by no rule's doing."""
        self.ended.append(Terminal("LOST", reason, flow))


@dataclass(slots=True)
class _Call:
    """One run through a chain: where packets go that leave it early."""

    chain: Chain
    journal: Journal
    accepted: Flow
    stack: tuple[str, ...]
    back: Flow = field(default_factory=Flow)


class _UserChains(Container[str]):
    """The chains of a table that rules may lead to."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def __contains__(self, name: object) -> bool:
        found = self._table.chains.get(name) if isinstance(name, str) else None
        return found is not None and not found.builtin


class TableWalk:
    """The walk through the chains of one table at one hook."""

    def __init__(self, table: Table, hook: str, host: Host, backend: Backend | None = None) -> None:
        """Rules are made ready as they are first met; `backend` is told of steps where there are tables of both."""
        self.table = table
        self.backend = backend
        self.hook = hook
        self.host = host
        self.chains = _UserChains(table)
        self._ready: dict[str, list[Ready | None]] = {}
        self._candidates: dict[str, Candidates] = {}

    def run(self, flow: Flow, journal: Journal) -> Flow:
        """Send packets through the base chain; those that the table accepts come back, others end in the journal."""
        chain = self.table.chains[self.hook]
        accepted = Flow()
        through = self._chain(chain, flow, journal, accepted, ())
        if through:
            through = through.stepped(self._step(journal.number(), chain, None, f"policy {chain.policy}"))
            if chain.policy == "DROP":
                journal.ended.append(Terminal("DROP", f"policy of {self.table.name} {chain.name}", through))
            else:
                accepted.merge(through)
        return accepted

    @property
    def base(self) -> Chain:
        """The base chain."""
        return self.table.chains[self.hook]

    @cached_property
    def translates(self) -> bool:
        """Whether any rule of the table translates addresses."""
        names = {"DNAT", "SNAT", "MASQUERADE", "REDIRECT", "NETMAP"}
        # Names are no more than a hint where to look first: most rules are those of endpoints.
        chains = self.table.chains
        likely = [name for name in chains if "POSTROUTING" in name]
        rules = (rule for name in (*likely, *chains) for rule in chains[name].rules)
        return any(rule.target is not None and rule.target.name in names for rule in rules)

    def first_failing(self, chain: str, number: int, packet: Packet) -> str | None:
        """The first condition of a rule (numbered from 1) that surely fails for a packet, None if none does."""
        [rule] = self._rules(self.table.chains[chain], [number - 1])
        found = _ask(rule, packet, Journal(self.host))
        return found.text if isinstance(found, Condition) else None

    def _chain(self, chain: Chain, flow: Flow, journal: Journal, accepted: Flow, stack: tuple[str, ...]) -> Flow:
        """Walk one chain; what comes back left it by its end, a RETURN, or a goto's."""
        if chain.name in stack:
            way = " -> ".join([*stack, chain.name])
            raise UsageError(f"the chains of table {self.table.name} go in a circle, which the kernel refuses: {way}")
        if len(stack) >= MAX_DEPTH:
            raise UsageError(f"the chains of table {self.table.name} are more than {MAX_DEPTH} deep, at {chain.name}")
        call = _Call(chain, journal, accepted, (*stack, chain.name))
        for rule in self._rules(chain, self._places(chain, flow, journal)):
            if not flow:
                break
            matched, flow = self._try(rule, chain, flow, journal)
            if matched:
                flow.merge(self._act(rule, matched, call))
        if flow and not chain.builtin:
            flow = flow.stepped(self._step(journal.number(), chain, None, "return"))
        call.back.merge(flow)
        return call.back

    def _act(self, rule: Ready, matched: Flow, call: _Call) -> Flow:
        """Do what a rule that matched says; what it passes on to the next rule comes back."""
        if rule.kind == "target":
            return self._apply(rule, matched, call)
        assert rule.chain is not None
        matched = matched.stepped(self._step(call.journal.number(), call.chain, rule, f"{rule.kind} {rule.chain}"))
        returned = self._chain(self.table.chains[rule.chain], matched, call.journal, call.accepted, call.stack)
        if rule.kind == "jump":
            return returned
        # goto leaves no return point: what comes back from there is back at this chain's caller.
        call.back.merge(returned)
        return Flow()

    def _places(self, chain: Chain, flow: Flow, journal: Journal) -> Iterable[int]:
        """The rules to try: all, where the chain is short or misses are told.

        What packets ask of them stays as it is on the way: no rule that passes a packet on changes its destination, but
        for DNPT, which stands in IPv6's mangle only.
        """
        translated = self.table.name == "mangle" and self.host.family == 6
        if len(chain.rules) < LONG or journal.misses or translated:
            return range(len(chain.rules))
        found = self._candidates.get(chain.name)
        if found is None:
            found = self._candidates[chain.name] = Candidates(chain.rules, self.host.family)
        return found.of(packet for packet, _ in flow)

    def _rules(self, chain: Chain, places: Iterable[int]) -> Iterator[Ready]:
        prepared = self._ready.get(chain.name)
        if prepared is None:
            prepared = self._ready[chain.name] = [None] * len(chain.rules)
        for index in places:
            found = prepared[index]
            if found is None:
                rule = chain.rules[index]
                scope = Scope(self.host, self.table.name, self.hook, rule.line)
                found = prepared[index] = ready(rule, scope, self.chains)
            yield found

    def _try(self, rule: Ready, chain: Chain, flow: Flow, journal: Journal) -> tuple[Flow, Flow]:
        """(packets the rule matches, the others)."""
        matched, rest = Flow(), Flow()
        number = journal.number()
        again = journal.again(f"{self.backend} {self.table.name}", rule.rule)
        for packet, ways in flow:
            yes, failed = _tried(rule, packet, ways, journal, again)
            after = rule.tried(packet)
            if yes:
                matched.take(rule.met(after), yes)
            for condition, no in failed:
                rest.take(after, self._missed(number, chain, rule, no, condition) if journal.misses else no)
        if matched.size() + rest.size() > MAX_WAYS:
            raise UsageError(
                f"more than {MAX_WAYS:,} different ways through {self.table.name} {chain.name}: "
                "say more of the packet (--src, --dst, --dport, --in, --local)"
            )
        return matched, rest

    def _missed(self, number: int, chain: Chain, rule: Ready, ways: Ways, failed: Condition) -> Ways:
        return stepped(ways, self._step(number, chain, rule, "no match", matched=False, why=failed.text))

    def _apply(self, rule: Ready, flow: Flow, call: _Call) -> Flow:
        """Let a target act; what it passes on comes back."""
        assert rule.apply is not None
        onward = Flow()
        number = call.journal.number()
        for packet, ways in flow:
            effect = rule.apply(packet)
            if effect.unsure is not None and effect.otherwise is not None:
                unsure = call.journal.own(effect.unsure, packet)
                yes, no = part(ways, unsure, rule.rule.line, rule.rule.text, call.journal)
                self._effect(number, rule, packet, effect, yes, call, onward)
                self._effect(number, rule, packet, effect.otherwise, no, call, onward)
            else:
                self._effect(number, rule, packet, effect, ways, call, onward)
        return onward

    def _effect(
        self, number: int, rule: Ready, packet: Packet, effect: Effect, ways: Ways, call: _Call, onward: Flow
    ) -> None:
        if not ways:
            return
        step = self._step(number, call.chain, rule, effect.words, changed=changes(packet, effect.packet))
        ways = stepped(ways, step)
        if effect.verdict in (None, "ACCEPT", "RETURN"):
            to = {None: onward, "ACCEPT": call.accepted, "RETURN": call.back}[effect.verdict]
            to.take(effect.packet, ways)
        else:
            flow = Flow()
            flow.take(effect.packet, ways)
            call.journal.ended.append(Terminal(effect.verdict, effect.reason, flow))

    def _step(
        self,
        order: int,
        chain: Chain,
        rule: Ready | None,
        effect: str,
        matched: bool = True,
        why: str | None = None,
        changed: tuple[Change, ...] = (),
    ) -> Step:
        number, line, text = (
            (rule.rule.number, rule.rule.line, rule.rule.text) if rule else (None, chain.line, chain.text)
        )
        where = (self.hook, self.table.name, chain.name, number, line, text)
        return Step(order, *where, effect, matched, why, self.backend, self.table.label, changed=changed)


def _tried(
    rule: Ready, packet: Packet, ways: Ways, journal: Journal, again: int
) -> tuple[Ways, list[tuple[Condition, Ways]]]:
    """(Ways on which a rule matches, the others with the first condition that fails on them)."""
    answers = _ask(rule, packet, journal)
    if isinstance(answers, Condition):
        return {}, [(answers, ways)]
    if not answers:
        return ways, []
    if again or journal.about:
        answers = [(condition, _anew(answer, packet, journal, again)) for condition, answer in answers]
    yes, failed, assumed = split(ways, [answer for _, answer in answers])
    for condition, answer in (answers[index] for index in sorted(assumed)):
        if isinstance(answer, Unsure):
            journal.note(answer, rule.rule.line, condition.text)
    return yes, [(condition, no) for (condition, _), no in zip(answers, failed, strict=True) if no]


def _anew(answer: Unsure | Chance, packet: Packet, journal: Journal, again: int) -> Unsure | Chance:
    """The answer for this packet, and for another try of the same rule: a counter or a rate has moved on since."""
    if isinstance(answer, Chance):
        return answer
    answer = journal.own(answer, packet)
    if not again or not answer.fact.per_packet:
        return answer
    return replace(answer, fact=replace(answer.fact, subject=(answer.fact.subject, again)))


def _labels(packet: Packet) -> frozenset[str]:
    """The names of all that isn't known of a packet."""
    values = (packet.src, packet.dst, packet.sport, packet.dport, packet.in_, packet.out, packet.mark, packet.ctmark)
    return frozenset(value.label for value in values if isinstance(value, Unknown))


def part(ways: Ways, answer: Unsure, line: int | None, text: str, journal: Journal) -> tuple[Ways, Ways]:
    """Part ways by one question that is no match of a rule: (those for which it is so, the others)."""
    settled = journal.settled(text)
    if settled is not None:
        return (ways, {}) if settled else ({}, ways)
    yes, failed, assumed = split(ways, [answer])
    if assumed:
        journal.note(answer, line, text)
    return yes, failed[0]


def stepped(ways: Ways, step: Step) -> Ways:
    """The same ways, one step on."""
    return {facts: Way(way.share, way.path.then(step)) for facts, way in ways.items()}


def _ask(rule: Ready, packet: Packet, journal: Journal) -> Condition | list[tuple[Condition, Unsure | Chance]]:
    """The condition that surely fails, or those that aren't sure (none of them: the rule matches)."""
    unsure: list[tuple[Condition, Unsure | Chance]] = []
    for condition in rule.conditions:
        answer = condition.test(packet)
        if answer is False:
            return condition
        if answer is not True:
            unsure.append((condition, answer))
    left: list[tuple[Condition, Unsure | Chance]] = []
    for condition, answer in unsure:
        settled = journal.settled(condition.text) if isinstance(answer, Unsure) else None
        if settled is False:
            return condition
        if settled is None:
            left.append((condition, answer))
    return left
