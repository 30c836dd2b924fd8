"""Results for programs: the JSON of `kptui test` (schema kptui.test/1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kptui.expectations.case import Result
from kptui.report.trace_json import trace_json

SCHEMA = "kptui.test/1"
_OUTCOME = ("end", "verdict", "probability", "share", "dnat", "snat", "assumptions")


def results_json(results: Sequence[Result], file: str, source: str) -> dict[str, Any]:
    """All results; `file` holds the cases, `source` is what they were put to."""
    count = {f"{status}": sum(each.status == status for each in results) for status in ("passed", "failed", "error")}
    return {"schema": SCHEMA, "file": file, "source": source, **count, "cases": [_case(each) for each in results]}


def _case(result: Result) -> dict[str, Any]:
    case = result.case
    found: dict[str, Any] = {
        "name": case.name,
        "line": case.line,
        "status": result.status,
        "expect": str(case.expect),
        "difference": result.wrong,
        "answer": None,
        "certain": None,
        "packet": None,
        "outcomes": [],
    }
    if result.trace is not None:
        told = trace_json(result.trace)
        found |= {name: told[name] for name in ("answer", "certain", "packet")}
        found["outcomes"] = [{name: outcome[name] for name in _OUTCOME} for outcome in told["outcomes"]]
    return found
