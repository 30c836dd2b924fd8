"""What a rule says: words for every option of every match and target, exact where it is easy to be vague."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from kptui.netfilter.extensions import match_extension, match_names, target_extension, target_names
from kptui.netfilter.extensions.base import MatchExtension, TargetExtension
from kptui.report.rule_words import condition_words, target_words
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Kind
from tests.support import ruleset_of
from tests.syntax.support import around, corpus_rows, read_text

VALUES = (
    "1", "10.0.0.0/8", "10.0.0.1", "fd00::/64", "tcp", "80", "src", "NEW", "LOCAL", "SYN", "random", "tunnel", "esp",
    "in", "ipsec", "10/minute", "0.5", "original", "bm", "accept", "sourceip", "srcip", "00:00:5e:00:53:01", "unicast",
    "EF", "any", "DATA", "REQUEST", "new", "2030-01-01", "12:00", "icmp-port-unreachable", "10.0.0.1:80", "250ms",
    "GATE", "1:1", "echo-request", "hop-by-hop", "mss", "eth0",
)  # fmt: skip
"""Of these, each kind of value takes the first that fits."""
WORDLESS = {
    # What only tunes how the kernel keeps its tables decides nothing about a packet.
    *(f"hashlimit {name}" for name in (
        "hashlimit-htable-size", "hashlimit-htable-max", "hashlimit-htable-expire", "hashlimit-htable-gcinterval",
        "hashlimit-rate-match", "hashlimit-rate-interval")),
    "recent reap", "string algo", "statistic mode", "osf ttl", "osf log", "CLUSTERIP hash-init",
    # It parts elements; what it parts is said.
    "policy next",
    # What is so without them, too.
    "recent rsource", "recent mask", "recent set", "connlimit connlimit-saddr", "connlimit connlimit-mask", "time utc",
    "hashlimit hashlimit-srcmask", "hashlimit hashlimit-dstmask", "CT notrack", "cluster cluster-hash-seed",
}  # fmt: skip
"""Options that may leave the words as they are."""
BESIDE = {
    "policy strict": ["reqid"],
    "rateest rateest-bps1": ["rateest-delta"], "rateest rateest-bps2": ["rateest-delta"],
    "recent seconds": ["rcheck"], "recent hitcount": ["rcheck"], "recent rttl": ["rcheck"],
    "statistic packet": ["every"],
    "CLUSTERIP new": ["hashmode", "clustermac", "total-nodes", "local-node"],
    **{f"CONNMARK {name}": ["save-mark"] for name in ("mask", "nfmask", "ctmask")},
    **{f"CONNMARK {side}-shift-mark": ["save-mark"] for side in ("left", "right")},
}  # fmt: skip
"""Options that mean something only beside others which no declaration asks for."""
OLD = {"owner pid-owner", "owner sid-owner", "owner cmd-owner"}
"""Options that no kernel since 2.6.14 takes: they are said as they are written."""

Extension = MatchExtension | TargetExtension


def value(kind: Kind) -> str:
    return next((text for text in VALUES if any(kind.fits(text, family) for family in (4, 6))), "1")


def used(name: str, extension: Extension, option: str, negated: bool = False) -> list[Option]:
    """The option and what it needs beside it, in a form that iptables takes."""
    declared = extension.options
    names = [*BESIDE.get(f"{name} {option}", []), option]
    if option in declared.also:
        names.insert(0, declared.also[option])
    for wanted in declared.needed:
        if not wanted & set(names):
            fitting = (each for each in declared.syntax if each in wanted and not _clash(declared.alone, each, names))
            names.append(next(fitting))
    return [_option(extension, each, negated and each == option) for each in dict.fromkeys(names)]


def _clash(alone: Sequence[frozenset[str]], name: str, names: Sequence[str]) -> bool:
    return any(name in group and group & set(names) for group in alone)


def _option(extension: Extension, name: str, negated: bool = False) -> Option:
    syntax = extension.options.syntax[name]
    return Option(syntax.name, tuple(map(value, syntax.kinds)), negated)


def every_option() -> Iterator[tuple[str, Extension, str]]:
    finders: list[tuple[list[str], Callable[[str], Extension | None]]] = [
        (match_names(), match_extension),
        (target_names(), target_extension),
    ]
    for names, find in finders:
        for name in names:
            extension = find(name)
            assert extension is not None
            for option, syntax in extension.options.syntax.items():
                if option == syntax.name:
                    yield name, extension, option


ALL = [pytest.param(*each, id=f"{each[0]} {each[2]}") for each in every_option()]


@pytest.mark.parametrize(("name", "extension", "option"), ALL)
def test_every_option_has_words_of_its_own(name: str, extension: Extension, option: str) -> None:
    given = used(name, extension, option)
    words = extension.say(given)
    assert words.strip()
    if f"{name} {option}" in OLD:
        return
    assert "--" not in words
    assert "{" not in words
    without = [each for each in given if each.name != option]
    if len(given) > 1 and f"{name} {option}" not in WORDLESS and not _needed(extension, option):
        assert words != extension.say(without), "the option changes nothing in the words"


def _needed(extension: Extension, option: str) -> bool:
    return any(option in group for group in extension.options.needed)


@pytest.mark.parametrize(("name", "extension", "option"), ALL)
def test_a_negation_is_heard(name: str, extension: Extension, option: str) -> None:
    if not extension.options.syntax[option].negatable or f"{name} {option}" in OLD:
        return
    plain, negated = (extension.say(used(name, extension, option, each)) for each in (False, True))
    # Half of the time is half of the time either way.
    assert plain != negated or option == "probability"


def test_every_rule_of_iptables_own_tests_is_said() -> None:
    for row in corpus_rows():
        if row["here_ok"]:
            text = around(row["rule"], row["table"], row["chains"][0], row["family"] == "ip6tables")
            ruleset = read_text(text)
            table, chain, rule = next(ruleset.rules())
            for words in (condition_words(rule, chain), target_words(rule, table)):
                assert "--" not in words, row["rule"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("-s 10.0.0.1/32 -d 10.96.0.1/32 -p tcp -m tcp --dport 443", "tcp from 10.0.0.1 to 10.96.0.1:443"),
        ("! -s 10.42.0.0/16 -p udp -m udp --dport 1024:", "udp to ports 1024-65535, not from 10.42.0.0/16"),
        ("-s 10.1.2.3/255.255.0.0", "from 10.1.0.0/16"),
        ("-s 10.1.2.3/255.0.255.0", "from 10.0.2.0/255.0.255.0"),
        ("-p 6 -i cali+", "tcp, arriving by any cali…"),
        ("! -p udp ! -o eth0", "of another protocol than udp, not leaving by eth0"),
        ("-p tcp -m multiport --dports 53,1024:65535", "tcp to port 53 or 1024-65535"),
        ("-p tcp -m multiport ! --dports 80,443", "tcp, not to port 80 or 443"),
        ("-p tcp -m tcp --dport 80 -m multiport --dports 80,443", "tcp to port 80, to port 80 or 443"),
        ("-m conntrack --ctstate NEW,RELATED", "connection state NEW or RELATED"),
        (
            "-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT",
            "connection state neither RELATED nor ESTABLISHED, connection not translated by DNAT",
        ),
        ("-m mark --mark 0x4000/0x4000", "mark has the bit 0x4000 set"),
        ("-m mark ! --mark 0x4000/0x4000", "mark does not have the bit 0x4000 set"),
        ("-m mark --mark 0/0xff", "mark has none of the bits 0xff set"),
        ("-m mark --mark 0x10/0xf", "mark is 0x10 in the bits 0xf, which never holds"),
        ("-m addrtype --dst-type LOCAL", "to an address of this host"),
        ("-m addrtype ! --src-type LOCAL --limit-iface-in", "not from an address of the interface that it came in by"),
        ("-m statistic --mode random --probability 0.33333333349", "one time in three"),
        ("-m statistic --mode random ! --probability 0.33333333349", "two times in three"),
        ("-m statistic --mode nth --every 3 --packet 0", "each 3rd packet, beginning with the 1st"),
        (
            "-m recent --rcheck --seconds 10800 --reap --name X --mask 255.255.255.255 --rsource",
            "source in the recent list X in the last 10800 s",
        ),
        ("-p tcp -m tcp --tcp-flags SYN,RST,ACK,FIN SYN", "tcp, opening a connection (SYN)"),
        ("-p tcp -m tcp ! --tcp-flags SYN,ACK SYN", "tcp, TCP flags: of SYN,ACK not just SYN set"),
        ("-p icmp -m icmp --icmp-type 8", "ICMP echo-request (8)"),
        ("-m set ! --match-set cali40 src,dst", "source and destination (src,dst) not in the ipset cali40"),
        ("-m limit --limit 5/min --limit-burst 10", "at most 5 per minute on average, after a first 10"),
        ("-m owner ! --uid-owner 1337", "not sent by user 1337"),
        ("-m connbytes --connbytes 100 --connbytes-dir both --connbytes-mode packets",
         "connection that has moved 100 or more packets in both directions"),
    ],
)  # fmt: skip
def test_conditions_in_words(rule: str, words: str) -> None:
    ruleset = ruleset_of(f"*filter\n:C - [0:0]\n-A C {rule} -j ACCEPT\nCOMMIT\n")
    _, chain, found = next(ruleset.rules())
    assert condition_words(found, chain) == words


@pytest.mark.parametrize(
    ("table", "target", "words"),
    [
        ("nat", "DNAT --to-destination 10.42.0.9:80", "change the destination to 10.42.0.9:80"),
        ("nat", "DNAT --to-destination 10.0.0.1-10.0.0.9",
         "change the destination to an address from 10.0.0.1 to 10.0.0.9"),
        ("nat", "MARK --set-xmark 0x4000/0x4000", "set 0x4000 in the mark"),
        ("nat", "MARK --set-xmark 0x4000/0x0", "flip 0x4000 in the mark"),
        ("mangle", "MARK --set-xmark 0x30/0x10", "clear 0x10 in the mark, then flip 0x30 in it"),
        ("mangle", "MARK --set-mark 0x0", "set the mark to 0x0"),
        ("mangle", "CONNMARK --save-mark --nfmask 0xff --ctmask 0xff",
         "save the bits 0xff of the mark to the connection"),
        ("filter", "REJECT --reject-with tcp-reset", "reject it: drop it and reset the sender's connection (TCP RST)"),
        ("filter", "NFQUEUE --queue-num 3 --queue-bypass",
         "hand it to the program on queue 3, which decides; accept it if no program is there"),
        ("raw", "CT --notrack", "do not track its connection: no NAT for it, and its state is UNTRACKED"),
        ("nat", "NOWHERE", "go to NOWHERE, which is neither a chain of this table nor a target that kptui knows"),
    ],
)  # fmt: skip
def test_targets_in_words(table: str, target: str, words: str) -> None:
    ruleset = ruleset_of(f"*{table}\n:C - [0:0]\n-A C -p tcp -j {target}\nCOMMIT\n")
    found, _, rule = next(ruleset.rules())
    assert target_words(rule, found) == words


def test_a_return_from_a_base_chain_leaves_it_to_the_policy() -> None:
    ruleset = ruleset_of("*filter\n:INPUT DROP [0:0]\n:C - [0:0]\n-A INPUT -j RETURN\n-A C -j RETURN\nCOMMIT\n")
    words = [target_words(rule, table) for table, _, rule in ruleset.rules()]
    assert words == ["leave the chain: its policy, DROP, decides", "return to the rule after the one that led here"]
