"""Loading a dump that may hold more than this machine knows: what is refused is left out, and said."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from kptui.kernel.dump import Key, cause
from kptui.kernel.judge import Judge
from kptui.kernel.messages import KernelError, Place, RefusedError
from kptui.syntax.ast import Backend, Chain, Rule, Ruleset
from kptui.text import visible

_TRIES = 100
_SET = re.compile(r" --(?:match-set|add-set|del-set|map-set) ([^\s\"]{1,31}) ([a-z,]+)")
_EMPTY = {1: "hash:net", 2: "hash:ip,port", 3: "hash:ip,port,net"}
_SET_LINE = re.compile(r"^ipset refuses .*\bline (\d+)", re.DOTALL)
_SHOWN = 8


class Stage:
    """One judge, and what it has loaded; a place is loaded again only if it is another or its memory has to go."""

    def __init__(self, ruleset: Ruleset, ipsets: str) -> None:
        """`ipsets` is the text of `ipset save`; sets that rules ask for and it does not have are made, empty."""
        self._ruleset = ruleset
        self._given = ipsets
        self._judge: Judge | None = None
        self._loaded: tuple[Place, Backend] | None = None
        self._sets: dict[str, str] = {}
        self.without: dict[Key, str] = {}
        """The rules that could not be loaded, and why."""

    def close(self) -> None:
        """End the worker process."""
        if self._judge is not None:
            self._judge.close()
            self._judge = None

    @property
    def rootless(self) -> bool:
        """Whether everything runs in a user namespace."""
        return self._judge is not None and self._judge.rootless

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be rebuilt."""
        lines: defaultdict[str, list[Key]] = defaultdict(list)
        for key, why in self.without.items():
            lines[why].append(key)
        rules = [f"{_listed(keys)} left out: {visible(why)}" for why, keys in lines.items()]
        return (*self._sets.values(), *rules)

    def load(self, place: Place, backend: Backend, anew: bool = False) -> Judge:
        """The judge with the dump loaded in such a place; raises KernelError."""
        if self._judge is not None and self._loaded == (place, backend) and not anew:
            return self._judge
        if self._judge is None:
            self._judge = Judge()
            self.without |= dict(self._hopeless())
        self._loaded = None
        for _ in range(_TRIES):
            try:
                self._judge.load(self._equipped(place), self._ruleset, backend, self.without)
            except RefusedError as error:
                why = cause(str(error))
                self.without |= dict.fromkeys(error.rules, why)
            except KernelError as error:
                self._without_set(error, place)
            else:
                self._loaded = (place, backend)
                return self._judge
        raise KernelError(f"more than {_TRIES} rules can't be loaded on this machine")

    def _hopeless(self) -> Iterator[tuple[Key, str]]:
        """Rules that no iptables would take."""
        for table, chain, rule in self._ruleset.rules():
            why = _wrong(rule) or ("" if _leads(rule, self._ruleset, table.chains) else "there is no such chain")
            if why:
                yield (table.name, chain.name, rule.number), why

    def _equipped(self, place: Place) -> Place:
        """The place with its sets, and an empty one for every other that a rule asks for."""
        asked = {name: flags.count(",") + 1 for line in self._ruleset.lines for name, flags in _SET.findall(line)}
        if not asked:
            return place
        given = [line for line in self._given.split("\n") if line.strip()]
        made = {line.split()[1] for line in given if line.startswith("create ")} - self._sets.keys()
        kept = [line for line in given if line.split()[1:2] and line.split()[1] in made]
        inet = " family inet6" if place.family == 6 else ""
        for name in sorted(asked.keys() - made):
            self._sets.setdefault(name, f"the set {visible(name)} is not in --ipset; here it is empty")
            kept.append(f"create {name} {_EMPTY.get(asked[name], 'hash:net')}{inet}")
        return Place(**{each: getattr(place, each) for each in Place.__slots__} | {"ipsets": "\n".join([*kept, ""])})

    def _without_set(self, error: KernelError, place: Place) -> None:
        """Leave out the set whose line `ipset restore` refuses; raises the error if it is another."""
        found = _SET_LINE.match(str(error))
        lines = self._equipped(place).ipsets.split("\n")
        words = lines[int(found[1]) - 1].split() if found and 0 < int(found[1]) <= len(lines) else []
        if len(words) < 2 or words[1] in self._sets:
            raise error
        self._sets[words[1]] = f"the set {visible(words[1])} can't be rebuilt ({_said(error)}); here it is empty"


def _wrong(rule: Rule) -> str:
    if not rule.refused:
        return ""
    found = rule.error or rule.problem
    return found.message if found is not None else ""


def _leads(rule: Rule, ruleset: Ruleset, chains: Mapping[str, Chain]) -> bool:
    """Whether what a rule leads to is there, or not a chain."""
    target = rule.target
    return target is None or bool(target.options) or target.name in chains or target.name in ruleset.targets


def _listed(keys: list[Key]) -> str:
    named = [f"{table} {visible(chain)} {number}" for table, chain, number in keys[:_SHOWN]]
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return f"{', '.join(named)}{more}"


def _said(error: KernelError) -> str:
    return visible(str(error).partition(": ")[2].split("\n")[0])
