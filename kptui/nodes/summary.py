"""One node's rules, summed up: a state for each Service port, which nodes that agree share.

What a Service's chains say is read once for each text they have on any node; only a digest of the text is kept. So a
second node costs a look at the dispatch chains and at the text of the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import blake2b

from kptui.diff.chains import rules_text
from kptui.kubernetes.known_names import KnownNames
from kptui.kubernetes.service import ServicePort
from kptui.kubernetes.services import Services
from kptui.kubernetes.writer import Writer, told_families, writer_of
from kptui.loading import parse, without_counters
from kptui.nodes.settings import SETTINGS, Known, taken
from kptui.nodes.states import Scope, State, state_of
from kptui.records import dataclass, field, replace
from kptui.sources import SourceText
from kptui.syntax.ast import Family, Ruleset

Key = tuple[int, str]
"""Family, and the hash of the chains' names; of a Service port that has no hash its first address and protocol."""
_ENDPOINT = re.compile(r"-j (KUBE-SEP-\S+)$", re.MULTILINE)
_MARKING = "-j KUBE-MARK-MASQ"
_CHUNK = 200


class GivenUpError(Exception):
    """Nobody wants the summary any more."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What is kept of a node: counts, its settings by name, its Service ports by key, the families it tells of."""

    name: str
    writer: Writer
    lines: int
    services: int
    endpoints: int
    settings: Mapping[str, str | None]
    taken: datetime | None
    damage: str
    scopes: Mapping[int, Scope]
    ports: Mapping[Key, State] = field(repr=False)


def uncounted(source: SourceText) -> Ruleset:
    """A source's ruleset without counters; raises SourceError if it holds no rules."""
    return parse(replace(source, text=without_counters(source.text)))


class Summaries:
    """Makes summaries; remembers what chains of equal text say. Not for several threads at once."""

    def __init__(self, names: KnownNames | None = None) -> None:
        """`names` for chains without comments."""
        self._names = names
        self._states: dict[bytes, State] = {}

    def of(self, name: str, ruleset: Ruleset, given_up: Callable[[], bool] = lambda: False) -> Summary:
        """Sum up the ruleset of the node of that name; its text should be without counters, which are every node's own.

        Raises GivenUpError if that is asked for.
        """
        services = Services(ruleset, self._names)
        writer = writer_of(ruleset, services)
        scopes: dict[int, Scope] = {family: _scope(ruleset, family, writer) for family in told_families(ruleset)}
        ports: dict[Key, State] = {}
        for number, port in enumerate(services):
            if not number % _CHUNK and given_up():
                raise GivenUpError
            scope = scopes.get(port.family) or Scope(port.family, whole=False)
            ports[key_of(port)] = self._state(port, scope, ruleset)
        known = Known(ruleset, services, writer)
        return Summary(
            name,
            writer,
            len(ruleset.lines),
            len({port.service or port.title for port in services}),
            _endpoints(ruleset),
            {setting.name: setting.read(known) for setting in SETTINGS},
            taken(ruleset),
            ruleset.gaps[0].why if ruleset.gaps else "",
            scopes,
            ports,
        )

    def _state(self, port: ServicePort, scope: Scope, ruleset: Ruleset) -> State:
        digest = _digest(port, scope, ruleset)
        found = self._states.get(digest)
        if found is None:
            found = self._states[digest] = state_of(port, scope)
        return found


def key_of(port: ServicePort) -> Key:
    """What a Service port is known by on every node."""
    if port.hash:
        return port.family, port.hash
    return port.family, " ".join([*(each.address for each in port.frontends[:1]), port.protocol])


def _scope(ruleset: Ruleset, family: Family, writer: Writer) -> Scope:
    nat = ruleset.table("nat", family)
    filtering = ruleset.table("filter", family)
    gaps = any(gap.table in (None, "nat", "filter") and gap.family in (None, family) for gap in ruleset.gaps)
    return Scope(
        family,
        filtering is not None,
        nat is not None and filtering is not None and not gaps,
        filtering is not None and "KUBE-NODEPORTS" in filtering.chains,
        # Rules of 1.21 to 1.23 look alike for both.
        writer.most is None or writer.most > 23,
    )


def _digest(port: ServicePort, scope: Scope, ruleset: Ruleset) -> bytes:
    """Of all that a state is read from."""
    outer = [(each.kind, each.ip, each.port, each.chain, each.refusal, each.certain) for each in port.frontends]
    told = repr((scope, port.name, port.protocol, port.health_check_node_port, port.chains, outer))
    digest = blake2b(told.encode("utf-8", "surrogateescape"), digest_size=16)
    for name in port.chains.values():
        # Which packets are marked hangs on the node's own pod network (--detect-local-mode), and no state on that.
        lines = rules_text(ruleset, port.known[name]).split("\n")
        text = "\n".join(line for line in lines if not line.endswith(_MARKING))
        digest.update(text.encode("utf-8", "surrogateescape"))
        for endpoint in _ENDPOINT.findall(text):
            chain = port.known.get(endpoint)
            if chain is not None:
                digest.update(rules_text(ruleset, chain).encode("utf-8", "surrogateescape"))
    return digest.digest()


def _endpoints(ruleset: Ruleset) -> int:
    """How many chains of endpoints there are: one for each endpoint of each Service port."""
    nats = [table for table in ruleset.tables if table.name == "nat"]
    return sum(name.startswith("KUBE-SEP-") for table in nats for name in table.chains)
