"""What the kernel says of a trace, for people: that it agrees, or where exactly they part."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from kptui.confirm.confirm import Confirmation, Sent
from kptui.confirm.shares import comparable
from kptui.confirm.steps import kernel_steps
from kptui.netfilter.trace import Trace
from kptui.report.branches import ALIKE
from kptui.report.paint import Paint, plain
from kptui.report.words import effect_words, numbers_words, share_text
from kptui.syntax.ast import Family, Ruleset
from kptui.text import number_of, visible

_PACKETS = 12


def confirm_text(found: Confirmation, trace: Trace, ruleset: Ruleset, paint: Paint = plain) -> str:
    """The confirmation, its verdict first."""
    return "\n".join(_lines(found, trace, ruleset, paint))


def _lines(found: Confirmation, trace: Trace, ruleset: Ruleset, paint: Paint) -> Iterator[str]:
    kind = {True: "good", False: "bad", None: "unsure"}[found.agrees]
    yield paint("kernel: ", "strong") + paint(visible(found.verdict), kind)
    apart = [sent for sent in found.sent if sent.agrees is False]
    for sent in apart:
        yield from _apart(sent, trace, ruleset, paint)
    fine = [sent for sent in found.sent if sent.agrees is not False]
    for sent in fine[:_PACKETS]:
        yield from _sent(sent, trace, paint)
    if len(fine) > _PACKETS:
        yield f"  … and {number_of(len(fine) - _PACKETS, 'more packet')}"
    for number, why in sorted(found.untried.items()):
        yield paint(f"  ? outcome {number + 1} was not tried: {visible(why)}", "unsure")
    for note in found.notes:
        yield paint(f"  ! {visible(note)}", "unsure")


def _chosen(sent: Sent) -> str:
    return ", ".join(f"{name} {visible(value)}" for name, value in sent.choice.chosen)


def _sent(sent: Sent, trace: Trace, paint: Paint) -> Iterator[str]:
    """How often each outcome was taken; the shares stand beside it where chance decides."""
    if sent.choice.chosen:
        yield paint(f"  chosen: {_chosen(sent)}", "dim")
    if sent.untold:
        yield paint(f"  ? not to be told: {visible(sent.untold)}", "unsure")
    if sent.runs > 1:
        yield from _counts(sent, trace)
    else:
        yield from (f"  took outcome {number + 1}" for number in sent.taken)
    if sent.aside:
        yield f"  {sent.aside} of {sent.runs} times it took a way that --assume or --set leaves out"


def _counts(sent: Sent, trace: Trace) -> Iterator[str]:
    """How often each outcome was taken, of the packets that it speaks of, beside the share it promises of them."""
    for group in comparable(trace.outcomes, sorted(sent.taken)):
        total = sum(sent.taken[number] for number in group)
        by_share: dict[Fraction | None, list[int]] = {}
        for number in group:
            by_share.setdefault(trace.outcomes[number].probability, []).append(number)
        for share, numbers in by_share.items():
            yield from _of_share(sent, share, numbers, total)


def _of_share(sent: Sent, share: Fraction | None, numbers: list[int], total: int) -> Iterator[str]:
    promised = "" if share is None or share == 1 else f", promised {share_text(share)}"
    if len(numbers) > ALIKE:
        counts = [sent.taken[number] for number in numbers]
        often = f"{min(counts)} to {max(counts)} of {total} times each"
        yield f"  took outcomes {numbers_words(numbers)}  {often}{promised}"
        return
    wide = len(str(max(sent.taken) + 1))
    for number in numbers:
        count = sent.taken[number]
        often = f" of {total} times ({count / total:.0%}){promised}" if promised else " times"
        yield f"  took outcome {number + 1:<{wide}}  {count:>4}{often}"


def _apart(sent: Sent, trace: Trace, ruleset: Ruleset, paint: Paint) -> Iterator[str]:
    """Where they part: the last step in common, then what each says."""
    if sent.choice.chosen:
        yield f"  chosen: {_chosen(sent)}"
    if sent.odds is not None:
        yield paint(f"  the shares do not fit: {sent.odds}", "bad")
    if sent.parting is None or sent.apart is None:
        return
    family: Family = 6 if trace.packet.family == 6 else 4
    steps = list(kernel_steps(sent.apart.events, ruleset, family))
    common = steps[: sent.parting.after]
    yield f"  {len(common)} steps in common" + (", the last of them:" if common else "")
    for step in common[-1:]:
        yield f"    both    {step.hook} {step.table} {visible(step.chain)} {step.rule or ''} {effect_words(step)}"
    yield paint(f"    kptui   {visible(sent.parting.mine)}", "bad")
    yield paint(f"    kernel  {visible(sent.parting.kernel)}", "bad")
    for step in steps[sent.parting.after + 1 :]:
        yield f"            {step.hook} {step.table} {visible(step.chain)} {step.rule or ''} {effect_words(step)}"
    yield f"            = {sent.apart.end}" + (f" by {visible(sent.apart.wire)}" if sent.apart.wire else "")
