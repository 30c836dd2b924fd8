"""The marks that kube-proxy's chains set for later: something must look at them, nothing clear them on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kptui.kubernetes.balancing import split_address
from kptui.kubernetes.checks.finding import Check, Found, Place
from kptui.kubernetes.checks.view import View
from kptui.kubernetes.roles import role
from kptui.netfilter.address import network
from kptui.netfilter.extensions.mark import operation, pair
from kptui.netfilter.protocols import protocol_number
from kptui.netfilter.sets.boxes import Box, Field, Values, holds, meet
from kptui.netfilter.sets.conditions import region, states
from kptui.syntax.ast import Rule

_MASQ, _DROP = "KUBE-MARK-MASQ", "KUBE-MARK-DROP"
# Where a packet comes by after nat has marked it, and before nat's POSTROUTING looks at it.
_BETWEEN = (
    ("mangle", "INPUT"), ("mangle", "FORWARD"), ("mangle", "POSTROUTING"),
    ("filter", "INPUT"), ("filter", "FORWARD"), ("filter", "OUTPUT"),
    ("security", "INPUT"), ("security", "FORWARD"), ("security", "OUTPUT"),
    ("nat", "POSTROUTING"),
)  # fmt: skip


def short(rule: Rule) -> str:
    """A rule's text without its chain, cut where it is long."""
    text = rule.text.partition(f"-A {rule.chain} ")[2] or rule.text
    return text if len(text) <= 100 else f"{text[:99]}…"


def _set_by(view: View, chain: str) -> int:
    """The bits that a chain's MARK rules set."""
    bits = 0
    for rule in view.rules("nat", chain):
        change = _change(rule)
        if change is not None:
            value, mask = change
            bits |= value & mask
    return bits


def _change(rule: Rule) -> tuple[int, int] | None:
    """(value, mask) of what a MARK rule does: mark = (mark & ~mask) ^ value; None for any other rule."""
    if rule.target is None or rule.target.name != "MARK":
        return None
    try:
        return operation(rule.target.options)
    except ValueError:
        return None


def masquerade_bits(view: View) -> int:
    """The mark that stands for “masquerade” here, 0 if none is set."""
    return _set_by(view, _MASQ)


def _looks_at(rule: Rule, bits: int) -> bool:
    """Whether a rule asks for a mark that has to do with these bits."""
    for match in rule.matches:
        if match.name == "mark":
            for option in match.options:
                try:
                    _, mask = pair(option.value)
                except ValueError:
                    continue
                if mask & bits:
                    return True
    return False


def _reached(view: View, chain: str) -> bool:
    """Whether packets come to a chain of nat."""
    return view.reached("nat", chain, ("PREROUTING", "OUTPUT"))


def _unused(view: View) -> Iterator[Found]:
    table, chain = view.tables.get("nat"), view.chain("nat", _MASQ)
    if table is None or chain is None or not _reached(view, _MASQ) or not view.whole("nat"):
        return
    bits = masquerade_bits(view)
    if not bits:
        yield Found(Place.of_chain(table, chain), "sets no mark, so that nothing of what is sent here is masqueraded")
        return
    below = view.below("nat", "POSTROUTING")
    if "KUBE-POSTROUTING" in below and not any(
        _looks_at(rule, bits) for name in below for rule in table.chains[name].rules
    ):
        message = f"sets the mark {bits:#x}, and no rule that POSTROUTING leads to looks at it"
        yield Found(Place.of_chain(table, chain), message)


def _undropped(view: View) -> Iterator[Found]:
    """Up to 1.24 kube-proxy only marks what is to be dropped; kubelet's KUBE-FIREWALL (up to 1.26) drops it."""
    table, chain = view.tables.get("nat"), view.chain("nat", _DROP)
    if table is None or chain is None or not _reached(view, _DROP) or not view.whole("filter"):
        return
    bits = _set_by(view, _DROP)
    if not bits:
        yield Found(Place.of_chain(table, chain), "sets no mark, so that nothing of what is sent here is dropped")
        return
    below = view.below("filter", "INPUT", "OUTPUT", "FORWARD")
    if below and not any(
        rule.target is not None and rule.target.name == "DROP" and _looks_at(rule, bits)
        for name in below
        for rule in view.rules("filter", name)
    ):
        yield Found(Place.of_chain(table, chain), f"sets the mark {bits:#x}, and no rule of filter drops what has it")


def _clearing(view: View) -> Iterator[tuple[str, str, Rule]]:
    """The rules that clear the mark on its way: the table, the base chain, and the rule."""
    bits = masquerade_bits(view)
    if not bits or not _reached(view, _MASQ):
        return
    seen: set[tuple[str, int]] = set()
    for table, hook in _BETWEEN:
        for rule in _below_hook(view, table, hook, bits):
            if (table, rule.line) not in seen and _meets_service(view, rule, bits):
                seen.add((table, rule.line))
                yield table, hook, rule


