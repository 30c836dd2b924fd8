"""Values taken out of rules that are not made are those of the rules."""

from __future__ import annotations

import pytest

from kptui.netfilter.candidates import _asked
from kptui.syntax.ast import Rule
from kptui.syntax.reader import columns, holding
from tests.bench.dumps import dump
from tests.support import SAMPLE_NAMES, SAMPLES
from tests.syntax.support import read_text

WRONG = """\
*nat
:PREROUTING ACCEPT [0:0]
:X - [0:0]
-A PREROUTING -d 10.0.0.1/32 -p tcp -m tcp --dport 80 -j X
-A PREROUTING -d 10.0.0.2/32 -p tcp -m tcp --dport 80 -j X
-A PREROUTING -d 10.0.0.3/32 -p tcp -m tcp --dport 80 -j X
-A PREROUTING -d 10.0.0.300/32 -p tcp -m tcp --dport 80 -j X
-A PREROUTING -d 10.0.0.4/32 -p tcp -m tcp --dport 99999 -j X
-A PREROUTING -d 10.0.0.5/32 -p tcp -m tcp --dport 80 -j NOWHERE
-A PREROUTING  -d 10.0.0.6/32 -p tcp -m tcp --dport 80 -j X
-A PREROUTING -d 10.0.0.7/32 -p tcp -m tcp --dport "80" -j X
-A PREROUTING -p tcp -m multiport --dports 80,81 -m comment --comment "-d 10.0.0.8" -j X
-A PREROUTING -p tcp -m multiport --dports 80,81,82 -m comment --comment a -j X
-A PREROUTING ! -d 10.0.0.9/32 -j RETURN
-A PREROUTING -d 10.0.0.3/32 -p tcp -m tcp --dport 80 -j X
COMMIT
"""


def told(rule: Rule) -> tuple[str | None, str | None, str | None]:
    return rule.target.name if rule.target else None, rule.comment, None if rule.refused else "fits"


def text_of(name: str) -> str:
    made = {"wrong": WRONG, "made": dump(40)}
    return made.get(name) or (SAMPLES / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", ["wrong", "made", *SAMPLE_NAMES])
def test_columns_and_words(name: str) -> None:
    quick, plain = read_text(text_of(name)), read_text(text_of(name))
    for table, other in zip(quick.tables, plain.tables, strict=True):
        for chain in table.chains.values():
            rules = list(other.chains[chain.name].rules)
            for pick in (_asked, told, _asked):
                assert [tuple(found) for found in columns(chain.rules, pick)] == [*map(pick, rules)]
            for word in ("10.", "KUBE-SVC", " ", "-A", "nobody says this"):
                assert list(holding(chain.rules, word)) == [rule for rule in rules if word in rule.text]
