"""What chains stand for, remembered; and how names and numbers are shortened to fit."""

from __future__ import annotations

from kptui.kubernetes.roles import about, role
from kptui.kubernetes.services import ServicePort, Services, label
from kptui.syntax.ast import Table
from kptui.tracing import Session

LONGEST = 10_000
"""What has more digits is counted in thousands, millions and so on."""


class Naming:
    """Labels of one ruleset's chains, worked out when a chain first comes into sight."""

    def __init__(self, session: Session) -> None:
        """Nothing is read yet."""
        self._session = session
        self._labels: dict[str, str | None] = {}

    @property
    def services(self) -> Services:
        """The ruleset's Service ports."""
        return self._session.services

    def label(self, table: Table, chain: str) -> str | None:
        """The Service port or endpoint a chain of the nat table stands for."""
        if table.name != "nat" or chain not in table.chains:
            return None
        if chain not in self._labels:
            self._labels[chain] = label(table.chains[chain], self.services)
        return self._labels[chain]

    def role(self, table: Table, chain: str) -> str | None:
        """What a well-known chain is for, in a few words."""
        return role(chain, table.name)

    def sentence(self, table: Table, chain: str) -> str | None:
        """What a well-known chain is for, in a sentence."""
        found = about(chain, table.name)
        return found.sentence if found else None

    def known(self, table: Table, chain: str) -> str | None:
        """What a chain stands for, else what it is for."""
        return self.label(table, chain) or self.role(table, chain)

    def service(self, table: Table, chain: str) -> ServicePort | None:
        """The Service port that a chain belongs to."""
        return self.services.by_chain(chain) if table.name == "nat" else None


def shortened(text: str, width: int) -> str:
    """A name cut in the middle to fit a width."""
    if len(text) <= width:
        return text
    keep = max(2, width - 1)
    tail = 4 if keep >= 16 else 0
    return f"{text[: keep - tail]}…{text[len(text) - tail :] if tail else ''}"


def counted(number: int | None) -> str:
    """A counter in five cells, rounded as iptables -L does: 12, 4812, 15k, 3200k, 31M; empty where there is none."""
    if number is None:
        return ""
    rounded, factor, units = number, 1, list("kMGTPE")
    unit = ""
    while rounded >= LONGEST and units:
        factor, unit = factor * 1000, units.pop(0)
        rounded = (number + factor // 2) // factor
    return f"{rounded}{unit}"
