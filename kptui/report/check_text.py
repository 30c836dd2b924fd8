"""Findings for people: the worst first, those of one check together, each with its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from textwrap import wrap

from kptui.kubernetes.checks.finding import SEVERITIES, Check, Finding
from kptui.report.trace_text import Paint, plain
from kptui.syntax.diagnostics import Severity
from kptui.text import visible

SHOWN = 10
"""How many findings of one check are shown before the rest is only counted."""
_STYLES = {"error": "bad", "warning": "unsure", "info": "dim"}
_MANY = {"error": "errors", "warning": "warnings", "info": "infos"}


def findings_text(
    findings: Sequence[Finding],
    checks: Mapping[str, Check],
    source: str,
    paint: Paint = plain,
    width: int | None = None,
    shown: int | None = SHOWN,
) -> str:
    """All findings, then how many there are; `shown` of each check, None: every one."""
    blocks = [
        "\n".join(_block(checks[name], list(found), source, paint, width, shown))
        for (_, name), found in groupby(_grouped(findings), key=lambda each: (each.severity, each.id))
    ]
    return "\n\n".join([*blocks, counted(findings)])


def _grouped(findings: Sequence[Finding]) -> list[Finding]:
    """By severity and check; checks in the order of their first line."""
    first: dict[tuple[str, str], int] = {}
    for found in findings:
        first.setdefault((found.severity, found.id), found.line)
    return sorted(
        findings,
        key=lambda each: (SEVERITIES.index(each.severity), first[each.severity, each.id], each.id, each.line),
    )


def _block(
    check: Check, findings: list[Finding], source: str, paint: Paint, width: int | None, shown: int | None
) -> Iterator[str]:
    severity = findings[0].severity
    yield f"{paint(severity, _STYLES[severity])} {paint(check.id, 'strong')}: {check.title}"
    for found in findings[:shown]:
        yield from _lines(f"{paint(_place(source, found), 'dim')} {visible(found.message)}", "  ", width)
        if found.hint != check.next:
            yield from _lines(f"→ {visible(found.hint)}", "    ", width)
    if shown is not None and len(findings) > shown:
        yield f"  … and {len(findings) - shown:,} more like it (--all shows them)"
    if any(found.hint == check.next for found in findings):
        yield from _lines(f"→ {check.next}", "  ", width)


def _place(source: str, found: Finding) -> str:
    """FILE:LINE: table CHAIN rule N:"""
    place = found.place
    where = f"{source}:{place.line}" if place.line else source
    names = " ".join(filter(None, [place.table, place.chain]))
    rule = f" rule {place.rule}" if place.rule is not None else ""
    return visible(f"{where}: {names}{rule}:" if names else f"{where}:")


def _lines(text: str, indent: str, width: int | None) -> list[str]:
    if width is None:
        return [indent + text]
    return wrap(text, max(width, 40), initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False)


def counted(findings: Sequence[Finding]) -> str:
    """“2 errors, 1 warning”, or that nothing was found."""
    counts = Counter(found.severity for found in findings)
    told = [severity_words(severity, counts[severity]) for severity in SEVERITIES if counts[severity]]
    return f"{', '.join(told)}." if told else "Nothing found."


def severity_words(severity: Severity, count: int) -> str:
    """“1 error”, “2 warnings”."""
    return f"{count:,} {severity if count == 1 else _MANY[severity]}"


def checks_text(checks: Sequence[Check], paint: Paint = plain, width: int | None = None) -> str:
    """What can be checked, for people."""
    blocks = []
    for check in checks:
        lines = [f"{paint(check.id, 'strong')} ({check.severity}): {check.title}"]
        lines += _lines(check.means, "  ", width)
        lines += _lines(f"→ {check.next}", "  ", width)
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def checks_markdown(checks: Sequence[Check]) -> str:
    """docs/checks.md: the same, as a page."""
    lines = [
        "# What `kptui check` looks for",
        "",
        "Made from the checks themselves (`kptui check --list` prints the same). The severity is that of most",
        "findings; one that is harmless where it stands is an info. Infos don't change the exit code.",
        "",
        "| id | severity | |",
        "| --- | --- | --- |",
        *(f"| [`{check.id}`](#{check.id}) | {check.severity} | {check.title} |" for check in checks),
    ]
    for check in checks:
        lines += [
            "",
            f"## {check.id}",
            "",
            f"**{check.title}** ({check.severity}).",
            "",
            check.means,
            "",
            f"→ {check.next}",
        ]
    return "\n".join(lines) + "\n"
