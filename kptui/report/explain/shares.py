"""Which part of the packets each rule of a chain takes, where rules share them out at random; exact fractions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from kptui.kubernetes.balancing import exact_shares
from kptui.netfilter.fate import Fates
from kptui.records import dataclass
from kptui.syntax.ast import Chain, Option, Rule


@dataclass(frozen=True, slots=True)
class Group:
    """Neighbouring rules that share out the packets that all of them would match; a part is None where it's unknown."""

    first: int
    parts: tuple[Fraction | None, ...]

    @property
    def last(self) -> int:
        """The number of the last rule."""
        return self.first + len(self.parts) - 1

    @property
    def even(self) -> bool:
        """Whether every rule has the same part, and nothing is left over."""
        return set(self.parts) == {Fraction(1, len(self.parts))}

    @property
    def rest(self) -> Fraction | None:
        """The part that none of the rules takes."""
        known = [part for part in self.parts if part is not None]
        return 1 - sum(known, Fraction(0)) if len(known) == len(self.parts) else None

    def part(self, number: int) -> Fraction | None:
        """The part of the rule of that number."""
        return self.parts[number - self.first]


def groups(chain: Chain, fates: Fates) -> list[Group]:
    """The groups of a chain in which a random choice decides between two rules or more."""
    found = []
    for rules in _runs(chain.rules, fates):
        written = tuple(_probability(rule) for rule in rules)
        if any(text is not None for text in written):
            found.append(Group(rules[0].number, exact_shares(written)))
    return found


def group_of(chain: Chain, number: int, fates: Fates) -> Group | None:
    """The group that a rule belongs to, None if it takes part in none."""
    return next((group for group in groups(chain, fates) if group.first <= number <= group.last), None)


def _runs(rules: Iterable[Rule], fates: Fates) -> Iterator[list[Rule]]:
    """Neighbours that ask for the same but for chance, and that keep what they match; none after one without chance."""
    run: list[Rule] = []
    asked: object = None
    for rule in rules:
        takes = rule.error is None and fates.of_rule(rule) != "returns"
        asks = _asked(rule) if takes else None
        if run and (asks is None or asks != asked):
            yield run
            run = []
        if asks is not None:
            run, asked = [*run, rule], asks
            if _probability(rule) is None:
                yield run
                run = []
    if run:
        yield run


def _asked(rule: Rule) -> object:
    """What a rule asks for besides chance."""
    matches = (match for match in rule.matches if match.name not in ("comment", "statistic"))
    return rule.generic, tuple(matches)


def _probability(rule: Rule) -> str | None:
    """The --probability of a rule, None without; “?” where it can't be told (every n-th, negated, two of them)."""
    chances = [match.options for match in rule.matches if match.name == "statistic"]
    if not chances:
        return None
    return _plain(chances[0]) if len(chances) == 1 else "?"


def _plain(options: Sequence[Option]) -> str:
    found = [option.value for option in options if option.name == "probability" and not option.negated]
    return found[0] if len(found) == 1 else "?"
