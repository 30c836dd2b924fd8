"""Very many generated lines, read by their shapes and plainly: python -m tests.syntax.many [--lines N] [--seed N].

Real rules with some of their words changed, and random words; test_shapes.py has Hypothesis look for the odd ones.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from itertools import repeat

from kptui.syntax.shapes import BLANKS
from tests.syntax.test_shapes import LONG, MARKS, MORE, ODD, QUOTED, REAL, SHORT, read, reader

TABLES = ("nat", "filter", "")
WORDS = [*" ".join([SHORT, LONG, MORE, MARKS, ODD]).split(" "), *QUOTED]
LETTERS = 'ab0/:,.-_!"\\ \t\x0b\x85é\u2028\udc80'
OF_A_SHAPE = 200
"""How many lines are made of a real one before a reader starts anew."""


def lines(drawn: random.Random) -> Iterator[str]:
    """One real line, many like it, and one of random words."""
    real = drawn.choice(REAL)
    yield real
    for _ in range(OF_A_SHAPE):
        words = real.split(" ")
        for _ in range(drawn.choice((1, 1, 1, 2, 3))):
            words[drawn.randrange(2, len(words))] = value(drawn)
        yield drawn.choice(("", "", "[3:4] ")) + " ".join(words)
    yield " ".join(["-A INPUT", *(drawn.choice(WORDS) for _ in range(drawn.randrange(14)))])


def value(drawn: random.Random) -> str:
    """A word to put in another's place, mostly one that fits somewhere."""
    number = drawn.randrange(300)
    kinds = (
        lambda: f"10.{number}.1.{drawn.randrange(260)}/{drawn.randrange(36)}",
        lambda: f"10.{number}.1.2:{drawn.randrange(70_000)}",
        lambda: f'"team-{number}/app:http -> 10.0.0.1:80"',
        lambda: f"KUBE-SEP-{number:016}",
        lambda: str(drawn.randrange(70_000)),
        lambda: f"{drawn.random():.11f}",
        lambda: drawn.choice(WORDS),
        lambda: "".join(drawn.choice(LETTERS) for _ in range(drawn.randrange(1, 7))),
    )
    return drawn.choice(kinds)()


def main() -> None:
    """Compare until there are enough; raises on the first line that is not alike."""
    parser = argparse.ArgumentParser(prog="python -m tests.syntax.many")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    drawn = random.Random(wanted.seed)
    count = 0
    while count < wanted.lines:
        rules = reader(drawn.choice(TABLES), six=drawn.random() < 0.2)
        for text in map(str.strip, lines(drawn), repeat(BLANKS)):
            assert read(rules, text, "X") == rules.read_plainly(text, 1, 1, "X"), text
            count += 1
        if count % 10_000 < OF_A_SHAPE:
            sys.stdout.write(f"\r{count:,} lines alike")
            sys.stdout.flush()
    sys.stdout.write(f"\r{count:,} lines alike\n")


if __name__ == "__main__":
    main()
