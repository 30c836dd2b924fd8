"""What one process takes for many traces of one dump, as JSON: python -m tests.bench.inside DUMP.

Seconds of processor time. The plain walk tries every rule of a chain in turn, as the kernel does; it is timed on some
Services, which lie evenly over the dump, and once everything it needs has been read.
"""

from __future__ import annotations

import gc
import json
import re
import resource
import sys
import time
from collections.abc import Sequence
from statistics import median

from kptui.ask.request import Request
from kptui.netfilter import walk
from kptui.tracing import Session
from tests.bench.dumps import ENDPOINTS

TRACED, PLAIN = 100, 8
_ADDRESS = re.compile(r"^-A KUBE-SERVICES -d ([0-9.]+)/32 .* cluster IP", re.MULTILINE)


def main() -> None:
    """Measure, print."""
    [path] = sys.argv[1:]
    # As the command line does.
    gc.set_threshold(50_000, 20, 50)
    found: dict[str, float] = {}
    begun = time.process_time()
    session = Session.open(path)
    found["load"] = time.process_time() - begun
    text = "\n".join(session.ruleset.lines)
    addresses = _ADDRESS.findall(text)
    found["services"], found["rules"] = len(addresses), text.count("\n-A ")
    del text
    some = addresses[:: max(1, len(addresses) // TRACED)]
    found["first trace"] = _each(session, some[:1])
    found["trace"] = _each(session, some)
    found["trace again"] = _each(session, some)
    found["followed"] = _followed(Session.open(path), len(addresses))
    begun = time.process_time()
    session.problems  # noqa: B018 - made when it is asked for
    found["check"] = time.process_time() - begun
    walk.LONG = sys.maxsize  # type: ignore[attr-defined]
    few = addresses[len(addresses) // PLAIN // 2 :: max(1, len(addresses) // PLAIN)]
    _each(session, few)
    found["plain walk"] = _each(session, few)
    found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump(found, sys.stdout)


def _each(session: Session, addresses: Sequence[str]) -> float:
    """The median of what traces to Services take."""
    taken = []
    for address in addresses:
        begun = time.process_time()
        session.trace(Request(src="192.0.2.7", dst=address, dport="80", in_="eth0", local=("192.0.2.1",)))
        taken.append(time.process_time() - begun)
    return median(taken)


def _followed(session: Session, count: int) -> float:
    """What it takes to follow every Service from the rules that dispatch to it to its endpoints, with their shares."""
    begun = time.process_time()
    found = [[(each.ip, each.port, each.share) for each in port.endpoints] for port in session.services]
    taken = time.process_time() - begun
    assert sum(len(endpoints) == ENDPOINTS for endpoints in found) == count
    return taken


if __name__ == "__main__":
    main()
