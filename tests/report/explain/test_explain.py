"""What kptui explain says: of rules, chains, Services and addresses, in sentences and as facts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kptui.errors import UsageError
from kptui.report.explain.anything import explained
from kptui.report.explain.around import Around
from kptui.report.explain.as_json import explanations_json
from kptui.report.explain.model import Explanation, sentence
from kptui.report.explain.text import explanations_text
from kptui.tracing import Session
from tests.support import sample, session_of


def of(session: Session) -> Callable[[str], Explanation]:
    around = Around(session.ruleset, lambda: session.services)
    return lambda ref: explained(around, ref)[0]


@pytest.fixture(scope="module")
def nginx() -> Callable[[str], Explanation]:
    return of(Session.open(sample("nginx-nodeport")))


def said(explanation: Explanation, section: str) -> str:
    return " ".join(explanation.section(section))


def test_a_rule_that_marks_says_what_the_mark_means_later(nginx: Callable[[str], Explanation]) -> None:
    found = nginx("nat/KUBE-SVC-OVTWZ4GROBJZO4C5:1")
    assert found.title == "nat KUBE-SVC-OVTWZ4GROBJZO4C5, rule 1 of 3 (line 112)"
    assert found.section("matches")[0] == "tcp to 10.110.199.45:80, not from 10.42.0.0/24."
    assert "There the mark gets 0x4000, and nothing else happens." in found.section("then")
    assert "It comes back here in any case, and goes on to rule 2." in found.section("next")
    assert "The pod network is 10.42.0.0/24" in said(found, "why")
    later = said(found, "later")
    assert "filter KUBE-FORWARD 2 (line 39), which now matches" in later
    assert "nat KUBE-POSTROUTING 1 (line 77), which now does not match" in later
    assert "KUBE-POSTROUTING masquerades the packet in POSTROUTING" in later
    assert "in the end from PREROUTING and OUTPUT" in said(found, "callers")


def test_a_rule_of_two_says_its_share_and_where_it_leads(nginx: Callable[[str], Explanation]) -> None:
    found = nginx("nat/KUBE-SVC-OVTWZ4GROBJZO4C5:2")
    assert "Of the packets that come to rules 2 to 3, each of these rules takes 1/2." in found.section("matches")
    assert "There the destination becomes 10.42.0.199:80 (DNAT)." in found.section("then")
    assert found.parts["share"] == {"part": "1/2", "first": 2, "last": 3}
    assert found.parts["stands_for"] == {"chain": "default/nginx:80-80", "target": "10.42.0.199:80"}
    assert found.parts["fate"] == "either"


def test_a_translation_says_where_the_packet_goes_from_each_hook(nginx: Callable[[str], Explanation]) -> None:
    next_ = said(nginx("nat/KUBE-SEP-ZGUCVTBPJNCW75NN:2"), "next")
    assert "in PREROUTING, to routing, which chooses INPUT if the destination is this host, else FORWARD" in next_
    assert "in OUTPUT, to the OUTPUT chain of table filter" in next_
    assert "conntrack translates them" in next_


def test_the_ends_of_chains() -> None:
    explain = of(
        session_of("""\
        *filter
        :INPUT DROP [7:420]
        :C - [0:0]
        :LOST - [0:0]
        -A INPUT -p tcp -g C
        -A INPUT -p udp -j ACCEPT
        -A C -p tcp -m tcp --dport 22 -j ACCEPT
        -A C -j RETURN
        -A LOST -j NFLOG
        COMMIT
        """)
    )
    assert "What is left of it comes back to the rule after the one that led to this chain." in said(
        explain("INPUT:1"), "next"
    )
    assert said(explain("INPUT:2"), "next") == (
        "The packet goes on to the program on this host that it is for. "
        "Packets that do not match go on to the chain's policy, DROP."
    )
    assert "Nothing in table filter leads to LOST: no packet comes here." in said(explain("LOST"), "callers")
    assert "7 packets (420 bytes) came to its policy." in said(explain("INPUT"), "is")
    assert (
        said(explain("C"), "end")
        == "Packets that no rule decides go back to the rule after the one that led them here."
    )


def test_security_comes_after_filter_where_there_is_one() -> None:
    explain = of(
        session_of("""\
        *security
        :FORWARD ACCEPT [0:0]
        COMMIT
        *filter
        :FORWARD ACCEPT [0:0]
        -A FORWARD -j ACCEPT
        COMMIT
        """)
    )
    assert said(explain("filter/FORWARD:1"), "next") == "The packet goes on to the FORWARD chain of table security."


def test_a_rule_that_could_not_be_read_says_so() -> None:
    explain = of(session_of('*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 10.0.0.1 "\n-A INPUT -j ACCEPT\nCOMMIT\n'))
    assert explain("3").sections[0].id in ("error", "matches")


def test_a_service_from_its_addresses_to_its_endpoints(nginx: Callable[[str], Explanation]) -> None:
    found = nginx("default/nginx")
    assert "Cluster IP 10.110.199.45:80, by nat KUBE-SERVICES 5 (line 102)." in found.section("reached")
    assert "Node port 32754 at every address of this node" in said(found, "reached")
    assert "By node port: KUBE-EXT-OVTWZ4GROBJZO4C5, which handles what comes from outside, then KUBE-SVC-" in said(
        found, "way"
    )
    assert found.section("endpoints") == (
        "2 endpoints, each of which gets 1/2 of the connections: 10.42.0.199:80, 10.42.0.200:80.",
    )
    assert said(found, "masquerade").startswith(
        "Masqueraded are: clients that are not in 10.42.0.0/24, to the cluster IP; everything from outside; "
        "an endpoint that reaches itself through the Service."
    )
    assert found.parts["cluster_ip"] == "10.110.199.45"


def test_a_local_policy_says_who_takes_the_short_cut() -> None:
    found = of(Session.open(sample("external-traffic-local")))("ingress/gateway")
    assert "clients keep their address" in said(found, "policies")
    assert "But packets from 10.42.0.0/16 or from this node go from there to KUBE-SVC-SDJIZWTEWZYZXRFP." in said(
        found, "way"
    )
    assert "what this node itself sends to the external addresses or the node port" in said(found, "masquerade")


def test_a_service_without_endpoints_says_what_is_refused() -> None:
    explain = of(Session.open(sample("no-endpoints")))
    refused = said(explain("shop/checkout"), "refused")
    assert "10.96.31.5:80 is rejected for want of endpoints, by filter KUBE-SERVICES 1 (line 43)." in refused
    assert "Node port 30080 is rejected for want of endpoints" in refused
    assert said(explain("monitoring/collector"), "refused").startswith(
        "10.96.88.9:4317 is dropped for want of endpoints on this node"
    )
    assert explain("shop/checkout").section("endpoints") == ("It has no endpoints.",)


def test_source_ranges_and_affinity() -> None:
    ranges = of(Session.open(sample("loadbalancer-source-ranges")))("shop/web")
    assert "By the load balancer only 203.0.113.0/24, 192.168.50.0/24 may come; the rest is dropped." in said(
        ranges, "policies"
    )
    affine = of(Session.open(sample("session-affinity")))("shop/basket")
    assert "if that was in the last 10800 s" in said(affine, "policies")


def test_an_address(nginx: Callable[[str], Explanation]) -> None:
    pod = nginx("10.42.0.199")
    assert "10.42.0.199:80 is an endpoint of default/nginx:80-80, which sends it 1/2 of the connections" in said(
        pod, "endpoint"
    )
    assert "By node port *:32754: KUBE-NODEPORTS 1 → KUBE-EXT-OVTWZ4GROBJZO4C5 2" in said(pod, "endpoint")
    dns = nginx("10.96.0.10:53")
    assert [each["name"] for each in dns.parts["services"]] == [
        "kube-system/kube-dns:dns",
        "kube-system/kube-dns:dns-tcp",
    ]
    # 10.42.0.19 is but a part of 10.42.0.199.
    with pytest.raises(UsageError, match="speaks of"):
        nginx("10.42.0.19")


def test_a_long_chain_is_summed_up() -> None:
    rules = "".join(f"-A C -s 10.0.0.{n} -j ACCEPT\n" for n in range(1, 101))
    found = of(session_of(f"*filter\n:C - [0:0]\n{rules}COMMIT\n"))("C")
    assert found.section("rules")[0] == "100 rules lead to ACCEPT."
    assert "… and so on to 100" in found.section("rules")[-1]
    assert len(found.parts["rules"]) == 100


def test_the_text_is_broken_at_the_width_and_safe_to_show() -> None:
    explain = of(session_of(
        '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m comment --comment "\x1b[2J evil" -j ACCEPT\nCOMMIT\n'
    ))  # fmt: skip
    text = explanations_text([explain("INPUT:1"), explain("INPUT")], 60)
    assert "\x1b" not in text
    assert "\\x1b[2J evil" in text
    assert max(map(len, text.split("\n"))) <= 60


def test_the_json_has_the_same_sentences(nginx: Callable[[str], Explanation]) -> None:
    found = nginx("KUBE-MARK-MASQ")
    told = explanations_json("KUBE-MARK-MASQ", [found])
    assert told["schema"] == "kptui.explain/1"
    [only] = told["explanations"]
    assert only["kind"] == "chain"
    assert [section["sentences"] for section in only["sections"]] == [list(each.sentences) for each in found.sections]
    assert only["chain"]["rules"][0]["then"] == "set 0x4000 in the mark"
    assert len(only["chain"]["callers"]) == 15


def test_sentences() -> None:
    assert sentence("one time in two") == "One time in two."
    assert sentence("tcp to port 80") == "tcp to port 80."
    assert sentence("KUBE-SERVICES is it.") == "KUBE-SERVICES is it."
