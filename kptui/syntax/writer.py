"""From the AST back to the text of iptables-save: for what iptables-save wrote, byte for byte the same.

Other input becomes text that iptables-restore takes and that means the same: a rule is written anew only where it is
not in a form that iptables-restore reads, and declarations move up where a rule leads to a chain declared below it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from kptui.syntax.ast import Chain, Option, Rule, Ruleset, Table
from kptui.syntax.diagnostics import Diagnostic
from kptui.syntax.shapes import BLANKS

_GENERIC = {"source": "-s", "destination": "-d", "in": "-i", "out": "-o", "protocol": "-p", "fragment": "-f"}
_PLAIN = re.compile(r"[^ \t\n\"]+\Z")
_PLAINLY = re.compile(r"(?:\[\d+:\d+\][ \t]+)?-A[ \t]")
_DECLARED = re.compile(r":[^ \t]+[ \t]+(?:[A-Z]+|-)(?:[ \t]+\[\d+:\d+\])?\Z")
_UNSAFE = re.compile(r"[ \t]-t[ \t]")


def save(ruleset: Ruleset) -> str:
    """The ruleset as iptables-restore reads it; comments are kept, and what could not be read becomes one."""
    comments = list(_comments(ruleset))
    comments.reverse()
    out: list[str] = []
    for table in ruleset.tables:
        out += _taken(comments, table.line)
        out += _table(table, ruleset, comments)
    out += [text for _, text in reversed(comments)]
    return "".join(f"{line}\n" for line in out)


def _table(table: Table, ruleset: Ruleset, comments: list[tuple[int, str]]) -> Iterator[str]:
    declared = [(chain.line, _declaration(chain)) for chain in table.chains.values()]
    missing = [(0, f":{name} - [0:0]") for name in sorted(_missing(table, ruleset.targets))]
    rules = [(rule.line, rule_text(rule, ruleset.lines)) for chain in table.chains.values() for rule in chain.rules]
    yield f"*{table.name}"
    if _in_order(table):
        # Every line where it stood.
        text: Iterable[tuple[int, str]] = sorted([*missing, *declared, *rules], key=lambda each: each[0])
    else:
        text = [*sorted([*missing, *declared]), *rules]
    for number, line in text:
        yield from _taken(comments, number)
        yield line
    yield from _taken(comments, table.end)
    yield "COMMIT"


def _in_order(table: Table) -> bool:
    """Whether rules stand in the order of their lines, and below the declarations of the chains they lead to."""
    for chain in table.chains.values():
        last = chain.line
        for rule in chain.rules:
            if rule.line < last:
                return False
            last = rule.line
            to = table.chains.get(rule.target.name) if rule.target is not None else None
            if to is not None and to.line > rule.line:
                return False
    return True


def _missing(table: Table, targets: Collection[str]) -> set[str]:
    """Chains that rules lead to and nothing declares: iptables-restore would refuse those rules."""
    rules = (rule for chain in table.chains.values() for rule in chain.rules)
    led = (rule.target for rule in rules if rule.target is not None and not rule.refused and not rule.target.options)
    return {target.name for target in led if target.name not in table.chains and target.name not in targets}


def rule_text(rule: Rule, lines: Sequence[str]) -> str:
    """A rule's line as iptables-restore takes it: as it stands where possible, else written anew."""
    if rule.refused:
        return f"# {rule.text}"
    if _PLAINLY.match(rule.text) and not _old(rule.problem) and not _UNSAFE.search(rule.text):
        # Up to 1.4, iptables-save left a blank at the end of each rule.
        return lines[rule.line - 1].rstrip("\r").lstrip(" \t")
    return written(rule)


def _old(problem: Diagnostic | None) -> bool:
    """Whether the rule has its `!` where only old releases take it."""
    return problem is not None and problem.message.startswith("!")


def written(rule: Rule) -> str:
    """A rule's line from its parts."""
    words = ["-A", _quoted(rule.chain)]
    for option in rule.generic:
        words += [*(["!"] if option.negated else []), _GENERIC[option.name], *map(_quoted, option.values)]
    for match in rule.matches:
        words += [] if match.implicit else ["-m", _quoted(match.name)]
        words += _options(match.options)
    if rule.target is not None:
        words += ["-g" if rule.target.goto else "-j", _quoted(rule.target.name), *_options(rule.target.options)]
    counters = "" if rule.packets is None else f"[{rule.packets}:{rule.bytes or 0}] "
    return counters + " ".join(words)


def _options(options: tuple[Option, ...]) -> Iterator[str]:
    for option in options:
        yield from [*(["!"] if option.negated else []), f"--{option.name}", *map(_quoted, option.values)]


def _quoted(value: str) -> str:
    if _PLAIN.match(value):
        return value
    escaped = re.sub(r'(["\\])', r"\\\1", value.replace("\n", " "))
    return f'"{escaped}"'


def _declaration(chain: Chain) -> str:
    """`:CHAIN POLICY [packets:bytes]`; a chain that the dump used without declaring it gets one."""
    if _DECLARED.match(chain.text):
        return chain.text
    return f":{chain.name} {chain.policy or '-'} [{chain.packets or 0}:{chain.bytes or 0}]"


def _comments(ruleset: Ruleset) -> Iterator[tuple[int, str]]:
    """Comments and empty lines, and what was neither comment, table, chain nor rule, as comments."""
    strays = {note.line for note in ruleset.notes if note.severity == "error"}
    for number, line in enumerate(ruleset.lines, 1):
        if number in strays:
            yield number, f"# {line.strip(BLANKS)}"
        elif line[:1] in ("#", "", " ", "\t", "\r"):
            bare = line.strip("\r").lstrip(BLANKS)
            if bare == "" or bare.startswith("#"):
                yield number, bare


def _taken(comments: list[tuple[int, str]], before: int) -> list[str]:
    """Take the comments that stand above a line (they are kept in reverse)."""
    taken = []
    while comments and comments[-1][0] < before:
        taken.append(comments.pop()[1])
    return taken
