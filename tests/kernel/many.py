"""The big run: `python -m tests.kernel.many --rulesets 5000 --packets 20 --seed 1`.

Every ruleset is loaded by both backends, unless it is to be one only; even seeds are IPv4, odd ones IPv6. Prints the
number of disagreements, the first of them whole and of each the seed, and ends with 1 if there is any.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator

from kptui.kernel.judge import Judge
from kptui.kernel.messages import KernelError
from kptui.syntax.ast import Backend, Family
from tests.kernel.contest import Score, random_contest

_BACKENDS: tuple[Backend, ...] = ("nft", "legacy")
Key = tuple[Backend, Family]


def _some(job: tuple[list[int], int, bool]) -> dict[Key, Score]:
    """A share of the seeds, with a judge of its own."""
    seeds, packets, both = job
    scores: dict[Key, Score] = {}
    with Judge() as judge:
        for seed in seeds:
            family: Family = 4 if seed % 2 == 0 else 6
            for backend in _BACKENDS if both else (_BACKENDS[seed // 2 % 2],):
                score = scores.setdefault((backend, family), Score())
                try:
                    score.add(random_contest(judge, seed, family, backend, packets))
                except KernelError as error:
                    score.disagreements.append(f"seed {seed}, IPv{family}, {backend} can't be loaded: {error}")
    return scores


def _jobs(seeds: range, packets: int, both: bool) -> Iterator[tuple[list[int], int, bool]]:
    for start in range(0, len(seeds), 25):
        yield list(seeds[start : start + 25]), packets, both


def main() -> int:
    """Run, and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.kernel.many", description=__doc__)
    parser.add_argument("--rulesets", type=int, default=200)
    parser.add_argument("--packets", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1, help="the first ruleset's seed; each further one is one higher")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--one-backend", action="store_true", help="each ruleset by one backend, which is another for every second pair"
    )
    parser.add_argument("--show", type=int, default=3, help="how many disagreements to print whole")
    parser.add_argument("--family", type=int, choices=(4, 6), help="leave out the seeds of the other")
    given = parser.parse_args()
    seeds = range(given.seed, given.seed + given.rulesets)
    if given.family is not None:
        seeds = seeds[(given.seed + (given.family == 6)) % 2 :: 2]
    began = time.monotonic()
    scores: dict[Key, Score] = {}
    with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
        for part in pool.imap_unordered(_some, _jobs(seeds, given.packets, not given.one_backend)):
            for key, score in part.items():
                for text in score.disagreements:
                    print(text if given.show > 0 else text.partition("\n")[0], flush=True)  # noqa: T201
                    given.show -= 1
                scores.setdefault(key, Score()).add(score)
            if sys.stderr.isatty():
                done = sum(score.packets for score in scores.values())
                print(f"\r{done} packets", end="", file=sys.stderr, flush=True)  # noqa: T201
    total = Score()
    for (backend, family), score in sorted(scores.items()):
        total.add(score)
        _tell(f"{backend}, IPv{family}", score)
    _tell(f"{len(seeds)} rulesets x {given.packets} packets", total)
    print(f"seed {given.seed}, {time.monotonic() - began:.0f} s")  # noqa: T201
    return 1 if total.disagreements else 0


def _tell(what: str, score: Score) -> None:
    ends = ", ".join(f"{end} {count}" for end, count in sorted(score.ends.items()))
    print(f"{what}: {score.packets} packets, {len(score.disagreements)} disagreements")  # noqa: T201
    print(f"    {ends}; {score.unsure} with more than one outcome")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
