"""Nodes made of one sample by changing its text, summed up and compared."""

from __future__ import annotations

from collections.abc import Callable

from kptui.nodes.compare import Comparison, compare_nodes
from kptui.nodes.summary import Summaries, Summary, uncounted
from kptui.report.nodes.text import comparison_text
from kptui.sources import SourceText
from tests.support import SAMPLES

Change = Callable[[str], str]


def text_of(name: str) -> str:
    """A sample's text."""
    return (SAMPLES / f"{name}.txt").read_text()


def replaced(*pairs: tuple[str, str]) -> Change:
    """A text with each first part replaced by the second, which has to be there."""

    def change(text: str) -> str:
        for old, new in pairs:
            assert old in text, old
            text = text.replace(old, new)
        return text

    return change


def without(*words: str) -> Change:
    """A text without the lines that have all of the words."""

    def change(text: str) -> str:
        kept = [line for line in text.splitlines() if not all(word in line for word in words)]
        assert len(kept) < len(text.splitlines())
        return "\n".join(kept) + "\n"

    return change


def summaries(**texts: str) -> list[Summary]:
    """The nodes of these names, summed up by one memory."""
    known = Summaries()
    return [known.of(name, uncounted(SourceText(name, text))) for name, text in texts.items()]


def compared(**texts: str) -> Comparison:
    """The comparison of the nodes of these names."""
    return compare_nodes(summaries(**texts))


def told(**texts: str) -> list[str]:
    """What the comparison says of Services and settings: stripped lines behind the summary and its notes."""
    text = comparison_text(compared(**texts), width=200)
    return [line.strip() for line in text.partition("\n\n")[2].splitlines() if line.strip()]
