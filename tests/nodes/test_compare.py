"""What differs between nodes, and what they have of their own and is no difference."""

from __future__ import annotations

import gzip
import re

from kptui.kubernetes.names import service_hash
from kptui.nodes.compare import compare_nodes
from kptui.nodes.summary import Summaries, uncounted
from kptui.report.nodes.words import notes, summary
from kptui.sources import SourceText
from tests.nodes.variants import compared, replaced, summaries, text_of, told, without
from tests.support import shared

NGINX = text_of("nginx-nodeport")
LOCAL = text_of("external-traffic-local")
WITHOUT_ENDPOINT = without("KUBE-SVC-OVTWZ4GROBJZO4C5", "KUBE-SEP-UIOQG3KKGTPDCR56")


def test_an_endpoint_that_one_node_lacks() -> None:
    lagging = WITHOUT_ENDPOINT(NGINX)
    assert told(a=NGINX, b=NGINX, c=lagging) == [
        "default/nginx:80-80 (tcp)",
        "endpoints",
        "2 of 3  10.42.0.199:80 10.42.0.200:80: a and b",
        "1 of 3  10.42.0.199:80: c",
    ]
    found = compared(a=NGINX, b=NGINX, c=lagging)
    assert summary(found) == "1 Service port differs; furthest from the majority: c, in 1 Service port."
    assert found.services[0].apart == ("c",)
    assert [each.state.title for each in found.of("c")] == ["default/nginx:80-80"]
    assert not found.of("a")


def test_a_tie_has_no_majority_and_names_both_groups() -> None:
    found = compared(a=NGINX, b=WITHOUT_ENDPOINT(NGINX))
    [split] = found.services[0].splits
    assert split.majority is None
    assert [group.nodes for group in split.groups] == [("a",), ("b",)]
    assert found.counts["a"] == found.counts["b"] == {"other": 0, "tie": 1}
    assert summary(found) == "1 Service port differs."
    assert told(a=NGINX, b=WITHOUT_ENDPOINT(NGINX))[1] == "endpoints, no majority"


def test_ports_affinity_and_addresses() -> None:
    changed = replaced(("32754", "30007"), ("10.110.199.45", "10.110.199.46"))(NGINX)
    assert told(a=NGINX, b=changed, c=NGINX) == [
        "default/nginx:80-80 (tcp)",
        "cluster IP",
        "2 of 3  10.110.199.45:80: a and c",
        "1 of 3  10.110.199.46:80: b",
        "node port",
        "2 of 3  32754: a and c",
        "1 of 3  30007: b",
    ]
    sticky = text_of("session-affinity")
    [affinity] = compared(a=sticky, b=replaced(("--seconds 10800", "--seconds 60"))(sticky)).services[0].splits
    assert (affinity.name, [group.value for group in affinity.groups]) == (
        "session_affinity_seconds",
        [("10800",), ("60",)],
    )


def test_a_service_that_only_some_nodes_have() -> None:
    gone = without("OVTWZ4GROBJZO4C5")(NGINX)
    assert told(a=NGINX, b=NGINX, c=gone) == [
        "default/nginx:80-80 (tcp)",
        "the Service port",
        "2 of 3  there: a and b",
        "1 of 3  missing: c",
    ]


def refused_and_served(name: str, address: str) -> tuple[str, str]:
    """A node that rejects what comes to a Service for want of endpoints, and one that has an endpoint for it."""
    asks = f"-A KUBE-SERVICES -d {address}/32 -p tcp -m comment --comment"
    rejects = f'{asks} "{name} has no endpoints" -m tcp --dport 80 -j REJECT'
    refusing = f"*filter\n:KUBE-SERVICES - [0:0]\n{rejects}\nCOMMIT\n"
    hashed = service_hash(name, "tcp")
    rules = (
        f'{asks} "{name} cluster IP" -m tcp --dport 80 -j KUBE-SVC-{hashed}\n'
        f'-A KUBE-SVC-{hashed} -m comment --comment "{name} -> 10.42.9.9:80" -j KUBE-SEP-A\n'
        f'-A KUBE-SEP-A -p tcp -m comment --comment "{name}" -m tcp -j DNAT --to-destination 10.42.9.9:80\n'
    )
    declared = f":KUBE-SERVICES - [0:0]\n:KUBE-SVC-{hashed} - [0:0]\n:KUBE-SEP-A - [0:0]\n"
    return (
        f"*nat\n:KUBE-SERVICES - [0:0]\nCOMMIT\n{refusing}",
        f"*nat\n{declared}{rules}COMMIT\n*filter\n:KUBE-SERVICES - [0:0]\nCOMMIT\n",
    )


def test_that_a_node_rejects_for_want_of_endpoints_is_told_once() -> None:
    refusing, serving = refused_and_served("shop/cart:http", "10.96.0.7")
    assert told(a=refusing, b=serving, c=serving) == [
        "shop/cart:http (tcp)",
        "endpoints",
        "2 of 3  10.42.9.9:80: b and c",
        "1 of 3  none: a",
    ]


def test_a_service_without_a_name_is_known_by_its_address() -> None:
    refusing, serving = refused_and_served("shop/cart:http", "10.96.0.7")
    nameless = re.sub(r'-m comment --comment "[^"]*has no endpoints" ', "", refusing)
    assert nameless != refusing
    assert told(a=nameless, b=serving)[:2] == ["shop/cart:http (tcp)", "endpoints, no majority"]


