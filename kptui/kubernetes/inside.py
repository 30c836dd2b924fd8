"""What a Service port's own chains say: policies, source ranges, where packets are dropped for want of endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from kptui.kubernetes.balancing import Balancing, balancing
from kptui.kubernetes.frontend import Frontend, RuleRef
from kptui.kubernetes.names import parted
from kptui.records import dataclass, field
from kptui.syntax.ast import Chain, Rule

Policy = Literal["Cluster", "Local"]
Part = str
"""svc, svl, ext, xlb or fw."""

MARK_DROP = "KUBE-MARK-DROP"
_LOCAL_PARTS = ("svl", "xlb")


@dataclass(frozen=True, slots=True)
class Jump:
    """A rule of a Service's chain that leads to another one of its chains (`part`); `source` is its -s, None without.

    `always` if it asks for nothing; `from_node` if it asks for a packet of the node's own (--src-type LOCAL).
    """

    part: Part
    source: str | None
    always: bool
    from_node: bool
    rule: RuleRef

    @property
    def condition(self) -> str:
        """Whose packets it takes, in words; empty for everyone's."""
        if self.always:
            return ""
        words = [f"from {self.source}"] if self.source else []
        return " and ".join([*words, *(["from this node"] if self.from_node else [])]) or "by its conditions"


@dataclass(slots=True)
class Inside:
    """A Service port's chains, read: how svc, svl and xlb balance, where ext, xlb and fw lead, which chains drop."""

    balancings: dict[Part, Balancing] = field(default_factory=dict)
    jumps: dict[Part, tuple[Jump, ...]] = field(default_factory=dict)
    drops: dict[Part, RuleRef] = field(default_factory=dict)

    @property
    def affinity(self) -> int | None:
        """Seconds of session affinity, None without."""
        return next((found.affinity for found in self.balancings.values() if found.affinity is not None), None)

    def beyond(self, part: Part) -> list[Part]:
        """The parts that packets from outside pass, from one on: fw, ext, svl; without the short cuts of local ones."""
        found = [part]
        while (further := self._always(found[-1])) is not None and further not in found:
            found.append(further)
        return found

    def _always(self, part: Part) -> Part | None:
        jumps = self.jumps.get(part, ())
        if part == "fw":
            # Behind a source range or not, it leads to one chain only.
            return jumps[-1].part if jumps else None
        return next((jump.part for jump in jumps if jump.always), None)

    def policy(self, part: Part) -> Policy | None:
        """The traffic policy of what comes into a part."""
        last = self.beyond(part)[-1]
        if last in ("fw", "ext") and not self.jumps.get(last):
            return None
        return "Cluster" if last == "svc" else "Local"

    def dropped_in(self, part: Part) -> RuleRef | None:
        """The rule (up to 1.24) that marks for dropping what comes into a part and finds no endpoint on this node."""
        return next((self.drops[each] for each in self.beyond(part) if each in self.drops), None)

    def source_ranges(self, frontends: Iterable[Frontend], family: int) -> tuple[str, ...]:
        """loadBalancerSourceRanges, in the order of the rules.

        Where a range holds the node's address, kube-proxy lets the load balancer's own through too: that is none.
        """
        jumps = self.jumps.get("fw", ())
        own = {frontend.ip for frontend in frontends if frontend.kind == "load balancer IP"}
        found = [jump.source for jump in jumps if jump.source and _host(jump.source) not in own]
        # Without source ranges there is no KUBE-FW- chain from 1.24 on, where it leads to KUBE-EXT-.
        if any(jump.always and jump.part == "ext" for jump in jumps):
            found.append("0.0.0.0/0" if family == 4 else "::/0")
        return tuple(dict.fromkeys(found))


def inside(chains: Mapping[Part, str], known: Mapping[str, Chain]) -> Inside:
    """Reads the chains of one Service port; `known` are the nat table's. Each rule is looked at once."""
    found = Inside()
    for part, name in chains.items():
        chain = known.get(name)
        if chain is None:
            continue
        if part in ("svc", *_LOCAL_PARTS):
            found.balancings[part] = balancing(chain)
        if part not in ("svc", "svl"):
            found.jumps[part] = tuple(jump for rule in chain.rules if (jump := _jump(rule)) is not None)
        if part != "fw" and (dropping := _dropping(chain)) is not None:
            found.drops[part] = dropping
    return found


def _jump(rule: Rule) -> Jump | None:
    there = parted(rule.target.name) if rule.target else None
    if there is None:
        return None
    source = rule.option("source")
    given = source.value if source is not None and not source.negated else None
    plain = not rule.generic and all(match.name == "comment" for match in rule.matches)
    own = any(o.name == "src-type" and o.value == "LOCAL" and not o.negated for m in rule.matches for o in m.options)
    return Jump(there[0], given, plain, own, RuleRef.of("nat", rule))


def _dropping(chain: Chain) -> RuleRef | None:
    """KUBE-MARK-DROP as a chain's last rule stands for “has no local endpoints”, but for a KUBE-FW- chain."""
    if not len(chain.rules):
        return None
    last = chain.rules[-1]
    return RuleRef.of("nat", last) if last.target and last.target.name == MARK_DROP else None


def _host(source: str) -> str | None:
    """The address of a range that is one host, else None."""
    address, _, length = source.partition("/")
    return address if length in ("", "32", "128", "255.255.255.255") else None
