"""One expectation: a packet, what is told beside the dump for it, and what should become of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from kptui.ask.expectation import Expectation
from kptui.ask.request import Request
from kptui.netfilter.trace import Trace
from kptui.records import dataclass

Status = Literal["passed", "failed", "error"]


@dataclass(frozen=True, slots=True)
class Case:
    """An expectation as its file has it; `line` and `column` count from 1.

    `packet` is an expression or fields as `--batch` takes them, `told` what is known of the host for this packet.
    """

    name: str
    packet: str | Mapping[str, Any]
    expect: Expectation
    told: Request
    reply: bool
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a case: `wrong` is the difference, or why the packet makes no sense; None where it is as expected.

    `trace` is None where there is none: the packet makes no sense, or names a Service that the rules don't know.
    """

    case: Case
    status: Status
    seconds: float
    trace: Trace | None = None
    wrong: str | None = None
