"""What is expected of a trace, in words such as “yes dnat=10.42.0.199:80”."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from kptui.netfilter.trace import Answer, Outcome, Trace
from kptui.records import dataclass
from kptui.text import visible

ANSWERS: tuple[Answer, ...] = get_args(Answer)
FIELDS = ("dnat", "snat", "end")


@dataclass(frozen=True, slots=True)
class Expectation:
    """An answer, and for some fields all values that the outcomes have, in any order; `none` is no translation."""

    answer: Answer
    fields: Mapping[str, tuple[str, ...]]

    def __str__(self) -> str:
        """As it is written on the command line."""
        return " ".join([self.answer, *(f"{name}={','.join(values)}" for name, values in self.fields.items())])

    def difference(self, trace: Trace) -> str | None:
        """None if the trace is as expected, else how it differs."""
        if trace.answer != self.answer:
            return f"the answer is {trace.answer}, not {self.answer}"
        for name, values in self.fields.items():
            found = {_told(outcome, name) for outcome in trace.outcomes}
            if found != set(values):
                return f"{name} is {', '.join(sorted(found))}, not {','.join(values)}"
        return None


def _told(outcome: Outcome, name: str) -> str:
    found = outcome.end if name == "end" else getattr(outcome.packet, name)
    return "none" if found is None else str(found)


def expectation(text: str) -> Expectation:
    """Read `ANSWER [dnat=A,B] [snat=…] [end=…]`; raises ValueError with a sentence."""
    answer, *words = text.split() or [""]
    fields: dict[str, tuple[str, ...]] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if name not in FIELDS or not equals:
            raise ValueError(f"“{visible(word)}” is none of dnat=…, snat=…, end=….")
        fields[name] = tuple(value.split(","))
    return expected_of(answer, fields)


def expected_of(answer: str, fields: Mapping[str, tuple[str, ...]]) -> Expectation:
    """An expectation of its parts; raises ValueError with a sentence."""
    found = next((each for each in ANSWERS if each == answer), None)
    if not answer:
        raise ValueError("say yes, no or depends, then perhaps dnat=…, snat=… or end=….")
    if found is None:
        raise ValueError(f"“{visible(answer)}” is none of yes, no, depends.")
    return Expectation(found, fields)
