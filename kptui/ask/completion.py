"""What a packet expression may go on with: the Services, addresses and node ports that a dump knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from heapq import nsmallest

from kptui.kubernetes.names import ENDPOINT_PREFIX
from kptui.kubernetes.services import ServicePort, Services, endpoint
from kptui.records import dataclass
from kptui.syntax.ast import Ruleset

CHUNK = 500
"""So many are looked at before asking whether somebody has typed on."""
_NUMERIC = re.compile(r"\[?[0-9a-f]*[.:\d]")
_PODS_FROM = 3
"""From so many signs of an address on, pods are proposed too: there are very many."""


@dataclass(frozen=True, slots=True)
class Completion:
    """One way to go on: the whole line with it, the part that is new, and what that is."""

    line: str
    text: str
    words: str


@dataclass(frozen=True, slots=True)
class _Known:
    """Something to be named: its text, what it is, and the lower-case texts it is found by, the best first."""

    text: str
    words: str
    keys: tuple[str, ...]


class Completer:
    """Completes expressions for one ruleset; what it knows is gathered when first needed, best in a thread."""

    def __init__(self, ruleset: Ruleset, services: Services) -> None:
        """Nothing is read yet."""
        self._ruleset = ruleset
        self._services = services

    def complete(
        self, line: str, limit: int = 8, given_up: Callable[[], bool] = lambda: False
    ) -> tuple[Completion, ...]:
        """The best completions of the line's last word, none where it has none; may be asked in a thread.

        What begins with the word comes before what only holds it; a Service's own name before its namespace.
        """
        ahead, word = _parted(line)
        if not word:
            return ()
        ranked: list[tuple[int, int, str, _Known]] = []
        for number, each in enumerate(self._known(ahead, word)):
            if number % CHUNK == 0 and given_up():
                return ()
            rank = _rank(each.keys, word.lower())
            if rank is not None and each.text != word:
                ranked.append((rank, len(each.text), each.text, each))
        best = nsmallest(limit, ranked, key=lambda found: found[:3])
        return tuple(Completion(f"{ahead}{each.text}", each.text, each.words) for *_, each in best)

    def _known(self, ahead: str, word: str) -> Iterator[_Known]:
        if ahead.replace("->", " ").split()[-1:] == ["nodeport"]:
            yield from self._node_ports
            return
        yield from self._service_ports
        if len(word) >= _PODS_FROM and _NUMERIC.match(word):
            yield from self._pods

    @cached_property
    def _service_ports(self) -> list[_Known]:
        found = [each for port in self._services for each in _of_service(port)]
        return [*found, _Known("nodeport", "a port of the node's own", ("nodeport",))]

    @cached_property
    def _node_ports(self) -> list[_Known]:
        ports = ((port, port.node_port) for port in self._services)
        return [_Known(str(number), port.title, (str(number), port.name.lower())) for port, number in ports if number]

    @cached_property
    def _pods(self) -> list[_Known]:
        found: dict[str, _Known] = {}
        for table in self._ruleset.tables:
            for name, chain in table.chains.items() if table.name == "nat" else ():
                where = endpoint(chain) if name.startswith(ENDPOINT_PREFIX) else None
                if where is not None and where not in found:
                    found[where] = _Known(where, "endpoint", (where, where.lstrip("[")))
        return list(found.values())


def _of_service(port: ServicePort) -> Iterator[_Known]:
    """A Service port by its name, and each of its addresses."""
    if port.name and port.cluster_ip:
        at = f"{port.cluster_ip} {port.protocol} {port.port}"
        yield _Known(port.name, at, (port.service_name.lower(), port.name.lower()))
    for each in port.frontends:
        if each.ip is not None:
            words = f"{each.kind} of {port.name}" if port.name else each.kind
            yield _Known(each.address, words, (each.address, each.address.lstrip("[")))


def _parted(line: str) -> tuple[str, str]:
    """The line before its last word, and that word."""
    at = max(line.rfind(" "), line.rfind(">")) + 1
    return line[:at], line[at:]


def _rank(keys: tuple[str, ...], word: str) -> int | None:
    """How well a word fits, 0 the best; None if it doesn't."""
    for number, key in enumerate(keys):
        if key.startswith(word):
            return number
    return len(keys) if any(word in key for key in keys) else None
