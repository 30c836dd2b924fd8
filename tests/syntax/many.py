"""Very many generated lines, read by their shapes and plainly: python -m tests.syntax.many [--lines N].

The generators are those of test_shapes.py, which looks at some thousands of lines on every run.
"""

from __future__ import annotations

import argparse
import sys

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from kptui.syntax.shapes import BLANKS
from tests.syntax.test_shapes import PREFIXED, agree, changed, reader

LINES = st.lists(st.one_of(PREFIXED.map(lambda text: [text]), changed(12), changed(12)), min_size=5, max_size=10)


def main() -> None:
    """Compare until there are enough."""
    parser = argparse.ArgumentParser(prog="python -m tests.syntax.many")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    lines = 0
    runs = 0
    while lines < wanted.lines:
        lines += compare(wanted.seed + runs)
        runs += 1
        sys.stdout.write(f"\r{lines:,} lines alike")
        sys.stdout.flush()
    sys.stdout.write("\n")


def compare(number: int) -> int:
    """How many lines were generated and found alike; raises on the first that is not."""
    count = 0

    @seed(number)
    @settings(max_examples=500, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(LINES, st.sampled_from(["nat", "filter", ""]))
    def alike(groups: list[list[str]], table: str) -> None:
        nonlocal count
        rules = reader(table)
        for group in groups:
            for text in group:
                agree(rules, text.strip(BLANKS))
                count += 1

    alike()
    return count


if __name__ == "__main__":
    main()
