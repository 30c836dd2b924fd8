"""Asking on about a trace: what if what is not told were so, and what becomes of the reply."""

from __future__ import annotations

from dataclasses import replace

from kptui.ask.request import Request
from kptui.netfilter.trace import Trace
from kptui.report.reply_text import both_words
from kptui.tui.outcome_tree import toggled
from kptui.tui.screens.tracing import NO_TRACE, Tracing
from kptui.tui.telling import tell
from kptui.tui.widgets.trace_panel import OutcomeList


class Inquiring(Tracing):
    """The part of the main screen that settles what is not told, and turns to the way back."""

    _wants_reply = False

    def action_assume(self) -> None:
        """Settle the question under the cursor the next way; from elsewhere, go to the questions first."""
        outcomes = self.query_one(OutcomeList)
        first = outcomes.row_of_question()
        if self.trace is None or first is None:
            tell(self, NO_TRACE if self.trace is None else _NOTHING)
        elif outcomes.question is None and len(outcomes.questions) > 1:
            outcomes.focus()
            outcomes.go_to(first)
            tell(self, "{assume} settles the selected one: yes, then no, then both ways again.", timeout=4)
        else:
            asked = outcomes.question or outcomes.questions[0]
            if outcomes.question is None:
                outcomes.focus()
                outcomes.go_to(first)
            self.start_trace(replace(self.request, assume=toggled(asked, self.request.assume)), again=True)

    def action_reply(self) -> None:
        """Turn to the reply of the outcome that is lit up, or back to the way there."""
        if self.trace is None:
            tell(self, NO_TRACE)
        elif self.forth is not None:
            self.show_forth()
        elif self.trace.replied:
            self._show_reply(self.trace)
        else:
            self._wants_reply = True
            self.start_trace(self.request, again=True, reply=True)

    def start_trace(self, request: Request, again: bool = False, reply: bool = False) -> None:
        """As before; who asks for another packet no longer waits for a reply."""
        self._wants_reply = reply
        super().start_trace(request, again, reply)

    def show_trace(self, trace: Trace, name: str = "Trace", again: bool = False) -> None:
        """As before; the reply that was asked for follows."""
        super().show_trace(trace, name, again)
        if self._wants_reply and trace.replied:
            self._wants_reply = False
            self._show_reply(trace)

    def show_forth(self) -> None:
        """Back to the way there."""
        assert self.forth is not None
        forth, self.forth = self.forth, None
        self.show_trace(forth)
        self.choose((self.answered,))

    def _show_reply(self, trace: Trace) -> None:
        through = [each for each in self.lit if trace.outcomes[each].through]
        if not through:
            self.notify("It does not get through, so nothing answers it.", timeout=4)
            return
        outcome = trace.outcomes[through[0]]
        if outcome.reply is None:
            self.notify(f"No reply is to be expected: {outcome.unanswered}.", timeout=4, markup=False)
            return
        self.forth, self.answered = trace, through[0]
        self.show_trace(outcome.reply, f"Reply to outcome {through[0] + 1} · {both_words(trace)}")


_NOTHING = "Nothing had to be assumed: the trace is certain."
