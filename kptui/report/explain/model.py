"""What an explanation is made of: sections of sentences for people, the same facts as parts for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from kptui.records import dataclass

Kind = Literal["rule", "chain", "service", "address"]


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences under one heading; `id` is what programs call it."""

    id: str
    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One thing explained; `text` is it as it is written, if it is. Texts of the dump are in it as they are.

    `facts` tells the same to programs; it is only asked where it is wanted, for it may be long.
    """

    kind: Kind
    title: str
    text: str
    sections: tuple[Section, ...]
    facts: Callable[[], dict[str, Any]] = dict

    @property
    def parts(self) -> dict[str, Any]:
        """The same facts for programs."""
        return self.facts()

    def section(self, id: str) -> tuple[str, ...]:
        """The sentences of a section, none if it isn't there."""
        return next((section.sentences for section in self.sections if section.id == id), ())


def sections(*found: Section) -> tuple[Section, ...]:
    """Those sections that say something."""
    return tuple(section for section in found if section.sentences)


def sentence(words: str) -> str:
    """Words as a sentence: the first letter large (but not of a protocol's name), a full stop at the end."""
    begins = words.split(" ", 1)[0]
    first = words[:1].upper() if begins.islower() and begins.isalpha() and begins not in _NAMES else words[:1]
    ends = "" if words.endswith((".", "!", "?", ":")) else "."
    return f"{first}{words[1:]}{ends}"


_NAMES = frozenset({"tcp", "udp", "sctp", "icmp", "esp", "ah", "dccp", "udplite", "gre", "kube-proxy", "conntrack"})
