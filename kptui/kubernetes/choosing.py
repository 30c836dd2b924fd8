"""Choosing Services: by words of a pattern, by endpoint, and in which order."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kptui.kubernetes.balancing import split_address
from kptui.kubernetes.names import ENDPOINT_PREFIX
from kptui.kubernetes.service import Endpoint, ServicePort
from kptui.ruleset.translations import Translation, translations
from kptui.syntax.ast import Ruleset

_LIKE_ADDRESS = re.compile(r"[0-9a-f]*[.:\[][0-9a-f.:\[\]]*\Z")


def matching(ports: Iterable[ServicePort], pattern: str) -> list[ServicePort]:
    """The Service ports that fit every word of a pattern; letters' case doesn't matter."""
    words = pattern.lower().split()
    return [port for port in ports if all(_fits(port, word) for word in words)]


def _fits(port: ServicePort, word: str) -> bool:
    """A number is a port or part of a name; else a part of the name or an address, or the protocol.

    What looks like an address may also be that of an endpoint.
    """
    if word in port.name.lower() or word == port.protocol:
        return True
    if word.isdecimal():
        number = int(word) if len(word) <= 5 else -1
        return any(number == each.port for each in port.frontends) or number == port.health_check_node_port
    if any(word in each.address for each in port.frontends):
        return True
    return bool(_LIKE_ADDRESS.match(word)) and any(word in each.address for each in port.endpoints)


def _address(ip: str | None) -> tuple[int, int]:
    """An address as something to sort by."""
    try:
        number = ipaddress.ip_address(ip or "")
    except ValueError:
        return 9, 0
    return number.version, int(number)


ORDERS: Mapping[str, Callable[[ServicePort], Any]] = {
    "name": lambda port: (not port.name, port.title, port.protocol, port.family),
    "address": lambda port: (_address(port.cluster_ip), port.port or 0),
    "port": lambda port: (port.port or 65536, port.protocol),
    "node-port": lambda port: port.node_port or 65536,
    "endpoints": lambda port: len(port.endpoints),
}
"""What Services can be sorted by."""


def ordered(ports: Iterable[ServicePort], order: str) -> list[ServicePort]:
    """Service ports sorted by one of ORDERS, the other way round with a dash before it; equals stay as they are."""
    return sorted(ports, key=ORDERS[order.removeprefix("-")], reverse=order.startswith("-"))


def leading_to(ports: Iterable[ServicePort], ip: str, port: int | None = None) -> list[tuple[ServicePort, Endpoint]]:
    """The Service ports that have an address (and port) among their endpoints."""
    wanted = canonical(ip)
    return [
        (service, pod)
        for service in ports
        for pod in service.endpoints
        if pod.ip is not None and canonical(pod.ip) == wanted and port in (None, pod.port)
    ]


def other_translations(ruleset: Ruleset, ip: str, port: int | None = None) -> list[Translation]:
    """Rules besides those of Services that translate to an address (and port), such as a pod's host ports."""
    found = []
    for each in translations(ruleset, canonical(ip), ENDPOINT_PREFIX):
        there, number = split_address(each.to)
        if canonical(there) == canonical(ip) and port in (None, number):
            found.append(each)
    return found


def canonical(ip: str) -> str:
    """An address as the kernel prints it, so that two ways to write one are equal; other text as it is."""
    if ":" not in ip:
        return ip
    try:
        return str(ipaddress.ip_address(ip))
    except ValueError:
        return ip
