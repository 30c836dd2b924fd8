"""A packet in one line: “tcp 192.168.50.2:40000 -> 10.110.199.45:80”, “-> default/nginx”, “-> nodeport 32754”."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptui.ask.request import Request, port_number
from kptui.errors import UsageError
from kptui.netfilter.address import family_of, parse
from kptui.netfilter.protocols import protocol_number
from kptui.patterns import pattern
from kptui.records import replace
from kptui.text import visible

if TYPE_CHECKING:
    from kptui.kubernetes.services import ServicePort, Services

_SIX = pattern(r"\[([0-9A-Fa-f:.]+)\](?::(\d+))?\Z")
_LIKE_ADDRESS = pattern(r"\[|\d+\.[\d.]*(?::|\Z)|[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:")
_SERVICE = pattern(r"[a-z0-9][-a-z0-9.]*/[a-z0-9][-a-z0-9.]*(:[-a-zA-Z0-9]+)?\Z")
_EXAMPLES = (
    "for example “10.110.199.45:80”, “tcp 192.168.50.2 -> 10.110.199.45:80”, “-> default/nginx”, “-> nodeport 32754”"
)


class ServiceError(UsageError):
    """A Service that these rules don't know, or of which a port has to be told."""


def expression(text: str, services: Services) -> Request:
    """The request that an expression stands for; raises UsageError saying which part makes no sense."""
    before, arrow, after = text.partition("->")
    if not arrow:
        before, after = _without_arrow(text)
    request = Request()
    words = before.split()
    if words and not _is_place(words[-1]) and len(words) > 2:
        raise UsageError(f"“{visible(text)}” has too many words before the destination; {_EXAMPLES}.")
    if words and _is_place(words[-1]):
        address, port = _place(words.pop())
        request = replace(request, src=address, sport=port)
    request = _protocol(request, words, text)
    return _destination(request, after.split(), services, text)


def _without_arrow(text: str) -> tuple[str, str]:
    """Without an arrow, the last word is the destination (two words for a node port)."""
    words = text.split()
    count = 2 if len(words) > 1 and words[-2] == "nodeport" else 1
    return " ".join(words[:-count]), " ".join(words[-count:])


def _protocol(request: Request, words: list[str], text: str) -> Request:
    if not words:
        return request
    try:
        protocol_number(words[0])
    except ValueError:
        raise UsageError(f"“{visible(words[0])}” is neither a protocol nor an address; {_EXAMPLES}.") from None
    if len(words) > 2:
        raise UsageError(f"“{visible(text)}” has too many words before the destination; {_EXAMPLES}.")
    return replace(request, proto=words[0], icmp_type=words[1] if len(words) == 2 else "")


def _destination(request: Request, words: list[str], services: Services, text: str) -> Request:
    if len(words) == 2 and words[0] == "nodeport":
        try:
            port = str(port_number(words[1]))
        except ValueError as error:
            raise UsageError(f"{visible(str(error))}.") from None
        found = next((s for s in services if str(s.node_port) == port and request.proto in ("", s.protocol)), None)
        return replace(request, to_node=True, dport=port, proto=request.proto or (found.protocol if found else ""))
    if len(words) != 1:
        raise UsageError(f"“{visible(text)}” names no destination; {_EXAMPLES}.")
    if _is_place(words[0]):
        address, port = _place(words[0])
        return replace(request, dst=address, dport=port)
    if not _SERVICE.match(words[0]):
        raise UsageError(f"“{visible(words[0])}” is neither an address nor a Service (namespace/name); {_EXAMPLES}.")
    found = _service(words[0], request.proto, services)
    return replace(request, dst=found.cluster_ip or "", dport=str(found.port), proto=found.protocol)


def _service(name: str, proto: str, services: Services) -> ServicePort:
    ports = [port for port in services.named(name) if port.cluster_ip]
    ports = [port for port in ports if proto in ("", port.protocol)]
    if not ports:
        near = sorted({port.service for port in services if name.split("/")[1] in port.service})[:5]
        hint = f" Like it: {', '.join(near)}." if near else ""
        raise ServiceError(f"These rules know no Service {visible(name)} with a cluster IP.{hint}")
    if len(ports) > 1:
        choices = ", ".join(f"{port.name} ({port.protocol} {port.port})" for port in ports)
        raise ServiceError(f"Service {visible(name)} has several ports, say which: {visible(choices)}.")
    return ports[0]


def _is_place(word: str) -> bool:
    """Whether a word means to be an address, be it one or not."""
    return _LIKE_ADDRESS.match(word) is not None


def _place(word: str) -> tuple[str, str]:
    """ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT."""
    six = _SIX.match(word)
    address, port = (six[1], six[2] or "") if six else (word, "")
    if not six and word.count(":") == 1:
        address, port = word.split(":")
    try:
        parse(address, family_of(address))
        if port or word.endswith(":"):
            port_number(port)
    except ValueError as error:
        raise UsageError(f"{visible(str(error))}.") from None
    return address, port
