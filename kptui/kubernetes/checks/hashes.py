"""Names: each chain of a Service carries the hash of the Service's name, so comments that don't fit are found."""

from __future__ import annotations

from collections.abc import Iterator

from kptui.kubernetes.checks.finding import Check, Found, Place
from kptui.kubernetes.checks.view import View
from kptui.kubernetes.names import ENDPOINT_PREFIX, endpoint_hash, parted, service_hash, service_in
from kptui.syntax.ast import Rule


def _misnamed(view: View) -> Iterator[Found]:
    # kube-proxy up to 1.5 hashed the colon of ports without a name, too.
    told: set[str] = set()
    for chain in ("KUBE-SERVICES", "KUBE-NODEPORTS"):
        for rule in view.rules("nat", chain):
            there = parted(rule.target.name) if rule.target is not None else None
            name, protocol = _told(rule)
            if there is None or not name or not protocol or rule.target is None or rule.target.name in told:
                continue
            if there[1] not in (service_hash(name, protocol), service_hash(f"{name}:", protocol)):
                told.add(rule.target.name)
                message = f"its comment says {name}, but {rule.target.name} is not {name}'s chain for {protocol}"
                hint = f"{name} would have KUBE-{there[0].upper()}-{service_hash(name, protocol)}."
                yield Found(Place.of("nat", rule), message, hint)
    yield from _misnamed_endpoints(view)


def _misnamed_endpoints(view: View) -> Iterator[Found]:
    for chain, found in view.endpoints.items():
        name = service_in(found.comment) if found.comment else None
        if not name or not found.protocol or found.to is None or found.place is None:
            continue
        fitting = [endpoint_hash(each, found.protocol, found.to) for each in (name, f"{name}:")]
        if chain.removeprefix(ENDPOINT_PREFIX) not in fitting:
            message = f"it is not the chain of {found.to}/{found.protocol} of {name}, for which it is written"
            yield Found(found.place, message, f"That would be {ENDPOINT_PREFIX}{fitting[0]}.")


def _told(rule: Rule) -> tuple[str | None, str | None]:
    """The Service port that a rule's comment names, and its protocol."""
    protocol = rule.option("protocol")
    comment = rule.comment
    if not comment or protocol is None or protocol.negated:
        return None, None
    return service_in(comment), protocol.value.lower()


CHECKS = (
    Check(
        "hash-mismatch", "warning", "A chain whose name does not fit its comment",
        "The names of kube-proxy's chains end in a hash of namespace/name:port and protocol (and of the endpoint, in "
        "KUBE-SEP-). Where hash and comment disagree, the rule was edited or anonymised, and either may be wrong.",
        "Trust the jumps, not the comments; compare with kubectl get services -A.",
        _misnamed,
    ),
)  # fmt: skip
