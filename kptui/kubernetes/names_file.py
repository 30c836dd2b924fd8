"""Files that tell Services' names: `kubectl get services -A -o json`, or lines `namespace/name:port protocol`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kptui.errors import UsageError
from kptui.kubernetes.items import items_of
from kptui.kubernetes.known_names import KnownName, KnownNames
from kptui.text import visible

_LINE = re.compile(r"([^\s/:]+/[^\s/:]+(?::[^\s/:]+)?)(?:\s+(\w+))?\s*\Z")
_PROTOCOLS = ("tcp", "udp", "sctp")
_EXPECTED = "expected “namespace/name tcp” or “namespace/name:port-name tcp”, or the JSON of `kubectl get services -A`"


def read_names(text: str, name: str) -> KnownNames:
    """The names in a file's text; raises UsageError with the line, or the item of a list, that makes no sense."""
    first = text.lstrip("\ufeff \t\r\n")
    if first.startswith(("{", "[")):
        return KnownNames(_from_json(first, name))
    return KnownNames(_from_lines(text, name))


def _from_lines(text: str, name: str) -> Iterator[KnownName]:
    for number, line in enumerate(text.split("\n"), 1):
        words = line.partition("#")[0].strip()
        if not words:
            continue
        found = _LINE.match(words)
        protocol = (found[2] or "tcp").lower() if found else ""
        if found is None or protocol not in _PROTOCOLS:
            wrong = (
                f"“{visible(found[2])}” is none of tcp, udp, sctp" if found else f"“{visible(words[:60])}” is no name"
            )
            raise UsageError(f"{visible(name)}, line {number}: {wrong}; {_EXPECTED}.")
        yield KnownName(found[1], protocol)


def _from_json(text: str, name: str) -> Iterator[KnownName]:
    for number, item in enumerate(items_of(name, text, _EXPECTED), 1):
        try:
            yield from _ports(item)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise UsageError(f"{visible(name)}, item {number}: this is no Service; {_EXPECTED}.") from None


def _ports(item: dict[str, Any]) -> Iterator[KnownName]:
    """The ports of one Service as the API has it; one without a cluster IP has no rules."""
    if item.get("kind", "Service") != "Service":
        raise ValueError(item["kind"])
    service = f"{item['metadata'].get('namespace') or 'default'}/{item['metadata']['name']}"
    spec = item["spec"]
    ingress = ((item.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    ips = [*(spec.get("clusterIPs") or [spec.get("clusterIP")]), *(spec.get("externalIPs") or ())]
    ips += [each.get("ip") for each in ingress]
    told = tuple(dict.fromkeys(ip for ip in ips if isinstance(ip, str) and ip not in ("", "None")))
    for port in spec.get("ports") or ():
        name = f"{service}:{port['name']}" if port.get("name") else service
        node_port = int(port["nodePort"]) if port.get("nodePort") else None
        yield KnownName(name, str(port.get("protocol") or "TCP").lower(), told, int(port["port"]), node_port)
