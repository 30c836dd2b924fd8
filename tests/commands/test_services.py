"""`kptui services` as a command: table, blocks, JSON, patterns, names, endpoints, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kptui.kubernetes.services import Services
from kptui.loading import load
from kptui.report.services_text import services_table
from tests.support import kptui, sample

NGINX = sample("nginx-nodeport")
LOCAL = sample("external-traffic-local")


def test_a_line_a_service_port() -> None:
    done = kptui("services", NGINX)
    assert (done.code, done.err) == (0, "")
    lines = [line.split() for line in done.out.splitlines()]
    assert lines[0] == ["SERVICE", "PORT", "CLUSTER", "IP", "OUTSIDE", "ENDPOINTS", "ALSO"]
    assert lines[1] == ["default/kubernetes:https", "tcp/443", "10.96.0.1", "1"]
    assert lines[2] == ["default/nginx:80-80", "tcp/80", "10.110.199.45", "*:32754", "2"]
    assert len(lines) == 6


@pytest.mark.parametrize("name", ["nginx-nodeport", "no-endpoints", "external-traffic-local", "session-affinity"])
def test_the_table_of_a_sample_is_readable_at_80_columns(name: str) -> None:
    text = services_table(list(Services(load(sample(name)))), 80)
    assert max(map(len, text.splitlines())) <= 80
    for line, port in zip(text.splitlines()[1:], Services(load(sample(name))), strict=True):
        assert line.startswith(port.name)
        assert str(port.cluster_ip) in line


def test_what_is_unusual_is_said_in_the_table() -> None:
    assert "3, 1 here  external Local" in kptui("services", LOCAL).out
    assert "affinity 3h" in kptui("services", sample("session-affinity")).out
    out = kptui("services", sample("no-endpoints")).out
    assert "none       dropped, internal Local" in out
    assert "none       rejected" in out


def test_a_pattern_and_an_order() -> None:
    done = kptui("services", NGINX, "kube-dns", "tcp", "--sort", "-port")
    assert [line.split()[0] for line in done.out.splitlines()[1:]] == [
        "kube-system/kube-dns:metrics",
        "kube-system/kube-dns:dns-tcp",
    ]


def test_a_pattern_that_nothing_fits_is_a_no() -> None:
    done = kptui("services", NGINX, "nothing-like-it")
    assert (done.code, done.out) == (1, "")
    assert "No Service fits 'nothing-like-it'." in done.err


def test_rules_without_kubernetes_have_none_and_that_is_no_error() -> None:
    done = kptui("services", sample("plain-firewall"))
    assert (done.code, done.out) == (0, "")
    assert "these rules implement no Kubernetes Service" in done.err


def test_ipvs_mode_is_told() -> None:
    dump = (
        "*nat\n:KUBE-SERVICES - [0:0]\n-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT\nCOMMIT\n"
    )
    done = kptui("services", "-", text=dump)
    assert done.code == 0
    assert "IPVS mode" in done.err


def test_everything_about_each() -> None:
    out = kptui("services", LOCAL, "--long").out
    for words in (
        "ingress/gateway:https  tcp",
        "cluster IP        10.96.60.6:443            KUBE-SERVICES 1 (line 80)",
        "traffic policy    internal Cluster, external Local",
        "health check      node port 32100",
        "10.42.0.41:8443          1/3 ██▋       here  all locally",
        "KUBE-SVL-SDJIZWTEWZYZXRFP",
    ):
        assert words in out
    old = kptui("services", sample("kube-proxy-1.23"), "-l", "back").out
    assert "*:30082 is marked for dropping for want of endpoints, KUBE-XLB-BZAZALYJQWSFKBRN 4 (line 87)" in old
    refused = kptui("services", sample("no-endpoints"), "-l", "checkout").out
    assert "ext. or lb. IP    198.51.100.25:80" in refused
    assert "*:30080 is rejected for want of endpoints, KUBE-EXTERNAL-SERVICES 2 (line 38)" in refused


def test_json_has_the_chosen_services_in_the_chosen_order() -> None:
    done = kptui("services", NGINX, "kube-dns", "--sort", "-name", "--json")
    told = json.loads(done.out)
    assert told["schema"] == "kptui.services/1"
    assert [each["port_name"] for each in told["services"]] == ["metrics", "dns-tcp", "dns"]
    assert json.loads(kptui("services", sample("plain-firewall"), "--json").out)["services"] == []


class TestEndpoint:
    def test_every_way_to_a_pod(self) -> None:
        done = kptui("services", NGINX, "--endpoint", "10.42.0.199")
        assert done.code == 0
        lines = done.out.splitlines()
        assert lines[0] == "default/nginx:80-80  tcp → 10.42.0.199:80"
        assert lines[1].split() == ["cluster", "IP", "10.110.199.45:80", "1/2"]
        assert lines[2] == ("    KUBE-SERVICES 5 → KUBE-SVC-OVTWZ4GROBJZO4C5 2 → KUBE-SEP-ZGUCVTBPJNCW75NN")
        assert lines[3].split() == ["node", "port", "*:32754", "1/2"]

    def test_as_json(self) -> None:
        done = kptui("services", NGINX, "--endpoint", "10.42.0.199:80", "--json")
        [port] = json.loads(done.out)["services"]
        assert port["name"] == "nginx"
        assert [(each["kind"], each["ip"], each["port"], each["share"]) for each in port["routes"]] == [
            ("cluster IP", "10.110.199.45", 80, "1/2"),
            ("node port", None, 32754, "1/2"),
        ]
        assert [rule["chain"] for rule in port["routes"][1]["rules"]] == [
            "KUBE-NODEPORTS",
            "KUBE-EXT-OVTWZ4GROBJZO4C5",
            "KUBE-SVC-OVTWZ4GROBJZO4C5",
        ]

    def test_nothing_leads_to_it(self) -> None:
        done = kptui("services", NGINX, "--endpoint", "10.42.0.199:8080")
        assert (done.code, done.out) == (1, "")
        assert "Nothing leads to 10.42.0.199:8080." in done.err

    def test_a_host_port_leads_to_it_too(self) -> None:
        dump = """\
