"""Searches by field: an address finds the networks that contain it, a port its ranges, a Service its chains."""

from __future__ import annotations

import random

import pytest

from kptui.errors import UsageError
from kptui.ruleset.query import FIELDS, address_fits, port_fits, terms
from kptui.ruleset.search import Searcher, search
from kptui.tracing import Session
from tests.support import ruleset_of, sample

DUMP = """*nat
:PREROUTING ACCEPT [0:0]
:WEB - [0:0]
:LAST - [0:0]
-A PREROUTING -d 10.96.0.0/12 -p tcp -m tcp --dport 80 -j WEB
-A PREROUTING ! -s 10.42.0.0/16 -d 10.96.0.10/32 -p udp -m udp --dport 53 -j RETURN
-A PREROUTING -p tcp -m multiport --dports 22,8000:9000 -m comment --comment "-d 1.2.3.4 shop/web:http" -j WEB
-A WEB -i eth0 -j LAST
-A LAST -p tcp -j DNAT --to-destination 10.42.1.7:8080
COMMIT
"""


def _found(text: str) -> list[str]:
    return [f"{hit.chain}{'' if hit.rule is None else f' {hit.rule}'}" for hit in search(ruleset_of(DUMP), text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("dst:10.110.199.45", ["PREROUTING 1"]),
        ("dst:10.96.0.10", ["PREROUTING 1", "PREROUTING 2"]),
        ("dst:10.96.0.", ["PREROUTING 1", "PREROUTING 2"]),
        ("dst:10.96.0.10 dport:53", ["PREROUTING 2"]),
        ("dst:1.2.3.4", []),
        ("src:10.42.3.1", ["PREROUTING 2"]),
        ("addr:10.42.1.7", ["PREROUTING 2", "LAST 1"]),
        ("dport:80", ["PREROUTING 1"]),
        ("dport:8080", ["PREROUTING 3"]),
        ("proto:UDP", ["PREROUTING 2"]),
        ("in:eth0", ["WEB 1"]),
        ("target:dnat", ["LAST 1"]),
        ("target:WEB", ["PREROUTING 1", "PREROUTING 3"]),
        ("chain:last", ["LAST", "LAST 1"]),
        ("svc:web", ["PREROUTING 3"]),
        ("svc:shop/web:h", ["PREROUTING 3"]),
        ("ns:shop", ["PREROUTING 3"]),
        ("ns:sho", []),
        ('comment:"1.2.3.4 shop"', ["PREROUTING 3"]),
        ("from:WEB", ["WEB", "WEB 1", "LAST", "LAST 1"]),
        ("to:LAST", ["PREROUTING", "PREROUTING 1", "PREROUTING 3", "WEB", "WEB 1", "LAST"]),
        ("to:LAST target:WEB dport:80", ["PREROUTING 1"]),
        ("re:^-A.*\\b80\\b", ["PREROUTING 1"]),
        ("/dport 80 -j/", ["PREROUTING 1"]),
        ("/^W/", ["WEB"]),
        ("table:filter", []),
        ("table:nat web re:eth\\d", ["WEB 1"]),
        ("dst:", []),
    ],
)
def test_what_each_field_finds(text: str, found: list[str]) -> None:
    assert _found(text) == found


def test_every_field_is_tried_above() -> None:
    used = {term for test in test_what_each_field_finds.pytestmark[0].args[1] for term in test[0].split()}  # type: ignore[attr-defined]
    assert {word.partition(":")[0] for word in used} >= set(FIELDS) - {"sport", "out"}


def test_a_bad_expression_is_said() -> None:
    with pytest.raises(UsageError, match=r"“\(a” is no regular expression"):
        _found("re:(a")


@pytest.mark.parametrize(
    ("written", "asked", "fits"),
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.1.2.3/32", "10.0.0.0/8", True),
        ("fd00::/8", "fd00::1", True),
        ("fd00::/8", "10.0.0.1", False),
        ("0.0.0.0/0", "192.0.2.1", True),
        ("192.0.2.0/24", "192.0.3.1", False),
    ],
)
def test_addresses(written: str, asked: str, fits: bool) -> None:
    assert address_fits(written, asked) is fits


@pytest.mark.parametrize(
    ("written", "fits"), [("80", True), ("1:100", True), (":80", True), ("80:", True), ("8080", False)]
)
def test_ports(written: str, fits: bool) -> None:
    assert port_fits(written, "80") is fits


def test_services_are_found_by_their_chains_where_comments_are_missing() -> None:
    session = Session.open(sample("nginx-nodeport"))
    chains = {hit.chain for hit in session.searcher.search("svc:nginx") if hit.rule is None}
    assert chains == {"KUBE-SVC-OVTWZ4GROBJZO4C5", "KUBE-EXT-OVTWZ4GROBJZO4C5"}
    rules = {(hit.chain, hit.rule) for hit in session.searcher.search("ns:default target:KUBE-SVC")}
    assert ("KUBE-SERVICES", 5) in rules


