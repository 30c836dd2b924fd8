"""Counters and rates as columns: as many as there is room for, the rate before the totals, a sparkline of its past."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kptui.live.meter import Rate
from kptui.live.snapshot import Snapshot
from kptui.syntax.ast import Chain, Rule, Table
from kptui.text import number_of
from kptui.tui.naming import counted

_HEIGHTS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class MeterColumn:
    """A column of a rule's counters: shown in a pane of at least that many cells; `rated` if it needs rates.

    `setting` is what the settings file calls it.
    """

    setting: str
    name: str
    width: int
    least: int
    rated: bool
    text: Callable[[Snapshot, Rule], str]


def _total(which: int) -> Callable[[Snapshot, Rule], str]:
    def text(snapshot: Snapshot, rule: Rule) -> str:
        found = snapshot.counted(rule)
        return counted(found[which]) if found else ""

    return text


def _rate(which: int) -> Callable[[Snapshot, Rule], str]:
    return lambda snapshot, rule: per_second(snapshot.meter.rate(rule.line), which)


COLUMNS = (
    MeterColumn("pkts", "pkts", 6, 62, False, _total(0)),
    MeterColumn("bytes", "bytes", 6, 84, False, _total(1)),
    MeterColumn("pkt/s", "pkt/s", 6, 0, True, _rate(0)),
    MeterColumn("B/s", "B/s", 6, 84, True, _rate(1)),
    MeterColumn("graph", "", 8, 62, True, lambda snapshot, rule: sparkline(snapshot.meter.history(rule.line), 8)),
)


_BY_SETTING = {column.setting: column for column in COLUMNS}


def columns_for(
    snapshot: Snapshot, width: int, has_counters: bool, chosen: Sequence[str] | None = None
) -> Sequence[MeterColumn]:
    """The columns that a pane of that width shows; without rates, totals are never left out.

    Those that were chosen are shown from the left until half of the pane is theirs.
    """
    if not has_counters:
        return ()
    if chosen is not None:
        return list(_fitting([_BY_SETTING[each] for each in chosen], snapshot.meter.rated, width // 2))
    if not snapshot.meter.rated:
        return [column for column in COLUMNS if not column.rated]
    return [column for column in COLUMNS if width >= column.least]


def _fitting(columns: Sequence[MeterColumn], rated: bool, room: int) -> Iterator[MeterColumn]:
    for column in columns:
        room -= column.width + 1 if rated or not column.rated else 0
        if room < 0:
            return
        if rated or not column.rated:
            yield column


def counter_words(snapshot: Snapshot, table: Table, chain: Chain, rule: Rule | None) -> str:
    """What a rule counts, a base chain's policy decided, comes to any other chain; nothing where no reading tells."""
    meter = snapshot.meter
    found = meter.total(rule.line if rule is not None else chain.line)
    words = [f"{number_of(found[0], 'packet')}, {number_of(found[1], 'byte')}"] if found is not None else []
    rate = meter.rate(rule.line) if rule is not None else meter.chain_rate(((table.family, table.label), chain.name))
    if rate is not None and meter.counters is not None:
        packets, size = (per_second(rate, which).replace("·", "0") for which in (0, 1))
        words.append(f"{packets} packets/s, {size} bytes/s")
    policy = "policy: " if rule is None and found is not None else ""
    return policy + " · ".join(words)


def per_second(rate: Rate | None, which: int = 0) -> str:
    """A rate of packets (or bytes) a second: 0.5, 12, 4812, 15k; a dot for none, nothing where it isn't known."""
    if rate is None:
        return ""
    value = rate[which]
    if value == 0:
        return "·"
    return f"{value:.1f}" if value < 9.95 else counted(round(value))


def sparkline(history: Sequence[Rate | None], width: int) -> str:
    """Packets a second over time, the newest on the right, as high as they were; blank where nothing moved."""
    shown = history[-width:]
    most = max((rate.packets for rate in shown if rate is not None), default=0.0)
    if most == 0:
        return " " * width
    signs = (" " if rate is None else _HEIGHTS[round(rate.packets / most * 7)] for rate in shown)
    return "".join(signs).rjust(width)


def chain_rate(snapshot: Snapshot, table: Table, chain: str, width: int) -> str:
    """A chain's rate, before it a sparkline where there is room."""
    key = ((table.family, table.label), chain)
    rate = snapshot.meter.chain_rate(key)
    if rate is None or not rate.packets:
        return ""
    text = f"{per_second(rate)}/s"
    history = snapshot.meter.chain_history(key)
    return f"{sparkline(history, 6)} {text}" if width >= 56 else text
