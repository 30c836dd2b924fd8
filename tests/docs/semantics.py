"""What a trace makes of each extension, found out by asking them all: over packets of which everything is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields

from kptui.netfilter.extensions import match_extension, match_names, target_extension, target_names
from kptui.netfilter.extensions.base import Effect, MatchExtension, Scope, TargetExtension
from kptui.netfilter.facts import Answer, Unsure
from kptui.netfilter.hooks import HOOKS, tables
from kptui.netfilter.host import Host
from kptui.netfilter.packet import ICMP, ICMPV6, TCP, UDP, Packet
from kptui.netfilter.told import Told
from kptui.syntax.ast import Option
from tests.netfilter.test_words import used

_TOLD = {"sport": 40000, "dport": 80, "length": 60, "ttl": 64, "tos": 0, "mss": 1460, "uid": 0, "gid": 0}
_BY_NAME = {"in_": "eth0", "out": "eth1", "mac_source": "00:00:5e:00:53:01", "payload": "00"}
PACKETS = [
    Packet(family=family, proto=proto, src=source, dst=source + 1, ctstate=state, **_TOLD, **_BY_NAME)  # type: ignore[arg-type]
    for family, source in ((4, 0xC0000201), (6, 0xFD << 120 | 1))
    for proto in (TCP, UDP, ICMP if family == 4 else ICMPV6)
    for state in ("NEW", "ESTABLISHED")
]
_PASSED_OVER = {
    "changed",
    "entered",
    "original",
    "first",
    "route",
    "before",
    "tracked",
    "template",
    "zone",
    "snat",
    "dnat",
}
_NAMES = {
    "src": "source", "dst": "destination", "sport": "source port", "dport": "destination port", "tos": "TOS",
    "ttl": "TTL", "mss": "MSS", "ctmark": "connection mark", "tproxy": "socket",
}  # fmt: skip
_VALUES = {
    "connbytes-mode": ("packets",),
    "every": ("2",),
    "ctstatus": ("ASSURED",),
    "header": ("hop-by-hop",),
    "chunk-types": ("any", "DATA"),
    "src-pfx": ("fd00::/48",),
    "dst-pfx": ("fd00::/48",),
}
"""Where the first value that a declaration takes means nothing."""


def hooks_table() -> str:
    """The tables of each hook in the kernel's order, by back end."""
    rows = [[hook, " ".join(tables(hook, "nft")), " ".join(tables(hook, "legacy"))] for hook in HOOKS]
    return _table(["hook", "iptables-nft", "iptables-legacy"], rows)


def matches_table() -> str:
    """Each match: the options that a packet decides, and what else is asked for the others."""
    rows = []
    for name in match_names():
        extension = match_extension(name)
        assert extension is not None
        decided, asked = _match(name, extension)
        rows.append([f"`{name}`", _options(decided), "<br>".join(_why(asked)), _hooks(extension)])
    return _table(["match", "decided by the packet", "what else it asks for", "only in"], rows)


def targets_table() -> str:
    """Each target: what it does to a packet, and what that hangs on."""
    rows = []
    for name in target_names():
        extension = target_extension(name)
        assert extension is not None
        does, asked = _target(name, extension)
        rows.append([f"`{name}`", ", ".join(does), "<br>".join(_why(asked)), _hooks(extension)])
    return _table(["target", "does", "what else it asks for", "only in"], rows)


def _match(name: str, extension: MatchExtension) -> tuple[list[str], dict[str, list[str]]]:
    decided: list[str] = []
    asked: dict[str, list[str]] = {}
    for option in _names(extension) or [""]:
        whys, read = set(), False
        for packet, scope in _asked():
            try:
                tests = extension.compile(_used(name, extension, option), scope)
            except ValueError:
                continue
            read = True
            whys |= {
                _said(answer, scope) for answer in (test(packet) for test in tests) if not isinstance(answer, bool)
            }
        if not read:
            whys.add("means something only beside others, or to kernels before 2.6.14")
        if not whys:
            decided.append(option)
        for why in whys:
            asked.setdefault(why, []).append(option)
    return decided, asked


def _target(name: str, extension: TargetExtension) -> tuple[list[str], dict[str, list[str]]]:
    does: dict[str, None] = {}
    asked: dict[str, list[str]] = {}
    for option in ["", *_names(extension)]:
        for packet, scope in _asked():
            try:
                effect: Effect | None = extension.compile(_used(name, extension, option), scope)(packet)
            except (ValueError, KeyError):
                continue
            while effect is not None:
                does |= dict.fromkeys(_done(packet, effect))
                if effect.unsure is not None and option not in asked.get(effect.unsure.why, ()):
                    asked.setdefault(effect.unsure.why, []).append(option)
                effect = effect.otherwise
    return [each for each in does if each != "passes on" or len(does) == 1], asked


def _done(packet: Packet, effect: Effect) -> Iterator[str]:
    changed = [each.name for each in fields(packet) if getattr(packet, each.name) != getattr(effect.packet, each.name)]
    yield from (f"changes the {_NAMES.get(each, each)}" for each in changed if each not in _PASSED_OVER)
    if effect.verdict:
        yield f"ends with {effect.verdict}"
    elif not set(changed) - _PASSED_OVER:
        yield "passes on"


def _asked() -> Iterator[tuple[Packet, Scope]]:
    """Packets, each with a rule's place that knows nothing but the packet."""
    for packet in PACKETS:
        for hook in ("PREROUTING", "POSTROUTING"):
            yield packet, Scope(Host(packet.family, settings=Told({})), "mangle", hook, 1)


def _used(name: str, extension: MatchExtension | TargetExtension, option: str) -> list[Option]:
    """The option with values that mean something, and what it needs beside it."""
    given = used(name, extension, option) if option else []
    values = {**_VALUES, "mode": ("nth",)} if option in ("every", "packet") else _VALUES
    return [each._replace(values=values.get(each.name, each.values)) for each in given]


def _said(answer: Answer, scope: Scope) -> str:
    if not isinstance(answer, Unsure):
        return "by chance, with its exact share"
    settings = scope.host.settings
    asked = sorted(settings.asked) if isinstance(settings, Told) else []
    return answer.why + (f" (`--set {asked[-1]}=…`)" if asked else "")


def _names(extension: MatchExtension | TargetExtension) -> list[str]:
    return [name for name, syntax in extension.options.syntax.items() if name == syntax.name]


def _hooks(extension: MatchExtension | TargetExtension) -> str:
    declared = extension.options
    return " ".join([*sorted(declared.tables), *(hook for hook in HOOKS if hook in declared.hooks)])


def _options(names: Iterable[str]) -> str:
    return " ".join(f"`--{name}`" if name else "yes" for name in names)


def _why(asked: dict[str, list[str]]) -> list[str]:
    return [f"{why}: {_options(names)}" if any(names) else why for why, names in sorted(asked.items())]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in lines)
