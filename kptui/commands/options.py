"""Options that several commands have, as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import click

from kptui.commands.shared import told

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


look_options: list[Decorator] = [
    click.option(
        "--config",
        metavar="FILE",
        help="The settings, in place of $XDG_CONFIG_HOME/kptui/config.toml (docs/settings.md).",
    ),
    click.option("--ascii", is_flag=True, help="No sign that is not ASCII; by itself where the terminal is not UTF-8."),
    click.option("--theme", metavar="NAME", help="The colours: dark, light, high-contrast, color-blind, …-light."),
]
"""How the explorer looks: what `shared.settings_in` takes."""


def _reading(command: Callable[..., Any]) -> Callable[..., Any]:
    """Before a command begins, tell the sources how to read; with --dry-run print what would be run instead of it."""

    @wraps(command)
    def begin(**given: Any) -> Any:
        sudo, timeout, log, image, dry = (given.pop(name) for name in ("sudo", "timeout", "log", "debug_image", "dry"))
        if sudo or timeout or log or image:
            from kptui.sources.access import TIMEOUT, Access, choose

            choose(Access(sudo, timeout or TIMEOUT, log, image))
        if dry:
            with told():
                _show_plan([given[name] for name in ("source", "sources", "before", "after") if name in given])
            return None
        return command(**given)

    return begin


def _show_plan(given: Iterable[Any]) -> None:
    from kptui.commands.several import parted
    from kptui.sources.planned import planned

    for each in given:
        for name in (each,) if isinstance(each, str) else parted(each or ())[0] or ("live:",):
            lines, notes = planned(name)
            for line in lines:
                click.echo(line)
            for note in notes:
                click.echo(f"kptui: {note}", err=True)


source_options: list[Decorator] = [
    click.option("--sudo", is_flag=True, help="Of a running host: run its commands behind sudo -n."),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="What a command of a running host may take (default 60); all together twice that.",
    ),
    click.option("--log", metavar="FILE", help="Write down each command that is run, how it ended, how long it took."),
    click.option(
        "--debug-image",
        metavar="IMAGE",
        help="kubectl:NODE without a kube-proxy pod: make a pod of this image there, and delete it.",
    ),
    click.option("--dry-run", "dry", is_flag=True, help="Only print the commands that would be run for SOURCE."),
    _reading,
]
"""How running hosts are read, for every command that has a SOURCE."""


def with_options(*options: Iterable[Decorator]) -> Decorator:
    """Give a command these options, in this order."""

    def decorate(command: Any) -> Any:
        for option in reversed([each for some in options for each in some]):
            command = option(command)
        return command

    return decorate