@pytest.mark.parametrize(
    "rule",
    [
        "-A TOP -j SHOP",
        '-A TOP -g "SHOP"',
        "-A TOP --jump=SHOP",
        '-A TOP -m comment --comment "shop/web:http cluster IP" -j DROP',
        r'-A TOP -m comment --comment "s\hop/web" -j DROP',
        "-A TOP -m comment --comment shop/web -p tcp",
        "-A SHOP -j ACCEPT",
        "-A TOP -m comment --comment to-shop -j ACCEPT",
        "-A TOP -j OTHER",
    ],
)
@pytest.mark.parametrize("asked", ["svc:web", "ns:shop", "svc:shop/web", "svc:web ns:shop"])
def test_what_a_line_tells_of_a_service_hides_no_rule(rule: str, asked: str) -> None:
    given = ruleset_of(f"*nat\n:TOP - [0:0]\n:OTHER - [0:0]\n:SHOP - [0:0]\n{rule}\nCOMMIT\n")
    label = {"SHOP": "shop/web:http"}
    read = next(given.tables[0].chains.rules())
    told = f"{label.get(read.chain)} {label.get(read.target.name if read.target else '')} {read.comment}"
    found = [hit.chain for hit in search(given, asked, lambda _, chain: label.get(chain.name)) if hit.rule]
    assert found == ([read.chain] if "shop/web" in told else [])


def test_a_search_is_given_up_in_the_middle_of_a_chain() -> None:
    rules = "\n".join(f"-A INPUT -s 10.0.{at // 256}.{at % 256} -j DROP" for at in range(1000))
    found = Searcher(ruleset_of(f"*filter\n:INPUT ACCEPT [0:0]\n{rules}\nCOMMIT\n"))
    # At the chain it goes on; asked again within it, it does not.
    asked = iter([False, False, True])
    hits = list(found.search("DROP", lambda: next(asked)))
    assert 0 < len(hits) < 1000


def test_many_lines_looked_at_together_give_what_each_line_gives() -> None:
    """Rare and frequent things, in short chains, in one that is longer than a stretch, and in lines out of order."""
    drawn = random.Random(5)
    names = [f"KUBE-SVC-{at:04}" for at in range(300)]
    rules = [
        f"-A {name} -d 10.96.{drawn.randrange(9)}.{drawn.randrange(250)}/{drawn.choice((32, 32, 32, 24))} -p tcp"
        f' -m comment --comment "shop/Web{drawn.randrange(400)}" -m tcp --dport {drawn.randrange(70, 90)} -j RETURN'
        for name in [*names, *(["LONG"] * 900)]
        for _ in range(1 if name == "LONG" else drawn.randrange(4))
    ]
    rules += ["-A KUBE-SVC-0007 -p tcp -m multiport --dports 22,75:77 -j RETURN", "-A LONG -p udp -j RETURN"]
    heads = "".join(f":{name} - [0:0]\n" for name in [*names, "LONG"])
    dump = ruleset_of(f"*nat\n{heads}" + "\n".join(rules) + "\nCOMMIT\n")
    [table] = dump.tables
    for asked in (
        "web399", "web7 10.96.", "KUBE-SVC-0007", "udp", "dport:76", "dport:81", "dst:10.96.3.77", "dst:10.96.3.0/24",
        "dst:10.96.3.", "/udp -j RETURN$/", "/^-A LONG.*76/", "/(?<!x)web39\\d/", "proto:udp", "src:10.1.1.1",
        "web1 dport:80", "nothing-like-it",
    ):  # fmt: skip
        wanted = [
            (name, rule.number)
            for name, chain in table.chains.items()
            for rule in chain.rules
            if all(term.line(rule.text) and term.rule(rule) for term in terms(asked))
        ]
        assert [(hit.chain, hit.rule) for hit in search(dump, asked) if hit.rule is not None] == wanted, asked
        assert wanted or asked in ("src:10.1.1.1", "nothing-like-it")


@pytest.mark.parametrize("field", ["dst", "src", "addr", "dport", "sport"])
def test_what_is_looked_for_in_a_line_misses_no_rule_that_fits(field: str) -> None:
    written = {
        "dport": ["--dport 80", "! --dport 80", "--dports 22,80", "--dport 70:90", "--dport :90", "--ports 80"],
        "sport": ["--sport 80", "! --sport 80", "--sports 22,80", "--sport 70:90", "--sport 70:", "--ports 80"],
        "dst": ["-d 10.1.2.3/32", "-d 10.1.2.3", "! -d 10.1.0.0/16", "-d 0.0.0.0/0", "-d 10.1.2.0/255.255.255.0"],
        "src": ["-s 10.1.2.3/32", "-s 10.1.2.3", "! -s 10.1.0.0/16", "-s 0.0.0.0/0", "-s 10.1.2.0/255.255.255.0"],
        "addr": ["-s 10.1.0.0/16", "-d 10.1.2.3/32"],
    }[field]
    for options in written:
        module = "-m multiport" if "ports" in options else "-m tcp"
        dump = ruleset_of(f"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp {module} {options} -j DROP\nCOMMIT\n")
        asked = f"{field}:{'80' if 'port' in field else '10.1.2.3'}"
        assert [hit.rule for hit in search(dump, asked)] == [1], options


def test_a_search_is_given_up_while_it_looks_who_jumps_where() -> None:
    rules = ruleset_of("*filter\n:INPUT ACCEPT [0:0]\n:A - [0:0]\n-A INPUT -j A\nCOMMIT\n")
    found = Searcher(rules)
    assert list(found.search("to:A", lambda: True)) == []
    # Nothing half done is kept: whoever waits gets it all.
    assert list(found.search("to:A")) == list(Searcher(rules).search("to:A")) != []
