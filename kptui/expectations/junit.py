"""Results as JUnit XML, which Jenkins, GitLab, GitHub and others read: one suite, a testcase each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from kptui.expectations.case import Result
from kptui.expectations.text import tally
from kptui.text import visible

_NO_XML = re.compile("[\ufffe\uffff]")
"""What XML 1.0 has no place for and `visible` leaves as it is."""


def junit(results: Sequence[Result], file: str, source: str) -> str:
    """The XML; `file` holds the cases, `source` is what they were put to."""
    seconds = sum(result.seconds for result in results)
    failed, errors = (str(sum(result.status == status for result in results)) for status in ("failed", "error"))
    totals = {"tests": str(len(results)), "failures": failed, "errors": errors, "time": f"{seconds:.3f}"}
    suites = ET.Element("testsuites", {"name": "kptui test", **totals})
    suite = ET.SubElement(suites, "testsuite", {"name": _text(source), **totals, "skipped": "0"})
    for result in results:
        _case(suite, result, file, source)
    ET.SubElement(suite, "system-out").text = tally(results)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, result: Result, file: str, source: str) -> None:
    told = {"name": result.case.name, "classname": source, "file": file, "line": str(result.case.line)}
    case = ET.SubElement(suite, "testcase", {name: _text(value) for name, value in told.items()})
    case.set("time", f"{result.seconds:.3f}")
    if result.wrong is None:
        return
    kind = "failure" if result.status == "failed" else "error"
    wrong = ET.SubElement(case, kind, {"message": _text(result.wrong), "type": result.status})
    wrong.text = _text(f"{file}:{result.case.line}: expected {result.case.expect}: {result.wrong}")


def _text(text: str) -> str:
    return _NO_XML.sub("\ufffd", visible(text))