def test_what_is_local_to_a_node_is_no_difference() -> None:
    svl = [line for line in LOCAL.splitlines() if line.startswith("-A KUBE-SVL-")]
    hashed = svl[0].split()[1].removeprefix("KUBE-SVL-")
    pods = re.findall(rf"^-A KUBE-SVC-{hashed} .*-j (KUBE-SEP-\w+)", LOCAL, re.MULTILINE)
    elsewhere = [pod for pod in pods if not any(pod in line for line in svl)]
    assert elsewhere, "the sample has an endpoint on another node"
    at = LOCAL.index(svl[0])
    moved = without("-A KUBE-SVL-")(LOCAL[:at] + f"-A KUBE-HERE -j {elsewhere[0]}\n" + LOCAL[at:])
    moved = moved.replace("-A KUBE-HERE", f"-A KUBE-SVL-{hashed}")
    none = without("KUBE-SVL-")(LOCAL)
    assert told(a=LOCAL, b=moved, c=none) == []


def test_counters_probability_text_comments_pod_networks_and_orders_are_no_difference() -> None:
    counted = re.sub(r"^-A", "[7:420] -A", NGINX, flags=re.MULTILINE)
    spelt = replaced(("--probability 0.50000000000", "--probability 0.5"))(NGINX)
    terse = re.sub(r'(-A KUBE-S(?:VC|EP).*?) -m comment --comment "default/nginx[^"]*"', r"\1", NGINX)
    assert terse != NGINX
    elsewhere = replaced(("10.42.0.0/24", "10.42.7.0/24"))(NGINX)
    lines = NGINX.splitlines(keepends=True)
    at = [i for i, line in enumerate(lines) if line.startswith("-A KUBE-SERVICES -d")]
    lines[at[0] : at[-1] + 1] = reversed(lines[at[0] : at[-1] + 1])
    assert told(a=NGINX, b=counted, c=spelt, d=terse, e=elsewhere, f="".join(lines)) == []


def test_a_node_without_a_family_or_without_text_is_not_said_to_lack_services() -> None:
    ipv6 = text_of("dual-stack-ipv6")
    assert told(a=NGINX, b=NGINX + ipv6) == []
    cut = NGINX[: NGINX.index("-A KUBE-SERVICES")]
    assert not any("missing" in line for line in told(a=NGINX, b=cut))
    refusing = text_of("no-endpoints")
    only_nat = refusing[refusing.index("*nat") :]
    assert [line for line in told(a=refusing, b=only_nat) if "missing" in line or "none" in line] == []


def test_settings_of_the_nodes() -> None:
    other = replaced((":FORWARD ACCEPT [1904", ":FORWARD DROP [7"), ("0x4000", "0x8000000"))(NGINX)
    assert told(a=NGINX, b=other, c=NGINX)[:6] == [
        "FORWARD policy",
        "2 of 3  ACCEPT: a and c",
        "1 of 3  DROP: b",
        "masquerade mark",
        "2 of 3  0x4000: a and c",
        "1 of 3  0x8000000: b",
    ]
    plain = told(a=NGINX, b=text_of("plain-firewall"), c=NGINX)
    assert plain[:3] == ["mode", "2 of 3  iptables: a and c", "1 of 3  none: b"]
    # A node without kube-proxy's rules says nothing of Services.
    assert not any("default/nginx" in line for line in plain)


def test_versions_that_may_be_one_are_no_difference() -> None:
    newer = replaced(("--ctstate INVALID -j", "--ctstate INVALID -m nfacct --nfacct-name  x -j"))(NGINX)
    a, b = summaries(a=NGINX, b=newer)
    assert (a.settings["kube-proxy"], b.settings["kube-proxy"]) == ("1.25 or newer", "1.31 or newer")
    assert not compare_nodes([a, b]).settings
    older = text_of("kube-proxy-1.23")
    assert "kube-proxy" in [split.name for split in compared(a=NGINX, b=older).settings]


def test_dumps_taken_at_other_times_are_said_to_be() -> None:
    later = replaced(("07:16:00 2026", "09:20:00 2026"))(WITHOUT_ENDPOINT(NGINX))
    assert "up to 2 hours apart" in next(notes(compared(a=NGINX, b=later)))


def test_endpoints_of_each_node_alone_may_be_meant() -> None:
    mine = WITHOUT_ENDPOINT(NGINX)
    yours = without("KUBE-SVC-OVTWZ4GROBJZO4C5", "KUBE-SEP-ZGUCVTBPJNCW75NN")(NGINX)
    assert compared(a=mine, b=yours).services[0].disjoint
    assert not compared(a=mine, b=NGINX).services[0].disjoint


def test_what_chains_say_is_read_once_for_all_nodes_that_agree() -> None:
    memory = Summaries()
    texts = {"a": NGINX, "b": replaced(("10.42.0.0/24", "10.42.7.0/24"))(NGINX)}
    a, b = (memory.of(name, uncounted(SourceText(name, text))) for name, text in texts.items())
    assert len(a.ports) == 5
    assert all(b.ports[key] is state for key, state in a.ports.items())


def test_a_real_node_beside_one_that_lacks_a_service() -> None:
    text = gzip.decompress((shared("dumps") / "kubeproxy-0100.txt.gz").read_bytes()).decode()
    name = re.search(r'--comment "(\S+) cluster IP" .*-j KUBE-SVC-(\w+)', text)
    assert name
    gone = without(name[2])(text)
    assert compared(a=text, b=text).services == ()
    [only] = [each for each in compared(a=text, b=gone, c=text).services if each.splits[0].name == "present"]
    assert only.state.title == name[1]
    assert [group.nodes for group in only.splits[0].groups] == [("a", "c"), ("b",)]
