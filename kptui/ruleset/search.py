"""Search over a ruleset's chains and rules: by words, regular expressions and fields (see query.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from kptui.errors import CancelledError
from kptui.records import dataclass, replace
from kptui.ruleset.jumps import JumpIndex, may_lead_to
from kptui.ruleset.query import Term, service_fits, terms
from kptui.ruleset.sieve import Sieve
from kptui.slices import slices
from kptui.syntax.ast import Chain, Rule, Ruleset, Table

Label = Callable[[Table, Chain], str | None]
"""Says which Service a chain stands for, as namespace/name:port."""
_ASKED = 100
"""After so many rules of one chain it is asked whether to go on."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A place that a search found: a rule by its number from 1, or the chain itself (None)."""

    table: str
    chain: str
    rule: int | None


def search(ruleset: Ruleset, text: str, label: Label = lambda table, chain: None) -> Iterator[Hit]:
    """Every chain and rule for which all terms hold, in any order; as `Searcher.search`."""
    return Searcher(ruleset, label).search(text)


class Searcher:
    """Searches one ruleset; keeps who jumps where for the next search."""

    def __init__(self, ruleset: Ruleset, label: Label = lambda table, chain: None) -> None:
        """Nothing is read yet."""
        self.ruleset = ruleset
        self._label = label
        self._labels: dict[str, dict[str, str]] = {}
        self._jumps: dict[str, JumpIndex] = {}

    def search(self, text: str, stopped: Callable[[], bool] = lambda: False) -> Iterator[Hit]:
        """Every chain and rule for which all terms hold, in the order of the dump; raises UsageError.

        Rules are compared as they are written; one is read only where its text tells that a field may fit. `stopped` is
        asked again and again whether anybody still waits.
        """
        asked = terms(text)
        if not asked:
            return
        for table in self.ruleset.tables:
            if all(table.name == term.value for term in asked if term.field == "table"):
                if not self._looked(table, asked, stopped):
                    return
                yield from self._in_table(table, asked, stopped)

    def _in_table(self, table: Table, asked: list[Term], stopped: Callable[[], bool]) -> Iterator[Hit]:
        below = self._below(table, [term.value for term in asked if term.field == "from"])
        above = self._above(table, [term.value for term in asked if term.field == "to"])
        parts = [term.value.lower() for term in asked if term.field == "chain"]
        services = [term for term in asked if term.field in ("ns", "svc")]
        plain = [term for term in asked if term.field not in ("ns", "svc", "from", "to", "chain", "table")]
        labels = self._labels.get(table.label, {})
        sieve = Sieve(self.ruleset.lines, plain, stopped)
        naming = Sieve(self.ruleset.lines, [*plain, *(_told_by_lines(term, labels) for term in services)], stopped)
        for name, _, numbers in table.chains.outline():
            if stopped():
                return
            if below is not None and name not in below:
                continue
            if any(part not in name.lower() for part in parts):
                continue
            its = labels.get(name, "")
            wanted = [term for term in services if not service_fits(its, term.field, term.value)]
            if not wanted and (above is None or name in above) and all(term.chain(name) for term in plain):
                yield Hit(table.label, name, None)
            may = (naming if len(wanted) == len(services) else sieve).may(numbers)
            if wanted or above is not None or any(term.field not in ("", "re") for term in plain):
                may = self._exactly(table.chains.rules_of(name), may, plain, wanted, above, labels)
            for asked_of, (index, _) in enumerate(may, 1):
                yield Hit(table.label, name, index + 1)
                if asked_of % _ASKED == 0 and stopped():
                    return

    def _exactly(
        self,
        rules: Sequence[Rule],
        may: Iterator[tuple[int, str]],
        plain: Sequence[Term],
        services: Sequence[Term],
        above: set[str] | None,
        labels: Mapping[str, str],
    ) -> Iterator[tuple[int, str]]:
        """Those of a chain's rules that may fit which do: they are read."""
        for index, written in may:
            rule = rules[index]
            target = rule.target.name if rule.target is not None else ""
            if above is not None and target not in above:
                continue
            if not all(term.rule(rule) for term in plain):
                continue
            texts = f"{rule.comment or ''}\n{labels.get(target, '')}"
            if all(service_fits(texts, term.field, term.value) for term in services):
                yield index, written

    def _meant(self, table: Table, value: str) -> set[str]:
        """The chains that a text names: by their whole name, else by any part of it, or the Service they stand for."""
        if value in table.chains:
            return {value}
        low = value.lower()
        if "/" in value:
            return {name for name, label in self._labels[table.label].items() if label.startswith(value)}
        return {name for name in table.chains if low in name.lower()}

    def _below(self, table: Table, values: Sequence[str]) -> set[str] | None:
        """The chains that all of some chains lead to, themselves included; None if none is named."""
        found: set[str] | None = None
        for value in values:
            index = self._index(table)
            reached = {each for name in self._meant(table, value) for each in index.below(name)}
            found = reached if found is None else found & reached
        return found

    def _above(self, table: Table, values: Sequence[str]) -> set[str] | None:
        """The chains that lead to some chains, these included; None if none is named."""
        found: set[str] | None = None
        for value in values:
            reached, waiting = set(self._meant(table, value)), list(self._meant(table, value))
            while waiting:
                for rule in self._index(table).callers(waiting.pop()):
                    if rule.chain not in reached:
                        reached.add(rule.chain)
                        waiting.append(rule.chain)
            found = reached if found is None else found & reached
        return found

    def _looked(self, table: Table, asked: Sequence[Term], stopped: Callable[[], bool]) -> bool:
        """Look who jumps where in a table, and what its chains stand for; False if nobody waits for it to the end."""

        def told() -> None:
            if stopped():
                raise CancelledError

        leading = [term for term in asked if term.field in ("from", "to")]
        named = any(term.field in ("ns", "svc") for term in asked) or any("/" in term.value for term in leading)
        try:
            if leading:
                self._index(table).read(told)
            if named and table.label not in self._labels:
                chains = slices(table.chains.items(), told)
                labels = ((name, self._label(table, chain)) for name, chain in chains)
                self._labels[table.label] = {name: label for name, label in labels if label}
        except CancelledError:
            return False
        return True

    def _index(self, table: Table) -> JumpIndex:
        if table.label not in self._jumps:
            self._jumps[table.label] = JumpIndex(table, self.ruleset.lines)
        return self._jumps[table.label]


def _told_by_lines(term: Term, labels: Mapping[str, str]) -> Term:
    """The term of a Service with what lines tell: they name it, or may lead to a chain that stands for it."""
    named = f"{term.value.lower()}/" if term.field == "ns" else term.value.lower()
    standing = {name for name, label in labels.items() if service_fits(label, term.field, term.value)}

    def fits(text: str, low: str) -> bool:
        # In a text with a backslash a name may be written otherwise.
        return named in low or "\\" in text or not standing.isdisjoint(may_lead_to(text))

    return replace(term, line=lambda line: fits(line, line.lower()), piece=fits)
