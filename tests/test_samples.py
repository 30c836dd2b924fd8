# ruff: noqa: E501  (command lines are kept whole, as the README has them)
"""What samples/README.md says of each sample; every outcome here was confirmed against the real kernel."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support import ROOT, SAMPLES, Done

Run = Callable[..., Done]
End = tuple[str, str | None, str | None]
CALICO = (
    "samples/calico-policy.txt --local 192.168.50.10 --ipset samples/calico-policy.ipset "
    "--route '10.42.0.12/32 dev cali6b0d4e8a2c1' --route '10.42.0.31/32 dev cali1f3a9c5e7d2' "
    "--route '10.42.0.77/32 dev cali1c8e2b7f904' --route '0.0.0.0/0 dev eth0' "
)
PLAIN = (
    "samples/plain-firewall.txt --local 203.0.113.10 --local 192.168.50.1 "
    "--route '192.168.50.0/24 dev eth1' --route '0.0.0.0/0 dev eth0' "
)


@dataclass(frozen=True)
class Claim:
    """What is claimed of a command: its answer, and the whole of its outcomes.

    `outcomes`: (end, dnat, snat) -> probability. `last` is the rule that decided a drop or reject, `met` are chains on
    every outcome's path, `missed` chains on none.
    """

    answer: str
    outcomes: Mapping[End, Any]
    last: str = ""
    met: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()


def halves(one: str, two: str, snat: str | None) -> dict[End, Any]:
    return {("forwarded", one, snat): 0.5, ("forwarded", two, snat): 0.5}


def thirds(port: int, hosts: tuple[str, ...], snat: str | None, end: str) -> dict[End, Any]:
    return {(end, f"{host}:{port}", snat): pytest.approx(1 / 3) for host in hosts}


def no(end: str, last: str) -> Claim:
    return Claim("no", {(end, None, None): 1}, last)


MASQ = "MASQUERADE"
NGINX = ("10.42.0.199:80", "10.42.0.200:80")
GATEWAYS = ("10.42.0.41", "10.42.1.42", "10.42.2.43")
# Command lines as the README has them (those of its trace() functions written out), and a few it tells in words.
CLAIMS: dict[str, Claim] = {
    "samples/nginx-nodeport.txt --src 192.168.50.2 --dst 192.168.50.10 --proto tcp --dport 32754 --local 192.168.50.10": Claim(
        "yes", halves(*NGINX, MASQ), met=("KUBE-NODEPORTS", "KUBE-EXT-OVTWZ4GROBJZO4C5", "KUBE-MARK-MASQ", "KUBE-FORWARD")
    ),
    "samples/nginx-nodeport.txt --src 10.42.0.7 --dst 10.110.199.45 --proto tcp --dport 80 --local 192.168.50.10": Claim(
        "yes", halves(*NGINX, None), missed=("KUBE-MARK-MASQ",)
    ),
    "samples/nginx-nodeport.txt --src 10.42.0.199 --dst 10.110.199.45 --proto tcp --dport 80 --local 192.168.50.10": Claim(
        "yes", {("forwarded", NGINX[0], MASQ): 0.5, ("forwarded", NGINX[1], None): 0.5}
    ),
    "samples/nginx-nodeport.txt --src 10.42.0.7 --dst 10.96.0.1 --proto tcp --dport 443 --local 192.168.50.10": Claim(
        "yes", {("delivered", "192.168.50.10:6443", None): 1}, met=("INPUT",), missed=("FORWARD",)
    ),
    "samples/three-pods.txt --src 10.42.0.7 --dst 10.96.140.7 --proto tcp --dport 80 --local 192.168.50.10": Claim(
        "yes", thirds(8080, ("10.42.0.11", "10.42.0.12", "10.42.1.13"), None, "forwarded")
    ),
    "samples/three-pods.txt --origin local --src 192.168.50.10 --dst 10.96.140.7 --proto tcp --dport 80 --local 192.168.50.10": Claim(
        "yes", thirds(8080, ("10.42.0.11", "10.42.0.12", "10.42.1.13"), MASQ, "sent")
    ),
    "samples/no-endpoints.txt --src 10.42.0.7 --dst 10.96.31.5 --proto tcp --dport 80 --local 192.168.50.10": no(
        "rejected", "FORWARD KUBE-SERVICES"
    ),
    "samples/no-endpoints.txt --src 203.0.113.9 --dst 198.51.100.25 --proto tcp --dport 80 --local 192.168.50.10": no(
        "rejected", "FORWARD KUBE-EXTERNAL-SERVICES"
    ),
    "samples/no-endpoints.txt --src 203.0.113.9 --dst 192.168.50.10 --proto tcp --dport 30080 --local 192.168.50.10": no(
        "rejected", "INPUT KUBE-EXTERNAL-SERVICES"
    ),
    "samples/no-endpoints.txt --src 10.42.0.7 --dst 10.96.88.9 --proto tcp --dport 4317 --local 192.168.50.10": no(
        "dropped", "FORWARD KUBE-SERVICES"
    ),
    "samples/session-affinity.txt --src 10.42.0.7 --dst 10.96.12.34 --proto tcp --dport 80 --local 192.168.50.10 --assume rcheck=no": Claim(
        "yes", halves("10.42.0.21:8080", "10.42.1.22:8080", None)
    ),
    "samples/loadbalancer-source-ranges.txt --src 203.0.113.9 --dst 198.51.100.20 --proto tcp --dport 443 --local 192.168.50.10": Claim(
        "yes", halves("10.42.0.31:8443", "10.42.1.32:8443", MASQ), met=("KUBE-FW-UB7LXFC7TRMUABOP",)
    ),
    "samples/loadbalancer-source-ranges.txt --src 198.51.100.77 --dst 198.51.100.20 --proto tcp --dport 443 --local 192.168.50.10": no(
        "dropped", "FORWARD KUBE-PROXY-FIREWALL"
    ),
    "samples/loadbalancer-source-ranges.txt --src 10.42.0.7 --dst 198.51.100.20 --proto tcp --dport 443 --local 192.168.50.10": no(
        "dropped", "FORWARD KUBE-PROXY-FIREWALL"
    ),
    "samples/loadbalancer-source-ranges.txt --src 198.51.100.77 --dst 192.168.50.10 --proto tcp --dport 31443 --local 192.168.50.10": Claim(
        "yes", halves("10.42.0.31:8443", "10.42.1.32:8443", MASQ), missed=("KUBE-FW-UB7LXFC7TRMUABOP",)
    ),
    "samples/external-traffic-local.txt --src 203.0.113.9 --dst 198.51.100.30 --proto tcp --dport 443 --local 192.168.50.10": Claim(
        "yes", {("forwarded", "10.42.0.41:8443", None): 1}, met=("KUBE-EXT-SDJIZWTEWZYZXRFP", "KUBE-SVL-SDJIZWTEWZYZXRFP")
    ),
    "samples/external-traffic-local.txt --src 203.0.113.9 --dst 192.168.50.10 --proto tcp --dport 30443 --local 192.168.50.10": Claim(
        "yes", {("forwarded", "10.42.0.41:8443", None): 1}, met=("KUBE-SVL-SDJIZWTEWZYZXRFP",)
    ),
    "samples/external-traffic-local.txt --src 10.42.0.7 --dst 198.51.100.30 --proto tcp --dport 443 --local 192.168.50.10": Claim(
        "yes", thirds(8443, GATEWAYS, None, "forwarded"), met=("KUBE-SVC-SDJIZWTEWZYZXRFP",)
    ),
    "samples/external-traffic-local.txt --origin local --src 192.168.50.10 --dst 198.51.100.30 --proto tcp --dport 443 --local 192.168.50.10": Claim(
        "yes", thirds(8443, GATEWAYS, MASQ, "sent"), met=("KUBE-SVC-SDJIZWTEWZYZXRFP",)
    ),
    "samples/external-traffic-local.txt --src 203.0.113.1 --dst 192.168.50.10 --proto tcp --dport 32100 --local 192.168.50.10": Claim(
        "yes", {("delivered", None, None): 1}, last="INPUT KUBE-NODEPORTS"
    ),
    "samples/kube-proxy-1.23.txt --src 203.0.113.9 --dst 198.51.100.40 --proto tcp --dport 80 --local 192.168.50.10": Claim(
        "yes", {("forwarded", "10.42.0.51:8080", None): 1}, met=("KUBE-FW-LQHX3O73FPKHOFRJ", "KUBE-XLB-LQHX3O73FPKHOFRJ")
    ),
    "samples/kube-proxy-1.23.txt --src 192.0.2.9 --dst 198.51.100.40 --proto tcp --dport 80 --local 192.168.50.10": Claim(
        "yes", {("forwarded", None, None): 1}, met=("KUBE-MARK-DROP",), missed=("KUBE-FIREWALL",)
    ),
    "samples/kube-proxy-1.23.txt --src 203.0.113.9 --dst 198.51.100.41 --proto tcp --dport 80 --local 192.168.50.10": Claim(
        "yes", {("forwarded", None, None): 1}, met=("KUBE-XLB-BZAZALYJQWSFKBRN", "KUBE-MARK-DROP"), missed=("KUBE-FIREWALL",)
    ),
    "samples/kube-proxy-1.23.txt --src 203.0.113.9 --dst 192.168.50.10 --proto tcp --dport 30082 --local 192.168.50.10": no(
        "dropped", "INPUT KUBE-FIREWALL"
    ),
    "samples/kube-proxy-1.23.txt --src 10.42.0.7 --dst 198.51.100.41 --proto tcp --dport 80 --local 192.168.50.10": Claim(
        "yes", {("forwarded", "10.42.1.61:8080", None): 1}, met=("KUBE-SVC-BZAZALYJQWSFKBRN",), missed=("KUBE-MARK-DROP",)
    ),
    "samples/dual-stack-ipv6.txt --src 2001:db8:50::2 --dst 2001:db8:50::10 --proto tcp --dport 32754 --local 2001:db8:50::10": Claim(
        "yes", halves("[fd00:10:42::c7]:80", "[fd00:10:42::c8]:80", MASQ), met=("KUBE-EXT-OVTWZ4GROBJZO4C5",)
    ),
    "samples/dual-stack-ipv6.txt --origin local --src ::1 --dst ::1 --proto tcp --dport 32754 --local 2001:db8:50::10": Claim(
        "yes", {("delivered", None, None): 1}, missed=("KUBE-EXT-OVTWZ4GROBJZO4C5",)
    ),
    "samples/kube-dns.txt --src 10.42.0.7 --dst 10.96.0.10 --proto udp --dport 53 --local 192.168.50.10": Claim(
        "yes", halves("10.42.0.2:53", "10.42.0.3:53", None), met=("KUBE-SVC-TCOU7JCQXEZGVUNU",)
    ),
    "samples/kube-dns.txt --src 10.42.0.7 --dst 10.96.0.10 --proto tcp --dport 53 --local 192.168.50.10": Claim(
        "yes", halves("10.42.0.2:53", "10.42.0.3:53", None), met=("KUBE-SVC-ERIFXISQEP7F7OF4",)
    ),
    CALICO + "--src 10.42.0.12 --in cali6b0d4e8a2c1 --dst 10.96.77.20 --proto tcp --dport 80": Claim(
        "yes", halves("10.42.0.31:8080", "10.42.1.32:8080", None)
    ),
    CALICO + "--src 10.42.0.77 --in cali1c8e2b7f904 --dst 10.42.0.31 --proto tcp --dport 8080": no(
        "dropped", "FORWARD cali-tw-cali1f3a9c5e7d2"
    ),
    CALICO + "--src 10.42.0.77 --in cali1c8e2b7f904 --dst 10.96.77.20 --proto tcp --dport 80": Claim(
        "depends", {("dropped", "10.42.0.31:8080", None): 0.5, ("forwarded", "10.42.1.32:8080", None): 0.5}
    ),
    CALICO + "--src 10.42.0.12 --in cali6b0d4e8a2c1 --dst 203.0.113.80 --proto tcp --dport 443": Claim(
        "yes", {("forwarded", None, MASQ): 1}, last="POSTROUTING cali-nat-outgoing"
    ),
    CALICO + "--src 10.42.0.12 --in cali6b0d4e8a2c1 --dst 10.42.0.77 --proto tcp --dport 80 --ctstate INVALID": no(
        "dropped", "FORWARD cali-fw-cali6b0d4e8a2c1 2"
    ),
    CALICO + "--src 10.42.0.12 --in cali6b0d4e8a2c1 --dst 10.42.0.77 --proto tcp --dport 80": Claim(
        "yes", {("forwarded", None, None): 1}
    ),
    PLAIN + "--in eth0 --src 198.51.100.7 --dst 203.0.113.10 --proto tcp --dport 8443": Claim(
        "yes", {("forwarded", "192.168.50.20:443", None): 1}
    ),
    PLAIN + "--in eth0 --src 198.51.100.7 --dst 192.168.50.20 --proto tcp --dport 443": no("dropped", "FORWARD FORWARD"),
    PLAIN + "--in eth0 --src 198.51.100.77 --dst 203.0.113.10 --proto tcp --dport 22": no("dropped", "INPUT INPUT"),
    PLAIN + "--in eth0 --src 198.51.100.7 --dst 203.0.113.10 --proto tcp --dport 22": Claim(
        "yes", {("delivered", None, None): 1}, met=("ADMIN",)
    ),
    PLAIN + "--in eth1 --src 192.168.50.20 --dst 192.168.50.1 --proto tcp --dport 22": Claim(
        "yes", {("delivered", None, None): 1}, missed=("ADMIN",)
    ),
    PLAIN + "--in eth0 --src 198.51.100.7 --dst 203.0.113.10 --proto icmp --icmp-type echo-request --assume 'limit 5/sec=yes'": Claim(
        "yes", {("delivered", None, None): 1}
    ),
    PLAIN + "--in eth1 --src 192.168.50.20 --dst 192.168.50.1 --proto udp --dport 514": Claim(
        "yes", {("delivered", None, None): 1}
    ),
    PLAIN + "--in eth1 --src 192.168.50.20 --dst 198.51.100.7 --proto tcp --dport 443": Claim(
        "yes", {("forwarded", None, MASQ): 1}
    ),
    "samples/hostile-comment.txt --src 192.168.50.2 --dst 192.168.50.10 --proto tcp --dport 8081 --local 192.168.50.10": Claim(
        "yes", {("delivered", None, None): 1}
    ),
    "samples/hostile-comment.txt --src 192.168.50.2 --dst 192.168.50.10 --proto tcp --dport 8088 --local 192.168.50.10": Claim(
        "yes", {("delivered", None, None): 1}
    ),
    "samples/hostile-comment.txt --src 192.168.50.2 --dst 192.168.50.10 --proto tcp --dport 8089 --local 192.168.50.10": no(
        "rejected", "INPUT [bold]not-bold[/bold]"
    ),
    "samples/hostile-comment.txt --src 192.168.50.2 --dst 192.168.50.10 --proto tcp --dport 8090 --local 192.168.50.10": no(
        "dropped", "INPUT INPUT"
    ),
}  # fmt: skip
# What hangs on something the dump does not say has tests of its own below.
DEPENDS = {
    "samples/session-affinity.txt --src 10.42.0.7 --dst 10.96.12.34 --proto tcp --dport 80 --local 192.168.50.10",
    PLAIN + "--in eth0 --src 198.51.100.7 --dst 203.0.113.10 --proto icmp --icmp-type echo-request",
}
EXIT = {"yes": 0, "no": 1, "depends": 4}


@pytest.fixture
def trace(run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], tuple[int, dict[str, Any]]]:
    """Run `kptui trace LINE --json` at the top of the checkout."""
    monkeypatch.chdir(ROOT)

    def call(line: str) -> tuple[int, dict[str, Any]]:
        done = run("trace", *shlex.split(line), "--json")
        assert done.err == ""
        return done.code, json.loads(done.out)

    return call


Trace = Callable[[str], tuple[int, dict[str, Any]]]


@pytest.mark.parametrize("line", CLAIMS)
def test_the_sample_shows_what_its_readme_claims(line: str, trace: Trace) -> None:
    claim = CLAIMS[line]
    code, found = trace(line)
    assert found["answer"] == claim.answer
    assert code == EXIT[claim.answer]
    assert all(outcome["assumptions"] == [] for outcome in found["outcomes"])
    ends = {(o["end"], o["dnat"], o["snat"]): o["probability"] for o in found["outcomes"]}
    assert len(ends) == len(found["outcomes"])
    assert ends == claim.outcomes
    for outcome in found["outcomes"]:
        chains = [step["chain"] for step in outcome["path"]]
        assert set(claim.met) <= set(chains)
        assert not set(claim.missed) & set(chains)
        last = [step for step in outcome["path"] if step["effect"] != "return" or step["rule"]][-1]
        where = f"{last['hook']} {last['chain']} {last['rule']}"
        assert where.startswith(claim.last) or any(_deciding(step, claim.last) for step in outcome["path"])


def _deciding(step: dict[str, Any], last: str) -> bool:
    """Whether a step stands where the claim says, and ended its table."""
    where = f"{step['hook']} {step['chain']} {step['rule']}"
    return where.startswith(last) and step["effect"].split()[0] in ("ACCEPT", "MASQUERADE")


def test_affinity_hangs_on_what_the_kernel_remembers(trace: Trace) -> None:
    line = next(line for line in DEPENDS if "affinity" in line)
    code, found = trace(line)
    assert (code, found["answer"]) == (0, "yes")
    ends = {
        (tuple(each["assumed"] for each in o["assumptions"]), o["dnat"]): o["probability"] for o in found["outcomes"]
    }
    assert ends == {
        ((True,), "10.42.0.21:8080"): 1,
        ((False, True), "10.42.1.22:8080"): 1,
        ((False, False), "10.42.0.21:8080"): 0.5,
        ((False, False), "10.42.1.22:8080"): 0.5,
    }
    assert all("--rcheck" in each["match"] for o in found["outcomes"] for each in o["assumptions"])


def test_a_rate_limit_decides_whether_ping_is_answered(trace: Trace) -> None:
    line = next(line for line in DEPENDS if "icmp" in line)
    code, found = trace(line)
    assert (code, found["answer"]) == (4, "depends")
    ends = {(o["end"], tuple((each["match"], each["assumed"]) for each in o["assumptions"])) for o in found["outcomes"]}
    limit = "-m limit --limit 5/sec --limit-burst 10"
    assert ends == {("delivered", ((limit, True),)), ("dropped", ((limit, False),))}
    assert [o["probability"] for o in found["outcomes"]] == [None, None]


def test_without_the_ipsets_the_policy_depends(trace: Trace) -> None:
    line = CALICO.replace("--ipset samples/calico-policy.ipset ", "")
    code, found = trace(line + "--src 10.42.0.77 --in cali1c8e2b7f904 --dst 10.42.0.31 --proto tcp --dport 8080")
    assert (code, found["answer"]) == (4, "depends")
    assert {o["end"] for o in found["outcomes"]} == {"dropped", "forwarded"}


def test_without_local_the_node_port_depends_on_whose_address_it_is(trace: Trace) -> None:
    code, found = trace("samples/nginx-nodeport.txt --src 192.168.50.2 --dst 192.168.50.10 --proto tcp --dport 32754")
    assert code == 0
    for outcome in found["outcomes"]:
        own = [each["assumed"] for each in outcome["assumptions"] if each["match"] == "-m addrtype --dst-type LOCAL"]
        assert own == [outcome["dnat"] is not None]
    assert {outcome["dnat"] for outcome in found["outcomes"]} == {*NGINX, None}


def test_untracked_syslog_skips_nat_and_matches_no_state(trace: Trace) -> None:
    _, found = trace(PLAIN + "--in eth1 --src 192.168.50.20 --dst 192.168.50.1 --proto udp --dport 514")
    steps = [step for step in found["outcomes"][0]["path"] if step["rule"]]
    assert [(step["table"], step["chain"], step["rule"]) for step in steps] == [
        ("raw", "PREROUTING", 1), ("filter", "INPUT", 6),
    ]  # fmt: skip


def test_goto_does_not_come_back_to_the_later_ssh_rule(trace: Trace) -> None:
    _, found = trace(PLAIN + "--in eth0 --src 198.51.100.77 --dst 203.0.113.10 --proto tcp --dport 22")
    steps = [(step["chain"], step["rule"], step["effect"].split()[0]) for step in found["outcomes"][0]["path"]]
    assert ("INPUT", 5, "goto") in steps
    assert ("INPUT", 7, "ACCEPT") not in steps
    assert steps[-1] == ("INPUT", None, "policy")


def test_every_command_line_of_the_readme_is_tested_here() -> None:
    text = (SAMPLES / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^    kptui trace (samples/\S+ --.*)$", text, re.M)
    prefixes = {"calico-policy": CALICO, "plain-firewall": PLAIN}
    for section in text.split("\n## ")[1:]:
        name = section.split("\n")[0]
        lines += [prefixes[name] + rest for rest in re.findall(r"^    trace (--.*)$", section, re.M)]
    assert len(lines) > 30
    assert [line for line in lines if line not in CLAIMS and line not in DEPENDS] == []


def test_every_sample_has_a_section_in_the_readme_and_a_claim() -> None:
    sections = re.findall(r"^## (\S+)$", (SAMPLES / "README.md").read_text(encoding="utf-8"), re.M)
    names = {path.stem for path in SAMPLES.glob("*.txt")}
    assert names <= set(sections)
    assert names == {line.split()[0][len("samples/") : -len(".txt")] for line in [*CLAIMS, *DEPENDS]}
