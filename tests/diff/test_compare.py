"""What differs between two dumps, and what is no difference."""

from __future__ import annotations

import random
import re

import pytest

from tests.diff.support import difference, filter_table, text_of, told
from tests.support import SAMPLE_NAMES

NGINX = "nginx-nodeport"


def changed(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


def shuffled(text: str, seed: int) -> str:
    """The Services of KUBE-SERVICES in another order, the order of Go's maps."""
    lines = text.split("\n")
    at = [i for i, line in enumerate(lines) if line.startswith("-A KUBE-SERVICES -d")]
    moved = [lines[i] for i in at]
    random.Random(seed).shuffle(moved)
    for i, line in zip(at, moved, strict=True):
        lines[i] = line
    return "\n".join(lines)


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_a_dump_does_not_differ_from_itself_counted_dated_and_reordered(name: str) -> None:
    text = text_of(name)
    again = re.sub(r"(?m)^(?=-A )", "[12:3400] ", re.sub(r" on \w+ \w+ .*", " on Tue Dec  1 00:00:00 2026", text))
    again = re.sub(r"\[\d+:\d+\]$", "[7:7]", again, flags=re.MULTILINE)
    tables = re.findall(r"(?ms)^\*.*?^COMMIT\n", again)
    # No header: a dump of the family that its addresses tell.
    head = text.partition("\n")[0] + "\n"
    assert difference(text, head + "".join(reversed(tables))).same


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_services_is_no_difference(seed: int) -> None:
    text = text_of(NGINX)
    assert difference(text, shuffled(text, seed)).same


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_every_rule_counts(name: str) -> None:
    """Whichever rule is left out, there is a difference, and the other way round the same one."""
    lines = text_of(name).split("\n")
    for number, line in enumerate(lines):
        if line.startswith("-A "):
            without = "\n".join([*lines[:number], *lines[number + 1 :]])
            one, other = difference("\n".join(lines), without), difference(without, "\n".join(lines))
            assert not one.same, line
            assert not other.same, line


def test_the_nodeports_rule_must_stay_last() -> None:
    text = text_of(NGINX)
    rule = next(line for line in text.split("\n") if line.startswith("-A KUBE-SERVICES -m comment"))
    first = next(line for line in text.split("\n") if line.startswith("-A KUBE-SERVICES -d"))
    moved = changed(text, (f"{rule}\n", ""), (f"{first}\n", f"{rule}\n{first}\n"))
    found = told(text, moved)
    assert found[0] == "~ nat KUBE-SERVICES"
    assert found[1].startswith("→ 6 → 1 to an address of this host → KUBE-NODEPORTS")
    assert len(found) == 2


def test_rules_that_overlap_may_not_change_places() -> None:
    one, other = "-p tcp -m tcp --dport 22 -j ACCEPT", "-s 10.0.0.0/8 -j DROP"
    [chain, move] = told(filter_table(one, other), filter_table(other, one))
    assert chain == "~ filter FORWARD"
    assert move.startswith("→ ")


def test_rules_that_no_packet_matches_both_may() -> None:
    one, other = "-p tcp -m tcp --dport 22 -j ACCEPT", "-p tcp -m tcp --dport 23 -j DROP"
    assert difference(filter_table(one, other), filter_table(other, one)).same


def test_rules_that_do_the_same_may() -> None:
    one, other = "-p tcp -j ACCEPT", "-s 10.0.0.0/8 -j ACCEPT"
    assert difference(filter_table(one, other), filter_table(other, one)).same


def test_rules_added_removed_and_changed() -> None:
    before = filter_table("-s 10.0.0.1 -j ACCEPT", "-s 10.0.0.2 -j ACCEPT", "-p udp -j DROP")
    after = filter_table("-s 10.0.0.1 -j DROP", "-p udp -j DROP", "-p icmp -j LOGGED", policy="DROP")
    assert told(before, after) == [
        "~ filter FORWARD",
        "~ policy ACCEPT → DROP",
        "~ 1 from 10.0.0.1 ✓ ACCEPT now: from 10.0.0.1 ✗ DROP",
        "- 2 from 10.0.0.2 ✓ ACCEPT",
        "+ 3 icmp → LOGGED",
    ]


def test_a_comment_alone_is_told_as_such() -> None:
    before, after = (filter_table(f'-m comment --comment "{words}" -j DROP') for words in ("old words", "new words"))
    assert told(before, after) == [
        "~ filter FORWARD",
        "~ 1 always ✗ DROP, comment “old words” now: comment “new words”",
    ]


def test_two_spellings_are_no_difference() -> None:
    before = filter_table("-m comment --comment c -m tcp -p tcp -d 10.0.0.1 --dport 80 -j REJECT")
    after = filter_table(
        "-d 10.0.0.1/32 -p tcp -m comment --comment c -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable"
    )
    assert difference(before, after).same


def test_what_kube_proxy_writes_is_what_iptables_save_prints() -> None:
    """The form that kube-proxy feeds to iptables-restore, against the one that is saved of it."""
    text = text_of(NGINX)
    said = r"(-m comment --comment \"[^\"]*\")"
    written = re.sub(rf"-d (\S+)/32 -p (\w+) {said} -m \w+ --dport", r"\3 -m \2 -p \2 -d \1 --dport", text)
    written = re.sub(rf"-p (\w+) {said} -m \w+ -j DNAT", r"\2 -m \1 -p \1 -j DNAT", written)
    written = written.replace("--set-xmark 0x4000/0x4000", "--or-mark 0x4000").replace("/32 -m", " -m")
    written = written.replace("0.50000000000", "0.5000000000")
    assert written != text
    assert difference(text, written).same


def test_empty_tables_and_base_chains_are_as_good_as_none() -> None:
    text = filter_table("-j DROP")
    more = "*mangle\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n" + text.replace(":LOGGED", ":INPUT ACCEPT [0:0]\n:LOGGED")
    assert difference(text, more).same
    assert difference(more, text).same
    dropping = more.replace(":PREROUTING ACCEPT", ":PREROUTING DROP")
    assert told(text, dropping) == ["+ mangle PREROUTING 0 rules, policy DROP"]


def test_chains_added_and_removed() -> None:
    text = filter_table("-j LOGGED")
    more = text.replace(":LOGGED", ":NEW - [0:0]\n:LOGGED").replace("COMMIT", "-A NEW -p tcp -j DROP\nCOMMIT")
    assert told(text, more) == ["+ filter NEW 1 rule", "+ 1 tcp ✗ DROP"]
    assert told(more, text) == ["- filter NEW 1 rule", "- 1 tcp ✗ DROP"]


def test_an_endpoint_replaced_is_told_once() -> None:
    text = text_of(NGINX)
    after = changed(text, ("10.42.0.200", "10.42.0.201"), ("KUBE-SEP-UIOQG3KKGTPDCR56", "KUBE-SEP-AAAAAAAAAAAAAAAA"))
    assert told(text, after) == [
        "~ default/nginx:80-80 (tcp)",
        "- endpoint 10.42.0.200:80  (1/2)",
        "+ endpoint 10.42.0.201:80  (1/2)",
    ]


def test_uneven_shares_are_told() -> None:
    text = text_of(NGINX)
    rule = next(line for line in text.split("\n") if "KUBE-SVC-OVTW" in line and "statistic" in line)
    after = changed(text, (rule, rule.replace("0.50000000000", "0.25000000000")))
    assert told(text, after) == [
        "~ default/nginx:80-80 (tcp)",
        "~ share 10.42.0.199:80 1/2 → 1/4",
        "~ share 10.42.0.200:80 1/2 → 3/4",
    ]


def test_a_node_port_and_a_cluster_ip() -> None:
    text = text_of(NGINX)
    assert told(text, text.replace("32754", "30007")) == ["~ default/nginx:80-80 (tcp)", "~ node port 32754 → 30007"]
    assert told(text, text.replace("10.110.199.45", "10.110.0.1")) == [
        "~ default/nginx:80-80 (tcp)",
        "~ cluster IP 10.110.199.45:80 → 10.110.0.1:80",
    ]


def test_session_affinity() -> None:
    text = text_of("session-affinity")
    plain = re.sub(r"(?m)^-A KUBE-SVC-.* -m recent .*\n", "", text)
    plain = re.sub(r"-m recent --set --name \S+ --mask \S+ --rsource ", "", plain)
    assert told(text, plain) == ["~ shop/basket:http (tcp)", "~ affinity 10800 → none"]


def test_policies_and_source_ranges() -> None:
    text = text_of("external-traffic-local")
    hashed = "SDJIZWTEWZYZXRFP"
    cluster = re.sub(rf"(?m)^-A KUBE-EXT-{hashed} .*\n", "", text)
    cluster = re.sub(rf"(?m)^(:|-A )KUBE-SVL-{hashed} .*\n", "", cluster)
    cluster = cluster.replace(
        "-A KUBE-MARK-MASQ",
        f'-A KUBE-EXT-{hashed} -m comment --comment "masquerade traffic for ingress/gateway:https external '
        f'destinations" -j KUBE-MARK-MASQ\n-A KUBE-EXT-{hashed} -j KUBE-SVC-{hashed}\n-A KUBE-MARK-MASQ',
    )
    assert "~ external policy Local → Cluster" in told(text, cluster)
    ranges = text_of("loadbalancer-source-ranges")
    found = told(ranges, ranges.replace("203.0.113.0/24", "203.0.113.0/25"))
    assert found == ["~ shop/web:https (tcp)", "~ sources 203.0.113.0/24 → 203.0.113.0/25"]


def test_services_added_and_removed_take_their_chains_and_rules_with_them() -> None:
    found = told(text_of("kube-dns"), text_of(NGINX))
    assert "+ default/nginx:80-80 (tcp) 10.110.199.45:80 *:32754; endpoints 10.42.0.199:80, 10.42.0.200:80" in found
    assert not any("KUBE-SVC" in line or "KUBE-SEP" in line for line in found)


def test_a_rule_of_a_service_that_nothing_about_it_accounts_for_is_told() -> None:
    text = text_of(NGINX)
    rule = next(line for line in text.split("\n") if line.startswith("-A KUBE-SVC-OVTW") and "MARK-MASQ" in line)
    after = changed(text, (rule, rule.replace("10.42.0.0/24", "10.42.0.0/16")))
    assert told(text, after) == [
        "~ nat KUBE-SVC-OVTWZ4GROBJZO4C5",
        "~ 1 tcp to 10.110.199.45:80, not from 10.42.0.0/24 → KUBE-MARK-MASQ now: "
        "tcp to 10.110.199.45:80, not from 10.42.0.0/16 → KUBE-MARK-MASQ",
    ]
    # Beside a new endpoint it is told as well.
    both = changed(after, ("10.42.0.200", "10.42.0.201"), ("KUBE-SEP-UIOQG3KKGTPDCR56", "KUBE-SEP-AAAAAAAAAAAAAAAA"))
    assert len(told(text, both)) == 5


def test_a_service_that_loses_its_endpoints() -> None:
    text = text_of(NGINX)
    keep = [
        line for line in text.split("\n") if not re.search("OVTWZ4GROBJZO4C5|ZGUCVTBPJNCW75NN|UIOQG3KKGTPDCR56", line)
    ]
    reject = (
        '-A KUBE-SERVICES -d 10.110.199.45/32 -p tcp -m comment --comment "default/nginx:80-80 has no endpoints" '
        "-m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable"
    )
    at = keep.index("COMMIT", keep.index("*filter"))
    after = "\n".join([*keep[:at], reject, *keep[at:]])
    found = told(text, after)
    assert found[0] == "~ default/nginx:80-80 (tcp)"
    assert "+ rejected 10.110.199.45:80" in found
    assert "- endpoint 10.42.0.199:80  (1/2)" in found
    assert not any("KUBE-" in line for line in found)


def test_an_unread_rule_is_compared_as_text() -> None:
    one, other = filter_table('-s 10.0.0.1 "'), filter_table('-s 10.0.0.2 "')
    assert difference(one, one).same
    assert not difference(one, other).same
