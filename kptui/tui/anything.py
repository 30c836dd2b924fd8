"""Finding anything by name: an index of a ruleset's chains and Services, searched in slices so that no key waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import nlargest
from typing import NamedTuple

from kptui.kubernetes.service import ServicePort
from kptui.syntax.ast import Ruleset
from kptui.text import visible
from kptui.tui.naming import Naming
from kptui.tui.tree_model import Place

SLICE = 2000
"""So many names are looked at in one go: some milliseconds, if all of them fit."""
ASKED = 100
"""After so many names it is asked whether to go on with the index."""
BEST = 20
"""So many are shown; who sees more than that types on."""
SURE = 100.0
"""The score of what was named exactly."""


class Found(NamedTuple):
    """Something that fits, the better the higher the score; `marked` are the parts that fit."""

    score: float
    text: str
    place: Place
    marked: tuple[tuple[int, int], ...] = ()


class Anything:
    """The names of one ruleset; made in a thread, for it looks at every chain."""

    def __init__(self, ruleset: Ruleset, naming: Naming, cancelled: Callable[[], bool] = lambda: False) -> None:
        """`cancelled` is asked every millisecond or so whether anybody still waits, and may have it wait itself."""
        self.ruleset = ruleset
        self.texts: list[str] = []
        self.places: list[Place] = []
        self.first_chain = 0
        naming.services.read(cancelled)
        for port in naming.services:
            if not len(self.texts) % ASKED and cancelled():
                return
            place = _place(port, ruleset)
            if place is not None:
                self._add(_service(port), place)
        self.first_chain = len(self.texts)
        for table in ruleset.tables:
            for chain in table.chains:
                if not len(self.texts) % ASKED and cancelled():
                    return
                label = naming.known(table, chain)
                self._add(f"{table.label} {chain}" + (f" {label}" if label else ""), Place(table.label, chain))
        self._folded = [text.lower() for text in self.texts]

    def _add(self, text: str, place: Place) -> None:
        self.texts.append(visible(text))
        self.places.append(place)

    def search(self, query: str) -> Iterator[list[Found]]:
        """The best so far, slice by slice; the last list is the answer."""
        words = query.lower().split()
        best = sorted(self._rules(query.split()), reverse=True)
        yield best
        for start in range(0, len(self.texts), SLICE) if words else ():
            floor = best[-1].score if len(best) >= BEST else float("-inf")
            best = nlargest(BEST, [*best, *self._slice(start, words, floor)])
            yield best

    def _slice(self, start: int, words: Sequence[str], floor: float) -> Iterator[Found]:
        first, *others = words
        for at, text in enumerate(self._folded[start : start + SLICE], start):
            if first in text and (not others or all(word in text for word in others)):
                score = _score(text, words) + (0.5 if at < self.first_chain else 0)
                if score > floor:
                    yield Found(score, self.texts[at], self.places[at], tuple(_where(text, words)))

    def _rules(self, words: Sequence[str]) -> Iterator[Found]:
        """Rules by number: `KUBE-SERVICES 14`, `filter INPUT 2`, of each table whose chain has that many."""
        *names, last = [word for word in words if word.lower() != "rule"] or [""]
        if not names or len(names) > 2 or not (last.isascii() and last.isdigit() and len(last) < 10):
            return
        for table in self.ruleset.tables:
            for name in dict.fromkeys((names[-1], names[-1].upper())):
                chain = table.chains.get(name)
                if chain is None or names[0].lower() not in (table.label.lower(), names[-1].lower()):
                    continue
                if 1 <= int(last) <= len(chain.rules):
                    text = visible(f"{table.label} {name} rule {int(last)}")
                    yield Found(SURE, text, Place(table.label, name, int(last)))


def _score(text: str, words: Sequence[str]) -> float:
    """The more of a name's own words begin with what is typed, or are it, and the shorter it is, the better."""
    fits = 0
    for word in words:
        start = text.find(word)
        end = start + len(word)
        fits += (2 if start == 0 or not text[start - 1].isalnum() else 0) + (not text[end : end + 1].isalnum())
    return fits / len(words) - len(text) / 1000


def _where(text: str, words: Sequence[str]) -> Iterator[tuple[int, int]]:
    for word in words:
        start = text.find(word)
        yield start, start + len(word)


def _service(port: ServicePort) -> str:
    addresses = dict.fromkeys(each.address for each in port.frontends if each.ip)
    node_port = f" nodeport {port.node_port}" if port.node_port else ""
    return " ".join(["Service", port.title, port.protocol, *addresses]) + node_port


def _place(port: ServicePort, ruleset: Ruleset) -> Place | None:
    """Its chain, or the rule that refuses it; the tree has one family only."""
    if port.family != ruleset.family:
        return None
    if port.chains:
        return Place("nat", port.chain)
    refused = next((each.refused_by for each in port.frontends if each.refused_by), None)
    return Place(refused.table, refused.chain, refused.number) if refused else None
