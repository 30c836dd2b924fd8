"""Which packets a rule or a whole chain surely ends the walk of: what nothing behind it can see any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from kptui.netfilter.hooks import HOOKS
from kptui.netfilter.sets.boxes import EVERYTHING, Box, Field, meet, minus
from kptui.netfilter.sets.conditions import NEVER_SURE, Region, region
from kptui.records import dataclass
from kptui.syntax.ast import Rule, Table, Target

ENDING = frozenset({
    "ACCEPT", "DROP", "REJECT", "QUEUE", "NFQUEUE", "DNAT", "SNAT", "MASQUERADE", "REDIRECT", "NETMAP", "TPROXY",
})  # fmt: skip
"""Targets after which no rule of the base chain sees the packet."""
_CHANGING = {
    "MARK": {"mark"}, "CONNMARK": {"mark", "ctmark"}, "HMARK": {"mark"}, "CT": {"state"}, "NOTRACK": {"state"},
    "TOS": {"tos"}, "DSCP": {"tos"}, "ECN": {"tos"}, "TTL": {"ttl"}, "HL": {"ttl"}, "SET": {"set"},
    "TCPMSS": {"tcpmss", "length"}, "TCPOPTSTRIP": {"tcpmss"},
}  # fmt: skip
"""Targets that change what a later rule may ask for, and pass the packet on."""
_PASSING = frozenset({
    "LOG", "NFLOG", "ULOG", "TRACE", "AUDIT", "CHECKSUM", "CLASSIFY", "IDLETIMER", "LED", "RATEEST", "SECMARK",
    "CONNSECMARK", "TEE", "RETURN", *ENDING,
})  # fmt: skip
_UNCHANGED: frozenset[str] = frozenset()
CHANGEABLE = frozenset().union(*_CHANGING.values())
_MATCH_FIELDS = {"dscp": "tos", "ecn": "tos", "hl": "ttl"}
_MOST_BOXES = 64
_MOST_PIECES = 16


@dataclass(frozen=True, slots=True)
class Taken:
    """Packets that a rule ends the walk of, itself or by a jump; `target` is what they end with."""

    box: Box
    target: Target


def changeable(field: Field) -> str | None:
    """Under which name a field may be changed by a target, None if no target changes it."""
    name = str(field[0]) if isinstance(field, tuple) else str(field)
    name = _MATCH_FIELDS.get(name, name)
    return name if name in CHANGEABLE else None


def untouched(box: Box, changed: frozenset[str]) -> bool:
    """Whether none of the fields that a box looks at is among those changed meanwhile."""
    return not changed or not any(changeable(field) in changed for field in box)


class Taking:
    """The packets that the chains of one table surely end, found when first asked for."""

    def __init__(self, table: Table, rules_of: Callable[[str], Sequence[Rule]] | None = None) -> None:
        """Nothing is looked at yet; `rules_of` gives the rules of a chain to who has them at hand."""
        self.table = table
        self.family = table.family
        self._rules_of = rules_of or (lambda name: table.chains[name].rules)
        self._bases = frozenset(name for name in HOOKS if name in table.chains and table.chains[name].builtin)
        self._taken: dict[str, tuple[Taken, ...]] = {}
        self._changed: dict[str, frozenset[str]] = {}
        self._nothing: set[str] = set()
        self._open: set[str] = set()

    def learn(self, name: str, rules: Sequence[Rule]) -> bool:
        """Find what a chain takes and changes, its rules being at hand; False if it leads to one not learnt yet."""
        changed = _UNCHANGED
        known, chains = self._changed, self.table.chains
        for rule in rules:
            if rule.target is not None:
                found = known.get(rule.target.name)
                if found is None:
                    if rule.target.name in chains:
                        return False
                    found = self._changed_by(rule.target.name)
                if found:
                    changed |= found
        known[name] = changed
        # Most endpoints' chains are only led to by chance.
        if len(rules) > 2 and self.table.line:
            self._taken[name] = tuple(self._ended(rules))
        return True

    def learn_like(self, name: str, other: str) -> None:
        """The same, of a chain whose rules differ from those of a learnt one in nothing that was looked at."""
        self._changed[name] = self._changed[other]

    def takes_nothing(self, rule: Rule) -> bool:
        """Whether it is known already that nothing is kept from the rules behind one, whatever it matches."""
        return rule.target is None or rule.target.name in self._nothing

    def by_rule(self, rule: Rule, known: Region | None = None) -> list[Taken]:
        """What a rule surely keeps from the rules behind it in its own chain."""
        target = rule.target
        if target is None or target.name in self._nothing:
            return []
        for match in rule.matches:
            if match.name in NEVER_SURE:
                return []
        ending = target.name in ENDING or target.name == "RETURN" or target.goto
        inner = () if ending else self.by_chain(target.name)
        if not ending and not inner:
            if target.name not in self._open:
                self._nothing.add(target.name)
            return []
        asked = known or region(rule, self.family)
        if asked.box is None or not asked.exact:
            return []
        return [Taken(asked.box, target)] if ending else _narrowed(inner, asked.box)

    def by_chain(self, name: str) -> tuple[Taken, ...]:
        """The packets that surely come to no rule behind a jump to that chain, as they are when they enter it."""
        found = self._taken.get(name)
        if found is None:
            # Of a few lines from a table it isn't known what else stands in the chain.
            if not self._led_to(name) or name in self._open or not self.table.line:
                return ()
            self._open.add(name)
            found = self._taken[name] = tuple(self._ended(self._rules_of(name)))
            self._open.discard(name)
        return found

    def _led_to(self, name: str) -> bool:
        """Whether a rule may lead to it: a chain, and no base chain."""
        return name in self.table.chains and name not in self._bases

    def changes(self, rule: Rule) -> frozenset[str]:
        """What trying a rule may change of what later rules ask for."""
        target = rule.target
        if target is None:
            return _UNCHANGED
        found = self._changed.get(target.name)
        return found if found is not None else self._changed_by(target.name)

    def _changed_by(self, target: str) -> frozenset[str]:
        if target in _PASSING:
            found = _UNCHANGED
        else:
            # What goes in a circle adds nothing to itself.
            self._changed[target] = _UNCHANGED
            found = (
                _UNCHANGED.union(*map(self.changes, self._rules_of(target)))
                if self._led_to(target)
                else frozenset(_CHANGING.get(target, CHANGEABLE))
            )
        self._changed[target] = found
        return found

    def _ended(self, rules: Sequence[Rule]) -> Iterator[Taken]:
        """What the rules of a chain end, less what a rule before may send back to the caller."""
        changed: frozenset[str] = frozenset()
        back: list[Box] = []
        count = 0
        for rule in rules:
            target = rule.target
            if target is not None and (target.name == "RETURN" or target.goto or rule.refused):
                box = region(rule, self.family).box
                if box is not None:
                    back.append(box)
            if target is None or target.name == "RETURN":
                continue
            taken = self._behind_goto(rule, target) if target.goto else self.by_rule(rule)
            for each in taken:
                for piece in self._less(each.box, back if not target.goto else back[:-1]):
                    if untouched(piece, changed) and (piece is each.box or not changed):
                        count += 1
                        yield Taken(piece, each.target)
            if count >= _MOST_BOXES or (EVERYTHING in back):
                return
            changed |= self.changes(rule)

    def _behind_goto(self, rule: Rule, target: Target) -> list[Taken]:
        """What the chain behind a goto ends; the rest of what the rule matches goes back to the caller."""
        asked = region(rule, self.family)
        if asked.box is None or not asked.exact:
            return []
        return _narrowed(self.by_chain(target.name), asked.box)

    def _less(self, box: Box, back: list[Box]) -> list[Box]:
        pieces = [box]
        for gone in back:
            pieces = [left for piece in pieces for left in minus(piece, gone, self.family)]
            if len(pieces) > _MOST_PIECES:
                return []
        return pieces


def _narrowed(inner: Iterable[Taken], box: Box) -> list[Taken]:
    """What is left of boxes where only the packets of one come."""
    both = ((each, meet(box, each.box)) for each in inner)
    return [Taken(left, each.target) for each, left in both if left is not None]
