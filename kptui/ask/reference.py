"""What a user points at: a chain, a rule, a line, a Service, an address; and the nearest names where it is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from kptui.errors import UsageError
from kptui.kubernetes.balancing import split_address
from kptui.kubernetes.service import ServicePort
from kptui.kubernetes.services import Services
from kptui.netfilter.address import family_of, parse
from kptui.records import dataclass
from kptui.syntax.ast import Ruleset, Table
from kptui.text import visible

NEAREST = 5


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the rules: a chain, or one of its rules by its number from 1."""

    table: Table
    chain: str
    rule: int | None = None

    @property
    def words(self) -> str:
        """nat/KUBE-SERVICES or nat/KUBE-SERVICES:3, as the user may write it."""
        return f"{self.table.label}/{self.chain}" + (f":{self.rule}" if self.rule is not None else "")


@dataclass(frozen=True, slots=True)
class Reach:
    """An address, with a port or without."""

    ip: str
    port: int | None = None

    @property
    def words(self) -> str:
        """10.42.0.199:80, [fd00::1]:80, or the address alone."""
        if self.port is None:
            return self.ip
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"


Meant = Spot | ServicePort | Reach


def reference(text: str, ruleset: Ruleset, services: Services) -> list[Meant]:
    """Everything that a text may mean, of one kind: tables may share a chain's name, a Service may have several ports.

    Forms: `nat/CHAIN`, `CHAIN`, either with `:3` for its third rule; a line's number; `namespace/name`, with `:port`
    for one of its ports; an address, with a port or without. Raises UsageError, with the nearest names.
    """
    given = text.strip()
    line = re.fullmatch(r"(?:line[ \t]*|#)?(\d{1,9})", given)
    if line:
        return [_at_line(int(line[1]), ruleset)]
    spots = list(_spots(given, ruleset))
    if spots:
        return _numbered(given, spots)
    reach = _reach(given)
    if reach is not None:
        return [reach]
    ports: list[Meant] = list(_ports(given, services))
    if ports:
        return ports
    raise UsageError(_unknown(given, ruleset, services))


def _at_line(number: int, ruleset: Ruleset) -> Spot:
    for table in ruleset.tables:
        for chain in table.chains.values():
            if chain.line == number:
                return Spot(table, chain.name)
            numbers = getattr(chain.rules, "numbers", ())
            if number in numbers:
                return Spot(table, chain.name, list(numbers).index(number) + 1)
    total = len(ruleset.lines)
    if not 1 <= number <= total:
        raise UsageError(f"there is no line {number}: the dump has {total:,}.")
    raise UsageError(f"line {number} is neither a rule nor a chain: {visible(ruleset.lines[number - 1][:60])!r}")


def _spots(given: str, ruleset: Ruleset) -> Iterator[Spot]:
    """Chains of that name, in the table that is named or in every one."""
    table_name, slash, rest = given.partition("/")
    named = slash and any(table_name in (table.name, table.label) for table in ruleset.tables)
    name, number = _parted(rest if named else given)
    for table in ruleset.tables:
        if (not named or table_name in (table.name, table.label)) and name in table.chains:
            yield Spot(table, name, number)


def _parted(text: str) -> tuple[str, int | None]:
    """CHAIN and N of CHAIN:N."""
    found = re.fullmatch(r"(.+?)(?::| +)(\d{1,9})", text)
    return (found[1], int(found[2])) if found else (text, None)


def _numbered(given: str, spots: list[Spot]) -> list[Meant]:
    """The spots whose rule is there."""
    kept: list[Meant] = [s for s in spots if s.rule is None or 1 <= s.rule <= len(s.table.chains[s.chain].rules)]
    if kept:
        return kept
    counts = [len(spot.table.chains[spot.chain].rules) for spot in spots]
    has = "no rules" if max(counts) == 0 else f"{max(counts):,} rule{'' if max(counts) == 1 else 's'}"
    raise UsageError(f"there is no rule {visible(given)}: the chain has {has}.")


def _reach(given: str) -> Reach | None:
    ip, port = split_address(given)
    try:
        parse(ip, family_of(ip))
    except ValueError:
        return None
    return Reach(ip, port)


def _ports(given: str, services: Services) -> Iterator[ServicePort]:
    """The ports of a Service by its name; without a namespace if only one has it."""
    node_port = re.fullmatch(r"\*:(\d{1,5})", given)
    if node_port:
        yield from (port for port in services if port.node_port == int(node_port[1]))
        return
    if "/" in given:
        yield from services.named(given)
        return
    name = given.partition(":")[0]
    spaces = {each.namespace for each in services if each.service_name == name}
    if len(spaces) == 1:
        yield from services.named(f"{spaces.pop()}/{given}")
    elif len(spaces) > 1:
        names = ", ".join(f"{space}/{name}" for space in sorted(spaces))
        raise UsageError(f"there is a Service {visible(name)} in several namespaces: {visible(names)}.")


def _unknown(given: str, ruleset: Ruleset, services: Services) -> str:
    near = nearest(given, _names(ruleset, services))
    words = f"there is no chain, rule or Service {visible(given)} in these rules"
    return f"{words}; the nearest names: {visible(', '.join(near))}." if near else f"{words}."


def _names(ruleset: Ruleset, services: Services) -> Iterator[str]:
    for table in ruleset.tables:
        yield from table.chains
    for port in services:
        if port.name:
            yield port.service


def nearest(given: str, names: Iterable[str]) -> list[str]:
    """The names most like a text: those that hold it first, then by the letters they share (difflib)."""
    known = list(dict.fromkeys(names))
    wanted = given.partition("/")[2] if given.partition("/")[0] in ("nat", "filter", "mangle", "raw") else given
    lower = {name.lower(): name for name in known}
    holding = [name for low, name in lower.items() if wanted.lower() in low]
    close = [lower[low] for low in get_close_matches(wanted.lower(), lower, NEAREST, 0.5)]
    return list(dict.fromkeys([*sorted(holding, key=len)[:NEAREST], *close]))[:NEAREST]
