"""What differs between nodes: for each thing, which nodes have it how, and whether there is a majority.

More nodes is not more right: all but one may lag. Where several ways have as many nodes there is no majority.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Literal

from kptui.nodes.settings import SETTINGS
from kptui.nodes.states import NAMES, State, Value
from kptui.nodes.summary import Key, Summary
from kptui.records import dataclass, field, replace

PRESENT = "present"
"""The field that tells whether a node has a Service port at all: (“yes”,), or nothing."""
_ENDPOINTS = NAMES.index("endpoints")
_FOLLOWS = ("rejected", "shares")
"""Fields that differ because the endpoints do."""
Standing = Literal["majority", "other", "tie"]


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes, by name, that have something alike."""

    value: Value
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """One thing that nodes have differently: the groups, that of most nodes first; `silent` nodes don't tell."""

    name: str
    groups: tuple[Group, ...]
    silent: tuple[str, ...] = ()

    @property
    def majority(self) -> Group | None:
        """The group that has more nodes than any other, None if there is none."""
        first, second = self.groups[:2]
        return first if len(first.nodes) > len(second.nodes) else None

    @property
    def told(self) -> int:
        """How many nodes tell."""
        return sum(len(group.nodes) for group in self.groups)

    def group_of(self, node: str) -> Group | None:
        """The group that a node is in."""
        return next((group for group in self.groups if node in group.nodes), None)

    def standing(self, node: str) -> Standing | None:
        """Whether a node is with the majority, has it otherwise, or there is none; None if it doesn't tell."""
        if self.group_of(node) is None:
            return None
        if self.majority is None:
            return "tie"
        return "majority" if node in self.majority.nodes else "other"


@dataclass(frozen=True, slots=True)
class ServiceSplit:
    """A Service port that nodes have differently, in one way or several; `state` is that of a node that has it."""

    key: Key
    state: State
    splits: tuple[Split, ...]

    def standing(self, node: str) -> Standing | None:
        """Where a node stands: with the majority only if it is so in everything."""
        found = {split.standing(node) for split in self.splits}
        return "other" if "other" in found else "tie" if "tie" in found else "majority" if found != {None} else None

    @property
    def apart(self) -> tuple[str, ...]:
        """The nodes that are not with the majority; in a tie all but the first group's."""
        found = (node for split in self.splits for group in split.groups[1:] for node in group.nodes)
        return tuple(dict.fromkeys(found))

    @property
    def disjoint(self) -> bool:
        """Whether each group has endpoints of its own only, as where nodes are meant to have different ones."""
        found = next((split for split in self.splits if split.name == "endpoints"), None)
        if found is None or any(not group.value for group in found.groups):
            return False
        every = [address for group in found.groups for address in group.value]
        return len(set(every)) == len(every)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between these nodes, Service ports by name."""

    nodes: tuple[str, ...] = ()
    settings: tuple[Split, ...] = ()
    services: tuple[ServiceSplit, ...] = ()
    counts: dict[str, dict[Standing, int]] = field(default_factory=dict)
    spread: timedelta = timedelta()
    """Between the first and the last time a dump was taken, by the nodes' own clocks."""

    def of(self, node: str) -> list[ServiceSplit]:
        """The Service ports in which a node isn't with the majority."""
        return [each for each in self.services if each.standing(node) in ("other", "tie")]

    def chosen(self, keys: Iterable[Key]) -> Comparison:
        """Only what is about these Service ports."""
        wanted = set(keys)
        found = [each for each in self.services if each.key in wanted]
        return replace(self, services=tuple(found), counts=_counts(self.nodes, found))

    @property
    def furthest(self) -> tuple[tuple[str, ...], int]:
        """The nodes that differ from the majority in most Service ports, and in how many; none if none does."""
        most = max((counts["other"] for counts in self.counts.values()), default=0)
        return tuple(n for n in self.nodes if most and self.counts[n]["other"] == most), most