*nat
:PREROUTING ACCEPT [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
:CNI-DN-0123456789abcdef01234 - [0:0]
-A CNI-HOSTPORT-DNAT -p tcp -m multiport --dports 8080 -j CNI-DN-0123456789abcdef01234
-A CNI-DN-0123456789abcdef01234 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.42.0.199:80
-A CNI-DN-0123456789abcdef01234 -p tcp -m tcp --dport 8081 -j DNAT --to-destination 110.42.0.199:80
COMMIT
"""
        done = kptui("services", "-", "--endpoint", "10.42.0.199", text=dump)
        assert done.code == 0
        assert done.out.splitlines() == [
            "no Service's",
            "  tcp to port 8080 → 10.42.0.199:80",
            "    nat CNI-DN-0123456789abcdef01234 1 (line 6)",
        ]
        told = json.loads(kptui("services", "-", "--endpoint", "10.42.0.199:80", "--json", text=dump).out)
        assert [(each["chain"], each["rule"], each["line"]) for each in told["others"]] == [
            ("CNI-DN-0123456789abcdef01234", 1, 6)
        ]
        assert kptui("services", "-", "--endpoint", "10.42.0.199:81", text=dump).code == 1

    @pytest.mark.parametrize("given", ["nginx", "10.42.0.1999", "10.42.0.199:http", "10.42.0.199:", "fd00::zz"])
    def test_what_is_no_endpoint(self, given: str) -> None:
        done = kptui("services", NGINX, "--endpoint", given)
        assert done.code == 2
        assert "--endpoint" in done.err


class TestNames:
    @pytest.fixture
    def bare(self, tmp_path: Path) -> str:
        """The sample as it would be without any comment."""
        import re

        path = tmp_path / "bare.txt"
        path.write_text(re.sub(r' -m comment --comment "[^"]*"', "", Path(NGINX).read_text()))
        return str(path)

    def test_without_comments_services_go_by_their_addresses(self, bare: str) -> None:
        done = kptui("services", bare)
        assert done.out.splitlines()[1].split() == ["(no", "name)", "tcp/80", "10.110.199.45", "*:32754", "2"]
        assert "10.110.199.45:80  tcp" in kptui("services", bare, "-l", "10.110").out

    def test_a_file_of_names_brings_them_back(self, bare: str, tmp_path: Path) -> None:
        names = tmp_path / "names.txt"
        names.write_text("default/nginx:80-80 tcp\nkube-system/kube-dns:dns udp\n")
        out = kptui("services", bare, "--names", str(names)).out
        assert [line.split()[0] for line in out.splitlines()[1:3]] == [
            "default/nginx:80-80",
            "kube-system/kube-dns:dns",
        ]

    def test_a_trace_takes_names_too(self, bare: str, tmp_path: Path) -> None:
        names = tmp_path / "names.txt"
        names.write_text("default/nginx:80-80 tcp\n")
        packet = ("trace", bare, "10.42.0.7 -> default/nginx", "--local", "192.168.50.10")
        assert kptui(*packet).code == 2
        done = kptui(*packet, "--names", str(names))
        assert done.code == 0
        assert "default/nginx:80-80" in done.out

    def test_the_explorer_reads_them_before_it_asks_for_a_terminal(self, bare: str, tmp_path: Path) -> None:
        names = tmp_path / "names.txt"
        names.write_text("nonsense\n")
        done = kptui(bare, "--names", str(names))
        assert done.code == 2
        assert "names.txt, line 1: “nonsense” is no name" in done.err

    def test_a_bad_file_is_told_with_its_line(self, bare: str, tmp_path: Path) -> None:
        names = tmp_path / "names.txt"
        names.write_text("default/nginx tcp\nnonsense\n")
        done = kptui("services", bare, "--names", str(names))
        assert done.code == 2
        assert "names.txt, line 2: “nonsense” is no name" in done.err
        assert kptui("services", bare, "--names", "/nonexistent").code == 3


def test_an_unknown_order_is_wrong_usage() -> None:
    done = kptui("services", NGINX, "--sort", "colour")
    assert done.code == 2
    assert "none of name, address, port, node-port, endpoints" in done.err


def test_a_hostile_dump_stays_text() -> None:
    dump = '*nat\n:KUBE-SERVICES - [0:0]\n-A KUBE-SERVICES -d 10.0.0.1/32 -p tcp -m comment --comment "a/b\x1b[31m cluster IP" -m tcp --dport 80 -j KUBE-SVC-\x1b[31m\nCOMMIT\n'  # noqa: E501
    for option in ((), ("-l",)):
        assert "\x1b" not in kptui("services", "-", *option, text=dump).out
