"""Which kube-proxy wrote the rules, as far as they tell: its mode, and the versions that write such rules.

What tells the versions apart: proxier.go 1.20 to 1.34. Chains that kube-proxy always writes tell by being absent, too.
"""

from __future__ import annotations

from typing import Literal

from kptui.kubernetes.names import parted
from kptui.kubernetes.services import Services
from kptui.records import dataclass
from kptui.syntax.ast import Chain, Family, Rule, Ruleset, Table

Mode = Literal["iptables", "IPVS", "none"]
"""“none”: no rule of kube-proxy's; its nftables mode does not show in a dump of iptables."""
_LOOKED_AT = 50
"""So many rules, or Services' chains, are looked at for how they are written: all are written alike."""


@dataclass(frozen=True, slots=True)
class Writer:
    """The mode, and the least and greatest 1.x (None: open) of the versions that may have written the rules."""

    mode: Mode
    least: int | None = None
    most: int | None = None

    @property
    def versions(self) -> str:
        """“1.22 to 1.23”, “1.25 or newer”; empty where nothing tells."""
        if self.least is None and self.most is None:
            return ""
        if self.most is None:
            return f"1.{self.least} or newer"
        if self.least is None:
            return f"1.{self.most} or older"
        return f"1.{self.least}" if self.least == self.most else f"1.{self.least} to 1.{self.most}"

    def may_be(self, other: Writer) -> bool:
        """Whether both may be of one version."""
        ends = [each for each in (self.most, other.most) if each is not None]
        begins = [each for each in (self.least, other.least) if each is not None]
        return self.mode == other.mode and (not ends or not begins or max(begins) <= min(ends))


def writer_of(ruleset: Ruleset, services: Services) -> Writer:
    """Who wrote a ruleset's own family's rules."""
    nat, filtering = ruleset.table("nat"), ruleset.table("filter")
    if services.ipvs:
        return Writer("IPVS")
    if nat is None or not (len(services) or "KUBE-SERVICES" in nat.chains):
        return Writer("none")
    least, most = _by_chains(nat, filtering)
    if least is None or least < 22:
        least, most = _by_masquerading(nat, least, most)
    if least is not None and least >= 25 and filtering is not None and _counts(nat, filtering):
        least = 31
    return Writer("iptables", least, most)


def _by_chains(nat: Table, filtering: Table | None) -> tuple[int | None, int | None]:
    least: int | None = None
    most: int | None = None
    parts = {there[0] for name in nat.chains if (there := parted(name)) is not None}
    if parts & {"ext", "svl"}:
        least = 24
    elif "xlb" in parts:
        most = 23
    if filtering is None or "KUBE-FORWARD" not in filtering.chains or not filtering.line:
        return least, most
    if "KUBE-PROXY-FIREWALL" in filtering.chains:
        return 25, None
    if "KUBE-NODEPORTS" in filtering.chains:
        return max(least or 0, 21), 23 if most == 23 else 24
    return least, 20


def _by_masquerading(nat: Table, least: int | None, most: int | None) -> tuple[int | None, int | None]:
    """Up to 1.21 the rule that marks stands in KUBE-SERVICES, from 1.22 on in the Service's own chain."""
    shared = nat.chains.get("KUBE-SERVICES")
    if shared is not None and any(map(_marks_cluster_ip, _first(shared))):
        return least, min(most or 21, 21)
    own = [name for name in nat.chains if name.startswith("KUBE-SVC-")][:_LOOKED_AT]
    if any(_marks_cluster_ip(rule) for name in own for rule in _first(nat.chains[name])[:1]):
        return max(least or 22, 22), most
    return least, most


def _first(chain: Chain) -> list[Rule]:
    return list(chain.rules[:_LOOKED_AT])


def _marks_cluster_ip(rule: Rule) -> bool:
    marks = rule.target is not None and rule.target.name == "KUBE-MARK-MASQ"
    return marks and (rule.comment or "").endswith("cluster IP")


def _counts(nat: Table, filtering: Table) -> bool:
    """From 1.31 on rules count by nfacct where the kernel can."""
    chains = (filtering.chains.get("KUBE-FORWARD"), nat.chains.get("KUBE-NODEPORTS"))
    rules = (rule for chain in chains if chain is not None for rule in _first(chain))
    return any(match.name == "nfacct" for rule in rules for match in rule.matches)


def told_families(ruleset: Ruleset) -> list[Family]:
    """The families of which the dump has kube-proxy's dispatch chain."""
    known: list[Family] = [4, 6]
    nats = {family: ruleset.table("nat", family) for family in known}
    return [family for family, nat in nats.items() if nat is not None and "KUBE-SERVICES" in nat.chains]
