"""The real dumps beside a checkout: which the kernel loads, and what it says of packets aimed at their rules.

All of them, with as many packets as are asked for: `python -m tests.kernel.real_dumps --packets 40`.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from pathlib import Path

from kptui.errors import KptuiError
from kptui.kernel.judge import Judge
from kptui.kernel.messages import KernelError
from kptui.loading import parse
from kptui.sources import SourceText
from kptui.syntax.ast import Backend, Ruleset
from tests.kernel.aimed import aimed_probes, families, place_for
from tests.kernel.contest import Score, contest
from tests.support import ROOT

_SHARED = ROOT.parent / "shared"
_BACKENDS: tuple[Backend, ...] = ("nft", "legacy")


def dumps() -> list[Path]:
    """What iptables-save printed of every loadable dump of the corpus, then kube-proxy's dumps, the smallest first."""
    corpus = sorted(path for path in (_SHARED / "corpus" / "canon").glob("*.txt") if path.stat().st_size)
    return [*corpus, *sorted((_SHARED / "dumps").glob("*.txt.gz"), key=lambda path: path.stat().st_size)]


def text_of(path: Path) -> str:
    """A dump's text, packed or not."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return data.decode("utf-8", "surrogateescape")


def read(path: Path) -> Ruleset:
    """The dump as a ruleset; which family it is of only the tables tell where two dumps are in one file."""
    return parse(SourceText(path.name, text_of(path)))


def compared(judge: Judge, path: Path, packets: int, backends: tuple[Backend, ...] = _BACKENDS) -> Score:
    """Both backends, every family of the dump; raises KernelError if the kernel refuses it."""
    score, ruleset, text = Score(), read(path), text_of(path)
    for family in families(ruleset):
        place = place_for(ruleset, family)
        probes = aimed_probes(ruleset, place, packets, seed=len(text))
        for backend in backends:
            score.add(contest(judge, text, place, backend, probes, path.name))
    return score


def main() -> int:
    """Run, and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.kernel.real_dumps", description=__doc__)
    parser.add_argument("--packets", type=int, default=40)
    given = parser.parse_args()
    total, refused = Score(), 0
    for path in dumps():
        with Judge() as judge:
            try:
                score = compared(judge, path, given.packets)
            except (KernelError, KptuiError) as error:
                refused += 1
                print(f"{path.name}: {error}")  # noqa: T201
                continue
        for text in score.disagreements[:1]:
            print(text, flush=True)  # noqa: T201
        total.add(score)
    ends = ", ".join(f"{end} {count}" for end, count in sorted(total.ends.items()))
    print(f"{total.packets} packets, {len(total.disagreements)} disagreements ({ends}); {refused} dumps refused")  # noqa: T201
    return 1 if total.disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
