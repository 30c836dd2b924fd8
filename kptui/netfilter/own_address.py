"""Which of its addresses a host takes for what it sends, masquerades or redirects, where they are known.

Source: inet_select_addr (devinet.c), ipv6_dev_get_saddr (addrconf.c, RFC 6724), nf_nat_redirect.c of Linux 6.x.
"""

from __future__ import annotations

from collections.abc import Iterable

from kptui.netfilter.address import network
from kptui.netfilter.fib import Query, longest
from kptui.netfilter.host import Host
from kptui.netfilter.iproute import LOCAL, Address
from kptui.netfilter.packet import Packet

_SCOPES = {"global": 0, "universe": 0, "site": 200, "link": 253, "host": 254}
_LABELS = tuple(
    (network(net, 6), label)
    for net, label in (
        ("::1/128", 0), ("::ffff:0:0/96", 4), ("2002::/16", 2), ("2001::/32", 6), ("2001:10::/28", 7), ("fc00::/7", 5),
        ("fec0::/10", 11), ("3ffe::/16", 12), ("::/96", 3), ("::/0", 1),
    )
)  # fmt: skip
"""The kernel's own labels of address ranges (addrlabel.c), narrowest first."""


def select(host: Host, device: str, dst: int | None, via: int | None = None, scope: int = 0) -> int | None:
    """The address for packets that leave by a device, None if it isn't known or there is none.

    `scope` is the widest that an IPv4 address may have to be taken: 0 global, 253 link.
    """
    if host.addresses is None:
        return None
    if host.family == 6:
        return _six(host.addresses, device, dst)
    return _four([each for each in host.addresses if each.device == device], via, scope) or _anywhere(
        host.addresses, scope
    )


def source_for(host: Host, packet: Packet) -> int | None:
    """The source address of a packet that a process sends without having chosen one, after routing."""
    decision = packet.route
    if decision is None or not isinstance(packet.dst, int) or not host.complete:
        return None
    if decision.kind == "local":
        own = longest(host, Query(packet.dst, 0), LOCAL)
        return packet.dst if own is None or own.source is None else own.source
    if decision.source is not None or not isinstance(decision.device, str):
        return decision.source
    return select(host, decision.device, packet.dst, decision.via, 0 if decision.via is not None else 253)


def first_on(host: Host, device: str) -> int | None:
    """The first IPv4 address of a device, to which REDIRECT leads; None if it isn't known or there is none."""
    return next((each.address for each in host.addresses or () if each.device == device), None)


def bare(host: Host, device: object) -> bool:
    """Whether a device surely has no address."""
    if host.addresses is None or not isinstance(device, str):
        return False
    return all(each.device != device for each in host.addresses)


def nowhere(host: Host) -> bool:
    """Whether the host surely has no IPv4 address that means something to others."""
    return host.addresses is not None and _anywhere(host.addresses, 0) is None


def _scope(address: Address) -> int:
    return _SCOPES.get(address.scope, int(address.scope) if address.scope.isdigit() else 0)


def _four(on: Iterable[Address], via: int | None, scope: int) -> int | None:
    """The primary address whose network the next hop is in, else the first primary one."""
    fitting = [each for each in on if not each.secondary and _scope(each) <= scope]
    beside = (each for each in fitting if via is not None and via in each.net)
    found = next(beside, fitting[0] if fitting else None)
    return found.address if found else None


def _anywhere(addresses: Iterable[Address], scope: int) -> int | None:
    """Where the device has none, the first of any device that means something everywhere."""
    fitting = (each for each in addresses if not each.secondary and _scope(each) <= scope and _scope(each) != 253)
    found = next(fitting, None)
    return found.address if found else None


def _six(addresses: Iterable[Address], device: str, dst: int | None) -> int | None:
    """RFC 6724's rules 1 to 8 (those for mobility and temporary addresses aside); None where two are as good."""
    if dst is None:
        return None
    narrow = _scope_six(dst) != 14
    ranked = sorted(
        (
            (_goodness(each, device, dst), each.address)
            for each in addresses
            if not each.tentative and (each.device == device or not narrow)
        ),
        reverse=True,
    )
    if not ranked or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
        return None
    return ranked[0][1]


def _goodness(address: Address, device: str, dst: int) -> tuple[bool, int, bool, bool, bool, int]:
    own, wanted = _scope_six(address.address), _scope_six(dst)
    # Rule 2: the smallest scope that still reaches; one that doesn't reach is worse than any that does.
    scope = -own if own >= wanted else own - 32
    same = 128 - (address.address ^ dst).bit_length()
    return (
        address.address == dst,
        scope,
        not address.deprecated,
        address.device == device,
        _label(address.address) == _label(dst),
        min(same, address.net.mask.bit_count()),
    )


def _scope_six(address: int) -> int:
    """An IPv6 address's scope as multicast has it: 1 interface, 2 link, 5 site, 14 global."""
    if address in network("ff00::/8", 6):
        return address >> 112 & 15
    if address == 1 or address in network("fe80::/10", 6):
        return 2
    return 5 if address in network("fec0::/10", 6) else 14


def _label(address: int) -> int:
    return next(label for net, label in _LABELS if address in net)
