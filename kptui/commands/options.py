"""Options that several commands have, as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click

Decorator = Callable[[Any], Any]

_PACKET = {
    "--src": "Source address; left out, it is unknown.",
    "--dst": "Destination address.",
    "--proto": "tcp (default), udp, sctp, icmp, icmpv6 or a number.",
    "--sport": "Source port.",
    "--dport": "Destination port.",
    "--in": "Interface it comes in by.",
    "--out": "Interface it goes out by.",
    "--origin": "external or local; left out, from the source address.",
    "--ctstate": "conntrack state (default NEW).",
    "--mark": "Packet mark (default 0x0).",
    "--ctmark": "Connection mark (default 0x0).",
    "--tcp-flags": "TCP flags that are set (default SYN for NEW).",
    "--icmp-type": "Type, type/code or name (default echo-request).",
}

packet_options: list[Decorator] = [
    click.option(name, *(["in_"] if name == "--in" else []), default="", help=help) for name, help in _PACKET.items()
]
"""What a packet is made of."""

host_options: list[Decorator] = [
    click.option(
        "--local",
        multiple=True,
        metavar="IP[/LEN]",
        help="An address of the host, beside a bundle's; repeatable.",
    ),
    click.option(
        "--route", "routes", multiple=True, metavar="'CIDR dev IF'", help="A route; wins over a bundle's. Repeatable."
    ),
    click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="What else a match asks for."),
    click.option("--assume", multiple=True, metavar="TEXT=yes|no", help="Settle an unknown match."),
    click.option("--backend", type=click.Choice(["nft", "legacy"]), help="Default: from the dump's header, else nft."),
    click.option("--ipset", metavar="FILE", help="Output of `ipset save`, in place of a bundle's."),
    click.option("--conntrack", metavar="FILE", help="Output of `conntrack -L`, for --ctstate ESTABLISHED."),
]
"""What is known of the host besides its rules."""

names_option: list[Decorator] = [
    click.option(
        "--names",
        metavar="FILE",
        help="Services' names: `kubectl get services -A -o json`, or lines NS/NAME:PORT PROTO.",
    )
]
"""Names for chains that have no comments."""


def with_options(*options: Iterable[Decorator]) -> Decorator:
    """Give a command these options, in this order."""

    def decorate(command: Any) -> Any:
        for option in reversed([each for some in options for each in some]):
            command = option(command)
        return command

    return decorate
