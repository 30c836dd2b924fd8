"""Why kube-proxy writes a rule: every rule of every version has its sentence, nobody else's has."""

from __future__ import annotations

import re

import pytest

from kptui.kubernetes.purposes import PURPOSES, filled, purpose
from kptui.loading import load
from tests.support import SAMPLE_NAMES, ruleset_of, sample, shared

# The purposes of shapes that neither a sample nor a real dump here has.
RARE = {
    "KUBE-SERVICES KUBE-SVC-|KUBE-SVL-", "KUBE-NODEPORTS KUBE-", "KUBE-SVC- KUBE-MARK-MASQ",
    "KUBE-SVC-|KUBE-SVL- KUBE-MARK-MASQ",
}  # fmt: skip


def _without(sources: list[str]) -> tuple[list[str], set[str]]:
    """The rules of kube-proxy's that no purpose fits, and the purposes that were used."""
    missing, used = [], set()
    for source in sources:
        for table, _, rule in load(source).rules():
            words = purpose(table.name, rule)
            if words is not None:
                used.add(words)
            elif re.search(r"\bKUBE-", rule.text):
                missing.append(rule.text)
    return missing, used


def test_every_rule_of_kube_proxy_in_the_samples_has_a_purpose() -> None:
    missing, _ = _without([sample(name) for name in SAMPLE_NAMES])
    assert missing == []


def test_every_rule_of_every_real_version_has_a_purpose_and_each_purpose_is_needed() -> None:
    dumps = [str(path) for path in sorted(shared("dumps").glob("*0100*.txt.gz"))]
    missing, used = _without([*dumps, *(sample(name) for name in SAMPLE_NAMES)])
    assert missing == []
    unused = {f"{row.chain} {row.target}" for row in PURPOSES if row.words not in used}
    assert unused <= RARE


@pytest.mark.parametrize(
    ("table", "rule", "words"),
    [
        ("nat", "KUBE-SVC-A -d 10.96.0.1/32 ! -i cni0 -p tcp -m comment --comment \"a/b cluster IP\" -m tcp --dport 1 "
         "-j KUBE-MARK-MASQ", "Pods are told by the interface"),
        ("nat", "KUBE-NODEPORTS -d 127.0.0.0/8 -p tcp -m comment --comment \"a/b\" -m tcp --dport 30080 -m nfacct "
         "--nfacct-name  localhost_nps_accepted_pkts -j KUBE-EXT-A", "metrics"),
        ("nat", "KUBE-SVC-A -p tcp -m comment --comment \"a/b\" -m tcp --dport 30003 -j KUBE-MARK-MASQ",
         "1.22 and 1.23"),
    ],
)  # fmt: skip
def test_shapes_that_no_dump_here_has(table: str, rule: str, words: str) -> None:
    _, _, found = next(ruleset_of(f"*{table}\n-A {rule}\nCOMMIT\n").rules())
    assert words in (purpose(table, found) or "")


def test_other_peoples_rules_have_none() -> None:
    ruleset = ruleset_of("*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -j DNAT --to 10.0.0.1\nCOMMIT\n")
    assert [purpose(table.name, rule) for table, _, rule in ruleset.rules()] == [None]


def test_placeholders() -> None:
    assert {name for row in PURPOSES for name in re.findall(r"\{(\w+)\}", row.words)} == {
        "service", "endpoint", "source", "seconds"
    }  # fmt: skip
    assert filled("to {service} by {source}", str.upper) == "to SERVICE by SOURCE"
