"""From the AST back to the text of iptables-save: for what iptables-save wrote, byte for byte the same."""

from __future__ import annotations

from collections.abc import Iterator

from kptui.syntax.ast import Chain, Ruleset, Table


def save(ruleset: Ruleset) -> str:
    """The ruleset as iptables-restore reads it; comments are kept, and what could not be read becomes one."""
    comments = list(_comments(ruleset))
    out: list[str] = []
    for table in ruleset.tables:
        out += _taken(comments, table.line)
        out += _table(table, comments)
    out += [text for _, text in comments]
    return "".join(f"{line}\n" for line in out)


def _table(table: Table, comments: list[tuple[int, str]]) -> Iterator[str]:
    lines: list[tuple[int, str]] = [(chain.line, _declaration(chain)) for chain in table.chains.values()]
    for chain in table.chains.values():
        lines += [(rule.line, f"# {rule.text}" if rule.error else rule.text) for rule in chain.rules]
    yield f"*{table.name}"
    for number, text in sorted(lines, key=lambda each: each[0]):
        yield from _taken(comments, number)
        yield text
    yield "COMMIT"


def _declaration(chain: Chain) -> str:
    """`:CHAIN POLICY [packets:bytes]`; a chain that the dump used without declaring it gets one."""
    counters = "" if chain.packets is None and chain.line else f" [{chain.packets or 0}:{chain.bytes or 0}]"
    return f":{chain.name} {chain.policy or '-'}{counters}"


def _comments(ruleset: Ruleset) -> Iterator[tuple[int, str]]:
    """Comment lines, and those that were neither comment, table, chain nor rule, as comments."""
    strays = {note.line for note in ruleset.notes if note.severity == "error"}
    for number, line in enumerate(ruleset.lines, 1):
        if number in strays:
            yield number, f"# {line.strip()}"
        elif line.lstrip().startswith("#"):
            yield number, line.strip("\r")


def _taken(comments: list[tuple[int, str]], before: int) -> list[str]:
    """Take the comments that stand above a line."""
    count = next((index for index, (number, _) in enumerate(comments) if number >= before), len(comments))
    taken = [text for _, text in comments[:count]]
    del comments[:count]
    return taken
