"""What well-known chains are for, as roles.tsv has it: kube-proxy 1.20 to 1.34, kubelet, and their usual neighbours."""

from __future__ import annotations

import os
from functools import cache

from kptui.records import dataclass

_FILE = os.path.join(os.path.dirname(__file__), "roles.tsv")


@dataclass(frozen=True, slots=True)
class Role:
    """A row of the table: whose chains of that name are, what for in a few words, and in a sentence.

    `chain` may end in *, which stands for any end; `table` is empty where it doesn't matter.
    """

    chain: str
    table: str
    owner: str
    words: str
    sentence: str


@cache
def roles() -> tuple[Role, ...]:
    """The whole table."""
    with open(_FILE, encoding="utf-8") as file:
        rows = file.read().splitlines()
    cells = [row.split("\t") for row in rows if row and not row.startswith("#")]
    return tuple(Role(chain, "" if table == "-" else table, *rest) for chain, table, *rest in cells)


@cache
def _sorted() -> tuple[dict[tuple[str, str], Role], list[Role]]:
    """Rows with a whole name by (name, table); the others by length, those that begin with most of a name first."""
    whole = {(row.chain, row.table): row for row in roles() if not row.chain.endswith("*")}
    open_ended = sorted((row for row in roles() if row.chain.endswith("*")), key=lambda row: -len(row.chain))
    return whole, open_ended


@cache
def about(chain: str, table: str = "") -> Role | None:
    """What is known of chains of that name, None if nobody well known uses it."""
    whole, open_ended = _sorted()
    found = whole.get((chain, table)) or whole.get((chain, ""))
    return found or next((row for row in open_ended if chain.startswith(row.chain[:-1])), None)


def role(chain: str, table: str = "") -> str | None:
    """What a chain of that name is for, in a few words; whose it is unless it is Kubernetes' own."""
    found = about(chain, table)
    if found is None:
        return None
    own = found.owner.startswith("kube") or found.owner == found.words
    return found.words if own or found.owner in found.words else f"{found.words} ({found.owner})"
