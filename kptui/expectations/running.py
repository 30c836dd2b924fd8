"""Expectations put to a source."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from kptui.ask.expression import ServiceError
from kptui.errors import UsageError
from kptui.expectations.case import Case, Result
from kptui.tracing import Session, request_for


def results(cases: Iterable[Case], session: Session) -> Iterator[Result]:
    """What becomes of each case, in order.

    A packet that makes no sense is an error of the file; a Service that the rules don't know, or don't know well
    enough, is a difference.
    """
    for case in cases:
        began = time.monotonic()
        try:
            trace = session.trace(request_for(case.packet, session, case.told), reply=case.reply)
        except ServiceError as error:
            yield Result(case, "failed", time.monotonic() - began, wrong=str(error))
        except UsageError as error:
            yield Result(case, "error", time.monotonic() - began, wrong=str(error))
        else:
            wrong = case.expect.difference(trace)
            yield Result(case, "failed" if wrong else "passed", time.monotonic() - began, trace, wrong)
