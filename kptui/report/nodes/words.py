"""What differs between nodes, in words; who shows them makes texts of a dump visible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta

from kptui.nodes.compare import PRESENT, Comparison, Group, ServiceSplit, Split
from kptui.report.diff.words import FIELDS

Label = Callable[[str], str]
"""What a source is called beside the others."""
SHOWN = 4
"""So many endpoints, or nodes, are told before the rest is counted."""
MAJORITY = (
    "More nodes is not more right, and the rules don't tell which are up to date: kptui check --services --endpoints "
    "compares with the API."
)
_APART = timedelta(minutes=5)
_DISJOINT = (
    "no endpoint is in two of these groups, which may be meant: topology-aware routing, or, up to 1.23, "
    "internalTrafficPolicy Local"
)


def summary(found: Comparison, label: Label = str) -> str:
    """How much differs, and who differs most, in one sentence."""
    return f"{'; '.join(summary_parts(found, label))}."


def summary_parts(found: Comparison, label: Label = str) -> list[str]:
    """The parts of that sentence, what matters most first."""
    if not found.services and not found.settings:
        return ["No difference"]
    parts = [_many(len(found.services), "Service port differs", "Service ports differ")] if found.services else []
    if found.settings:
        parts.append(f"not alike: {', '.join(split.name for split in found.settings)}")
    names, most = found.furthest
    if most:
        who = listed([label(name) for name in names], "or")
        parts.append(f"furthest from the majority: {who}, in {_many(most, 'Service port', 'Service ports')}")
    return parts


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def notes(found: Comparison) -> Iterator[str]:
    """What has to be known to read the differences right."""
    if not found.services and not found.settings:
        return
    if found.spread >= _APART:
        yield f"The dumps were taken up to {_apart(found.spread)} apart, by the nodes' clocks: some of it may be that."
    if any(split.majority for each in found.services for split in each.splits):
        yield MAJORITY


def _apart(spread: timedelta) -> str:
    minutes = int(spread.total_seconds()) // 60
    for unit, size in (("days", 2 * 24 * 60), ("hours", 2 * 60)):
        if minutes >= size:
            return f"{minutes // (size // 2):,} {unit}"
    return f"{minutes} minutes"


def title(each: ServiceSplit) -> str:
    """A Service port as a heading."""
    family = " IPv6" if each.key[0] == 6 else ""
    return f"{each.state.title} ({each.state.protocol or 'protocol not known'}{family})"


def field_words(split: Split) -> str:
    """What it is that nodes have differently, and whether there is no majority."""
    name = "the Service port" if split.name == PRESENT else FIELDS.get(split.name, split.name)
    return name if split.majority is not None else f"{name}, no majority"


def of_all(split: Split, group: Group) -> str:
    """“2 of 3”."""
    return f"{len(group.nodes)} of {split.told}"


def value_words(split: Split, group: Group) -> str:
    """What a group has; of long lists only what is other than in the first group."""
    if split.name == PRESENT:
        return "there" if group.value else "missing"
    first = split.groups[0].value
    if not group.value:
        return "none"
    if group.value is first or len(group.value) <= SHOWN or not set(first) & set(group.value):
        return _listing(group.value)
    lacks = [each for each in first if each not in set(group.value)]
    has = [each for each in group.value if each not in set(first)]
    parts = [f"without {_listing(lacks)}"] if lacks else []
    return "; ".join([*parts, *([f"with {_listing(has)}"] if has else [])])


def _listing(values: Sequence[str]) -> str:
    told = " ".join(values[:SHOWN])
    return told if len(values) <= SHOWN else f"{told} and {len(values) - SHOWN:,} more"


def listed(names: Sequence[str], joined: str = "and") -> str:
    """“a”, “a and b”, “a, b, c, d and 3 more”."""
    if len(names) > SHOWN:
        return f"{', '.join(names[:SHOWN])} and {len(names) - SHOWN:,} more"
    *before, last = names
    return f"{', '.join(before)} {joined} {last}" if before else last


def service_notes(each: ServiceSplit) -> Iterator[str]:
    """What else may explain a Service port's differences."""
    if each.disjoint:
        yield _DISJOINT


def short(splits: Sequence[Split], label: Label = str) -> str:
    """Who has it otherwise than most, or every group where there is no majority, for a table's cell."""
    parts = []
    for split in splits:
        others = "; ".join(
            f"{listed([label(node) for node in group.nodes])}: {value_words(split, group)}"
            for group in (split.groups[1:] if split.majority is not None else split.groups)
        )
        parts.append(others)
    return " · ".join(parts)


def of_node(splits: Iterable[Split], node: str) -> Iterator[tuple[str, str, str]]:
    """Of one node that isn't with the majority: the field, what it has, what the others have."""
    for split in splits:
        mine = split.group_of(node)
        if mine is None or split.standing(node) == "majority":
            continue
        rest = (group for group in split.groups if group is not mine)
        others = "; ".join(f"{of_all(split, group)} {value_words(split, group)}" for group in rest)
        yield field_words(split), value_words(split, mine), others