def _below_hook(view: View, table: str, hook: str, bits: int) -> Iterator[Rule]:
    """The rules in and below a base chain that clear the bits of packets, as long as marked packets come there."""
    until = view.above("nat", "KUBE-POSTROUTING") if table == "nat" else set()
    for rule in view.rules(table, hook):
        target = rule.target.name if rule.target is not None else ""
        if target in until:
            return
        chains = view.below(table, target) if target in view.tables[table].chains else ()
        for rules in ([rule], *(view.rules(table, name) for name in chains)):
            yield from (each for each in rules if _clears(each, bits) and not _masquerades_then(rules, each))
        if any(holds(taken.box, {"mark": ((bits, bits),)}) for taken in view.taking[table].by_rule(rule)):
            return


def _masquerades_then(rules: Sequence[Rule], clearing: Rule) -> bool:
    """Whether a rule right behind the one that clears masquerades all the same."""
    behind = next((each for each in rules if each.number == clearing.number + 1), None)
    if behind is None or behind.target is None or behind.target.name not in ("MASQUERADE", "SNAT"):
        return False
    return (not behind.generic and not behind.matches) or behind.matches == clearing.matches


def _meets_service(view: View, rule: Rule, bits: int) -> bool:
    """Whether a new, marked connection to some endpoint may match a rule."""
    box = region(rule, view.family).box
    marked = meet({"mark": ((bits, bits),), "state": states("NEW")}, box) if box is not None else None
    return marked is not None and any(meet(marked, each) is not None for each in view.once(_translated))


def _translated(view: View) -> Iterator[Box]:
    """Packets that endpoints' chains translated, as they are afterwards."""
    for found in view.endpoints.values():
        if found.to is None or found.protocol is None:
            continue
        ip, port = split_address(found.to)
        try:
            box: dict[Field, Values] = {"proto": ((protocol_number(found.protocol),) * 2,)}
            region_of = network(ip, view.family).region if ip else None
        except ValueError:
            continue
        if region_of is not None:
            box["dst"] = region_of
        yield {**box, "dport": ((port, port),)} if port is not None else box


def _clears(rule: Rule, bits: int) -> bool:
    change = _change(rule)
    if change is None:
        return False
    value, mask = change
    return ((bits & ~mask) ^ (value & bits)) == 0


def _owner(chain: str) -> str | None:
    """What a chain of another program's is for."""
    return None if chain.startswith("KUBE-") and not chain.startswith("KUBE-ROUTER-") else role(chain)


def _cleared(view: View) -> Iterator[Found]:
    for table, hook, rule in view.once(_clearing):
        if _owner(rule.chain) is None:
            yield _told(view, table, hook, rule, "")


def _cleared_by_cni(view: View) -> Iterator[Found]:
    for table, hook, rule in view.once(_clearing):
        owner = _owner(rule.chain)
        if owner is not None:
            yield _told(view, table, hook, rule, f" ({rule.chain}: {owner})")


def _told(view: View, table: str, hook: str, rule: Rule, whose: str) -> Found:
    what = f"clears the mark {masquerade_bits(view):#x} of packets that come by {hook}"
    message = f"{what}, so that they are not masqueraded{whose}: {short(rule)}"
    return Found(Place.of(table, rule), message)


CHECKS = (
    Check(
        "mark-unused", "error", "A masquerade mark that is set and never used",
        "KUBE-MARK-MASQ marks packets, and KUBE-POSTROUTING masquerades those marked. If it looks at another bit, "
        "nothing is masqueraded: two kube-proxies with different --iptables-masquerade-bit, or rules edited by hand.",
        "Compare the bits in KUBE-MARK-MASQ and KUBE-POSTROUTING, and the --iptables-masquerade-bit of kubelet and "
        "kube-proxy.",
        _unused,
    ),
    Check(
        "drop-mark-unused", "warning", "A drop mark that is set and never used",
        "Up to 1.24 kube-proxy marks what a Service refuses, and kubelet's KUBE-FIREWALL drops it. A newer kubelet "
        "has no such rule any more, so that refused packets go on.",
        "Compare the versions of kubelet and kube-proxy on the node.",
        _undropped,
    ),
    Check(
        "mark-cleared", "warning", "A rule that clears the masquerade mark on its way",
        "Between nat's PREROUTING or OUTPUT, where the mark is set, and nat's POSTROUTING, where it is used, a rule "
        "sets the whole mark, or just that bit, to something else. Answers to what is not masqueraded may not find "
        "their way back.",
        "Give the rule a mask that leaves kube-proxy's bit alone: --set-xmark VALUE/MASK.",
        _cleared,
    ),
    Check(
        "cni-clears-mark", "warning", "A network plugin's chain that clears the masquerade mark",
        "As mark-cleared, by a chain of a CNI plugin or another well-known program, which uses marks of its own.",
        "Most plugins can be told which bits to use (Calico: iptablesMarkMask; kube-proxy: "
        "--iptables-masquerade-bit).",
        _cleared_by_cni,
    ),
)  # fmt: skip
