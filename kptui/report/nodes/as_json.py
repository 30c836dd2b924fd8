"""What differs between sources, for programs: the `differences` of commands that were given several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kptui.kubernetes.checks.finding import SEVERITIES, Finding
from kptui.nodes.compare import PRESENT, Comparison, ServiceSplit, Split
from kptui.report.nodes.words import service_notes
from kptui.text import visible


def differences_json(found: Comparison) -> list[dict[str, Any]]:
    """Settings first, then a difference for each field of each Service port."""
    settings = [{"kind": "setting", "name": split.name, **_groups(split)} for split in found.settings]
    return [*settings, *(each for service in found.services for each in _service(service))]


def _service(each: ServiceSplit) -> Iterator[dict[str, Any]]:
    service, _, port = each.state.title.partition(":") if "/" in each.state.title else ("", "", "")
    namespace, _, name = service.partition("/")
    for split in each.splits:
        yield {
            "kind": "service",
            "namespace": visible(namespace) or None,
            "service": visible(name) or None,
            "port_name": visible(port) or None,
            "protocol": each.state.protocol or None,
            "family": each.key[0],
            "addresses": list(each.state.addresses),
            "name": split.name,
            **_groups(split),
            "notes": list(service_notes(each)) if split.name == "endpoints" else [],
        }


def _groups(split: Split) -> dict[str, Any]:
    def value(found: Sequence[str]) -> bool | list[str]:
        return bool(found) if split.name == PRESENT else [visible(each) for each in found]

    return {
        "majority": 0 if split.majority is not None else None,
        "groups": [{"value": value(group.value), "sources": list(group.nodes)} for group in split.groups],
        "untold": list(split.silent),
    }


def findings_differences(found: Mapping[str, Sequence[Finding]]) -> list[dict[str, Any]]:
    """The checks that find something in some sources only, or not equally often: the worst first."""
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for source, findings in found.items():
        for each in findings:
            counts.setdefault((each.severity, each.id), dict.fromkeys(found, 0))[source] += 1
    differing = []
    for (severity, name), by_source in sorted(counts.items(), key=lambda each: (SEVERITIES.index(each[0][0]), each[0])):
        groups: dict[int, list[str]] = {}
        for source, count in by_source.items():
            groups.setdefault(count, []).append(source)
        if len(groups) > 1:
            ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
            majority = 0 if len(ordered[0][1]) > len(ordered[1][1]) else None
            told = [{"value": count, "sources": sources} for count, sources in ordered]
            differing.append(
                {"kind": "finding", "name": name, "severity": severity, "majority": majority, "groups": told}
            )
    return differing
