"""Two walks whose order nobody told: the kernel asks hooks of one priority from the last registered to the first.

So where iptables-legacy and iptables-nft both have a table, it depends on which was loaded last (nf_hook_entries_grow;
seen on Linux 6.18, nat too). The ways part only where it matters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from kptui.netfilter.facts import Facts, Unsure
from kptui.netfilter.packet import Packet
from kptui.netfilter.walk import Journal, Terminal, part
from kptui.netfilter.worlds import Flow, Way, Ways

Walk = Callable[[Flow, Journal], Flow]
_Key = tuple[Packet, Facts]


def both(
    first: Walk,
    second: Walk,
    flow: Flow,
    journal: Journal,
    unsure: Unsure,
    text: str,
    done: Callable[[Packet], bool],
) -> Flow:
    """Send packets through both walks; `unsure` is whether the first comes first, `text` says so.

    `done` tells of a packet that comes back from one walk whether the other, if it comes after it, leaves it alone.
    """
    settled = journal.settled(text)
    if settled is not None:
        return _one_after(first, second, flow, journal) if settled else _one_after(second, first, flow, journal)
    for harmless, other in ((first, second), (second, first)):
        trial = journal.trial()
        if _changes_nothing(harmless, flow, trial) and _changes_nothing(harmless, other(flow, trial), journal.trial()):
            return _beside(harmless, other, flow, journal, done)
    before, after = Flow(), Flow()
    for packet, ways in flow:
        yes, no = part(ways, unsure, None, text, journal)
        if yes:
            before.take(packet, yes)
        if no:
            after.take(packet, no)
    tries = dict(journal.tries)
    left = _one_after(first, second, before, journal)
    # The other way round is another world, in which no rule was tried yet.
    tries, journal.tries = journal.tries, tries
    left.merge(_one_after(second, first, after, journal))
    journal.tries |= {rule: max(count, journal.tries.get(rule, 0)) for rule, count in tries.items()}
    return left


def _one_after(first: Walk, second: Walk, flow: Flow, journal: Journal) -> Flow:
    left = first(flow, journal)
    return second(left, journal) if left else left


def _changes_nothing(walk: Walk, flow: Flow, journal: Journal) -> bool:
    """Whether all packets come back from a walk as they were."""
    ended = len(journal.ended)
    return _contents(walk(flow, journal)) == _contents(flow) and len(journal.ended) == ended


def _contents(flow: Flow) -> dict[Packet, dict[Facts, object]]:
    return {packet: {facts: way.share for facts, way in ways.items()} for packet, ways in flow}


def _beside(harmless: Walk, other: Walk, flow: Flow, journal: Journal, done: Callable[[Packet], bool]) -> Flow:
    """Both walks where the order makes no difference but that what the other ends, or is done, may not meet the first.

    The other is walked a second time without the first, with the same numbers of its steps; so the first's steps are
    told as such that only some packets took.
    """
    left = harmless(flow, journal)
    without = journal.trial()
    known = len(journal.ended)
    onward = other(left, journal)
    if len(journal.ended) == known and not any(done(packet) for packet, _ in onward):
        return onward
    alone = other(flow, without)
    journal.ended[known:] = [
        Terminal(each.verdict, each.reason, _on_both_paths(each.flow, _paths(without.ended, each)))
        for each in journal.ended[known:]
    ]
    return _on_both_paths(onward, {key: way for key, way in _by_key(alone) if done(key[0])})


def _by_key(flow: Flow) -> Iterator[tuple[_Key, Way]]:
    return (((packet, facts), way) for packet, ways in flow for facts, way in ways.items())


def _paths(ended: list[Terminal], like: Terminal) -> dict[_Key, Way]:
    alike = (each for each in ended if (each.verdict, each.reason) == (like.verdict, like.reason))
    return {key: way for each in alike for key, way in _by_key(each.flow)}


def _on_both_paths(flow: Flow, paths: Mapping[_Key, Way]) -> Flow:
    """The same packets, which may also have come by those paths."""
    joined: dict[Packet, Ways] = {}
    for key, way in _by_key(flow):
        other = paths.get(key)
        path = way.path if other is None else way.path.joined(other.path)
        joined.setdefault(key[0], {})[key[1]] = Way(way.share, path)
    found = Flow()
    for packet, ways in joined.items():
        found.take(packet, ways)
    return found
