"""A source as it was when it was read, packed: twenty nodes of 20 MB each fit into what three take."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from kptui.records import dataclass
from kptui.sources import SourceText

_QUICK = 1


@dataclass(frozen=True, slots=True)
class Frozen:
    """A source's texts, packed."""

    name: str
    _text: bytes
    _facts: Mapping[str, bytes]
    _remarks: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: SourceText) -> Frozen:
        """Pack a source."""
        facts = {name: _packed(text) for name, text in source.facts.items()}
        return cls(source.name, _packed(source.text), facts, source.remarks)

    def source(self) -> SourceText:
        """The source as it was."""
        facts = {name: _unpacked(data) for name, data in self._facts.items()}
        return SourceText(self.name, _unpacked(self._text), facts, self._remarks)

    @property
    def size(self) -> int:
        """Bytes it takes."""
        return len(self._text) + sum(map(len, self._facts.values()))


def _packed(text: str) -> bytes:
    return zlib.compress(text.encode("utf-8", "surrogateescape"), _QUICK)


def _unpacked(data: bytes) -> str:
    return zlib.decompress(data).decode("utf-8", "surrogateescape")
