"""Names of Services from files: the API's JSON or plain lines; what is wrong is told with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kptui.errors import UsageError
from kptui.kubernetes.names import service_hash
from kptui.kubernetes.names_file import read_names

SERVICE: dict[str, Any] = {
    "metadata": {"namespace": "shop", "name": "web"},
    "spec": {
        "clusterIP": "10.96.0.9",
        "clusterIPs": ["10.96.0.9", "fd00::9"],
        "externalIPs": ["198.18.0.1"],
        "ports": [
            {"name": "http", "port": 80, "protocol": "TCP", "nodePort": 30080},
            {"name": "dns", "port": 53, "protocol": "UDP"},
        ],
    },
    "status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}, {"hostname": "lb.example.net"}]}},
}


@pytest.mark.parametrize("form", [{"kind": "List", "items": [SERVICE]}, SERVICE, [SERVICE]])
def test_the_json_of_kubectl(form: Any) -> None:
    names = read_names(json.dumps(form), "services.json")
    found = names.by_hash(service_hash("shop/web:http", "tcp"))
    assert found is not None
    assert found.name == "shop/web:http"
    for ip in ("10.96.0.9", "fd00::9", "198.18.0.1", "198.51.100.7"):
        assert names.by_address(ip, 80, "tcp") == found
    assert names.by_address(None, 30080, "tcp") == found
    dns = names.by_address("10.96.0.9", 53, "udp")
    assert dns is not None
    assert dns.name == "shop/web:dns"


def test_a_headless_service_and_one_without_ports_have_no_address() -> None:
    headless = {"metadata": {"name": "db"}, "spec": {"clusterIP": "None", "ports": [{"port": 5432}]}}
    external = {"metadata": {"name": "away"}, "spec": {"type": "ExternalName"}}
    names = read_names(json.dumps({"items": [headless, external]}), "x")
    assert [(each.name, each.protocol, each.ips) for each in names.names] == [("default/db", "tcp", ())]


def test_lines() -> None:
    names = read_names("# of node 3\nshop/web:http tcp\n\nshop/web:dns UDP  # both\ndefault/kubernetes:https\n", "x")
    assert [(each.name, each.protocol) for each in names.names] == [
        ("shop/web:http", "tcp"),
        ("shop/web:dns", "udp"),
        ("default/kubernetes:https", "tcp"),
    ]
    assert names.by_hash("NPX46M4PTMTKRN6Y") is names.names[2]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("shop/web tcp\nshop tcp\n", "names.txt, line 2: “shop tcp” is no name; expected “namespace/name tcp”"),
        ("shop/web icmp\n", "names.txt, line 1: “icmp” is none of tcp, udp, sctp"),
        ("a/b:c:d tcp\n", "names.txt, line 1: “a/b:c:d tcp” is no name"),
        ("shop/web tcp \x1b[31m\n", "names.txt, line 1: “shop/web tcp \\x1b[31m” is no name"),
        ('{"items": [\n{"metadata": }]}', "names.txt, line 2, column 14: this is no JSON: Expecting value."),
        ('{"items": 3}', "names.txt: “items” is no list"),
        ('{"items": [{"kind": "Pod"}]}', "names.txt, item 1: this is no Service"),
        (json.dumps({"items": [SERVICE, {"metadata": {}}]}), "names.txt, item 2: this is no Service"),
        ('{"items": [7]}', "names.txt, item 1: this is no Service"),
        ('{"metadata": {"name": "a"}, "spec": {"ports": [{"port": "x"}]}}', "names.txt, item 1: this is no Service"),
        ("[" * 100_000, "names.txt: the JSON is nested too deep."),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(UsageError) as error:
        read_names(text, "names.txt")
    assert str(error.value).startswith(told)
