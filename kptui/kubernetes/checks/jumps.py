"""Jumps that lead nowhere, and chains of Services that nothing leads to."""

from __future__ import annotations

from collections.abc import Iterator

from kptui.kubernetes.checks.finding import Check, Found, Place
from kptui.kubernetes.checks.view import View
from kptui.kubernetes.names import ENDPOINT_PREFIX, parted


def _dangling(view: View) -> Iterator[Found]:
    for jump in view.nowhere:
        target = jump.rule.target
        if target is None or not view.whole(jump.table) or jump.rule.error is not None:
            continue
        verb = "goes to" if target.goto else "jumps to"
        message = (
            f"{verb} {target.name}, which table {jump.table} does not declare, nor is it a target that kptui knows"
        )
        yield Found(Place.of(jump.table, jump.rule), message)


def _stale(view: View) -> Iterator[Found]:
    table = view.tables.get("nat")
    if table is None or not view.whole("nat"):
        return
    for name in table.chains:
        if not view.called("nat", name) and (name.startswith(ENDPOINT_PREFIX) or parted(name)):
            chain = table.chains[name]
            count = len(chain.rules)
            message = f"no rule leads to it; it holds {count} rule{'' if count == 1 else 's'}"
            yield Found(Place.of_chain(table, chain), message)


CHECKS = (
    Check(
        "dangling-jump", "error", "A jump to a chain that is not there",
        "The table declares no chain of that name. iptables-restore refuses such a file, so the dump was cut, edited, "
        "or put together from several; with --noflush it stands for a chain that the kernel has already.",
        "Look at how the dump was made, and for the missing chain on the node itself: iptables -t TABLE -S CHAIN.",
        _dangling,
        part=True,
    ),
    Check(
        "stale-chain", "info", "A chain of a Service or endpoint that nothing leads to",
        "No packet gets there. kube-proxy removes such chains with its next full synchronisation; with more than "
        "1,000 endpoints it takes its time (from 1.26 on), so a few are normal. Many that stay mean that its "
        "synchronisations fail.",
        "Dump again after a minute or two. If it stays, look at kube-proxy's log for “Failed to execute "
        "iptables-restore”.",
        _stale,
    ),
)  # fmt: skip