def compare_nodes(nodes: Sequence[Summary]) -> Comparison:
    """Compare nodes; each takes part in what its rules tell. Names have to be different."""
    settings = [split for setting in SETTINGS if (split := _setting(setting.name, nodes)) is not None]
    with_services = _aligned([node for node in nodes if node.scopes])
    found = [each for key in _keys(with_services) if (each := _service(key, with_services)) is not None]
    found.sort(key=lambda each: (not each.state.title, each.state.title, each.key))
    names = tuple(node.name for node in nodes)
    times = [node.taken for node in nodes if node.taken is not None]
    spread = max(times) - min(times) if times else timedelta()
    return Comparison(names, tuple(settings), tuple(found), _counts(names, found), spread)


def _aligned(nodes: Sequence[Summary]) -> list[Summary]:
    """Service ports that a node knows by an address only (refused, without a comment) under other nodes' keys."""
    if not any(" " in key[1] for node in nodes for key in node.ports):
        return list(nodes)
    known: dict[tuple[int, str], Key] = {}
    for node in nodes:
        for key, state in node.ports.items():
            if " " not in key[1]:
                known |= {(key[0], f"{address} {state.protocol}"): key for address in state.addresses}
    return [replace(node, ports={known.get(key, key): state for key, state in node.ports.items()}) for node in nodes]


def _counts(nodes: Sequence[str], found: Sequence[ServiceSplit]) -> dict[str, dict[Standing, int]]:
    """In how many Service ports each node is not with the majority, and in how many there is none."""
    counts: dict[str, dict[Standing, int]] = {}
    for node in nodes:
        standings = [each.standing(node) for each in found]
        counts[node] = {"other": standings.count("other"), "tie": standings.count("tie")}
    return counts


def _setting(name: str, nodes: Sequence[Summary]) -> Split | None:
    if name == "kube-proxy" and all(one.writer.may_be(two.writer) for one in nodes for two in nodes):
        # Ranges of versions that overlap may be one version.
        return None
    told = {node.name: None if (value := node.settings.get(name)) is None else (value,) for node in nodes}
    return _split(name, told)


def _split(name: str, told: Mapping[str, Value | None]) -> Split | None:
    """The groups that nodes fall into, None if all that tell are alike."""
    groups: dict[Value, list[str]] = {}
    for node, value in told.items():
        if value is not None:
            groups.setdefault(value, []).append(node)
    if len(groups) < 2:
        return None
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    silent = tuple(node for node, value in told.items() if value is None)
    return Split(name, tuple(Group(value, tuple(names)) for value, names in ordered), silent)


def _keys(nodes: Sequence[Summary]) -> Iterable[Key]:
    """Every Service port's key that nodes don't have all alike."""
    seen: dict[Key, State] = {}
    for node in nodes:
        for key, state in node.ports.items():
            seen.setdefault(key, state)
    for key, state in seen.items():
        for node in nodes:
            there = node.ports.get(key)
            if there is not state and (there is None or there.values != state.values):
                yield key
                break


def _service(key: Key, nodes: Sequence[Summary]) -> ServiceSplit | None:
    """How nodes have one Service port; a node whose dump is not whole can't be said to lack it."""
    telling = [node for node in nodes if key[0] in node.scopes]
    states = {node.name: node.ports.get(key) for node in telling}
    whole = {node.name: node.scopes[key[0]].whole for node in telling}
    there: dict[str, Value | None] = {
        name: ("yes",) if state is not None else () if whole[name] else None for name, state in states.items()
    }
    splits = [_split(PRESENT, there)]
    for at, name in enumerate(NAMES):
        splits.append(_split(name, {n: s.values[at] if s is not None else None for n, s in states.items()}))
    found = [split for split in splits if split is not None]
    if any(split.name == "endpoints" for split in found):
        found = [split for split in found if split.name not in _FOLLOWS]
    if not found:
        return None
    known = [state for state in states.values() if state is not None]
    # The first that has a name: comments may have been left out on some.
    state = next((each for each in known if "/" in each.title), known[0])
    return ServiceSplit(key, state, tuple(found))
