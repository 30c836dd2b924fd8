"""`kptui services` and `kptui check` on several sources: what is told of each, what differs, exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from kptui.commands.several import parted
from tests.nodes.variants import text_of, without
from tests.sources.standin import Answer, StandIn
from tests.support import kptui, sample

NGINX = sample("nginx-nodeport")
UNEVEN = str(Path(__file__).parents[1] / "kubernetes" / "checks" / "uneven-shares" / "fires.txt")


@pytest.fixture
def lagging(tmp_path: Path) -> str:
    """The sample with one endpoint less."""
    path = tmp_path / "lagging.txt"
    path.write_text(without("KUBE-SVC-OVTWZ4GROBJZO4C5", "KUBE-SEP-UIOQG3KKGTPDCR56")(text_of("nginx-nodeport")))
    return str(path)


def test_services_of_each_source_then_what_differs(lagging: str) -> None:
    done = kptui("services", NGINX, lagging, "nginx")
    assert [line for line in done.out.splitlines() if line.startswith("──")] == [f"── {NGINX} ──", f"── {lagging} ──"]
    assert done.out.count("default/nginx:80-80  tcp/80") == 2
    # Where lines are broken, and which folders are left out, hangs on where the files lie.
    assert re.fullmatch(
        r"between 2 nodes 1 Service port differs\. default/nginx:80-80 \(tcp\) endpoints, no majority "
        r"1 of 2 10\.42\.0\.199:80 10\.42\.0\.200:80: \S*nginx-nodeport\.txt "
        r"1 of 2 10\.42\.0\.199:80: \S*lagging\.txt",
        " ".join(done.out.partition("What differs ")[2].split()),
    )
    assert (done.code, done.err) == (0, "")


def test_json_of_several_services(lagging: str) -> None:
    done = kptui("services", NGINX, lagging, "/nowhere.txt", "nginx", "--json")
    told = json.loads(done.out)
    assert list(told) == ["schema", "sources", "differences"]
    assert told["schema"] == "kptui.services/1"
    first, second, third = told["sources"]
    # Each is what the source alone gives, but for the schema.
    alone = json.loads(kptui("services", NGINX, "nginx", "--json").out)
    assert first == {"source": NGINX, "services": alone["services"]}
    assert [pod["ip"] for pod in second["services"][0]["endpoints"]] == ["10.42.0.199"]
    assert third == {"source": "/nowhere.txt", "error": "There is no file /nowhere.txt."}
    [difference] = told["differences"]
    assert difference == {
        "kind": "service", "namespace": "default", "service": "nginx", "port_name": "80-80", "protocol": "tcp",
        "family": 4, "addresses": ["10.110.199.45:80", "*:32754"], "name": "endpoints", "majority": None,
        "groups": [
            {"value": ["10.42.0.199:80", "10.42.0.200:80"], "sources": [NGINX]},
            {"value": ["10.42.0.199:80"], "sources": [lagging]},
        ],
        "untold": [], "notes": [],
    }  # fmt: skip
    assert (done.code, done.err) == (3, "kptui: /nowhere.txt: There is no file /nowhere.txt.\n")


def test_one_source_keeps_its_shape() -> None:
    assert set(json.loads(kptui("services", NGINX, "nginx", "--json").out)) == {"schema", "services"}
    assert set(json.loads(kptui("services", NGINX, NGINX, "--json").out)) == {"schema", "services"}
    assert set(json.loads(kptui("check", NGINX, "--json").out)) == {"schema", "findings"}


def test_an_endpoint_or_a_pattern_on_several(lagging: str) -> None:
    done = kptui("services", NGINX, lagging, "--endpoint", "10.42.0.200", "--json")
    told = json.loads(done.out)
    assert [len(each["services"]) for each in told["sources"]] == [1, 0]
    assert [set(each) for each in told["sources"]] == [{"source", "services", "others"}] * 2
    assert [each["name"] for each in told["differences"]] == ["endpoints"]
    nothing = kptui("services", NGINX, lagging, "nosuch")
    assert (nothing.code, nothing.err) == (1, "No Service fits 'nosuch'.\n")


def test_check_of_several(lagging: str) -> None:
    done = kptui("check", NGINX, UNEVEN)
    assert done.code == 1
    assert f"── {NGINX} ──\nNothing found.\n" in done.out
    assert f"── {UNEVEN} ──\nwarning uneven-shares" in done.out
    assert done.out.partition("What differs between 2 nodes\n")[2].splitlines()[0] == "warning uneven-shares"
    assert "  1 of 2  none: " in done.out
    told = json.loads(kptui("check", NGINX, UNEVEN, "--json").out)
    assert list(told) == ["schema", "sources", "differences"]
    assert told["schema"] == "kptui.check/1"
    assert told["sources"][0] == {"source": NGINX, "findings": []}
    assert [each["id"] for each in told["sources"][1]["findings"]] == ["uneven-shares"]
    assert told["differences"] == [
        {
            "kind": "finding", "name": "uneven-shares", "severity": "warning", "majority": None,
            "groups": [{"value": 0, "sources": [NGINX]}, {"value": 1, "sources": [UNEVEN]}],
        }
    ]  # fmt: skip


def test_exit_codes_of_check() -> None:
    assert kptui("check", NGINX, sample("no-endpoints")).code == 0
    # That the answer is not complete goes before what was found.
    done = kptui("check", UNEVEN, "/nowhere", NGINX)
    assert done.code == 3
    assert "uneven-shares" in done.out
    assert done.err == "kptui: /nowhere: There is no file /nowhere.\n"
    assert kptui("check", NGINX, UNEVEN, "--services", "x", "--node", "n").code == 2


def test_a_word_is_a_source_if_it_can_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").touch()
    (tmp_path / "shop").mkdir()
    assert parted(["x", "a.txt", "shop", "a.txt"]) == (("x", "a.txt"), ("shop", "a.txt"))
    assert parted(["x", "./shop", "live:", "-", "80"]) == (("x", "./shop", "live:", "-"), ("80",))
    # One that is misspelt is no pattern.
    assert parted(["x", "nowhere.tar.gz", "/nowhere", "default/nginx"]) == (
        ("x", "nowhere.tar.gz", "/nowhere"),
        ("default/nginx",),
    )


def test_all_nodes_of_a_cluster_one_of_which_cannot_be_read(tmp_path: Path) -> None:
    wait, on = "--request-timeout=20s", "--field-selector=spec.nodeName="
    pod = {
        "metadata": {"namespace": "kube-system", "name": "proxy-1"}, "status": {"phase": "Running"},
        "spec": {"hostNetwork": True, "containers": [{"name": "kube-proxy"}]},
    }  # fmt: skip
    pods = ("get", "pods", "-A", "-l", "k8s-app=kube-proxy")
    inside = ("exec", "-n", "kube-system", "proxy-1", "-c", "kube-proxy", "--")
    kubectl = StandIn(
        tmp_path,
        "kubectl",
        {
            ("get", "nodes", "-l", "kubernetes.io/os!=windows", "-o", "name", wait): "node/n1\nnode/n2\n",
            (*pods, f"{on}n1", "-o", "json", wait): json.dumps({"items": [pod]}),
            (*inside, "iptables-save", "-c"): text_of("nginx-nodeport"),
            (*pods, f"{on}n2", "-o", "json", wait): Answer(error="error: the server is gone", code=1),
        },
    )
    done = kptui("services", "kubectl:", "nginx", "--json", env={**os.environ, "PATH": str(tmp_path)})
    told = json.loads(done.out)
    assert [each["source"] for each in told["sources"]] == ["kubectl:n1", "kubectl:n2"]
    assert [service["name"] for service in told["sources"][0]["services"]] == ["nginx"]
    assert "the server is gone" in told["sources"][1]["error"]
    assert (done.code, told["differences"]) == (3, [])
    assert (*inside, "iptables-save", "-c") in kubectl.asked


class TestABundleOfSeveralHosts:
    """Each of its hosts is a source, by a name that every command takes."""

    @pytest.fixture
    def bundle(self, tmp_path: Path, lagging: str) -> str:
        with tarfile.open(tmp_path / "cluster.tar.gz", "w:gz") as tar:
            for node, path in (("node1", NGINX), ("node2", lagging)):
                tar.add(path, f"nodes/{node}/iptables-save")
        return str(tmp_path / "cluster.tar.gz")

    def test_services_and_check_take_each_host(self, bundle: str) -> None:
        done = kptui("services", bundle, "nginx")
        assert [line for line in done.out.splitlines() if line.startswith("──")] == [
            f"── {bundle}//nodes/node1 ──",
            f"── {bundle}//nodes/node2 ──",
        ]
        assert "1 Service port differs" in done.out
        assert (done.code, done.err) == (0, "")
        told = json.loads(kptui("check", bundle, "--json").out)
        assert [each["source"] for each in told["sources"]] == [
            f"{bundle}//nodes/{node}" for node in ("node1", "node2")
        ]

    def test_beside_others(self, bundle: str) -> None:
        done = kptui("services", NGINX, bundle, "nginx", "--json")
        assert [each["source"] for each in json.loads(done.out)["sources"]] == [
            NGINX, f"{bundle}//nodes/node1", f"{bundle}//nodes/node2",
        ]  # fmt: skip

    def test_a_name_from_there_is_a_source_of_its_own(self, bundle: str) -> None:
        assert json.loads(kptui("services", f"{bundle}//nodes/node2", "--json").out)["schema"] == "kptui.services/1"

    def test_what_takes_one_source_names_one(self, bundle: str) -> None:
        done = kptui("trace", bundle, "-> default/nginx")
        assert done.code == 3
        assert (
            f"holds the rules of 2 hosts or namespaces: nodes/node1, nodes/node2; name one: {bundle}//nodes/node1"
            in done.err
        )

    def test_check_by_a_pipe(self, bundle: str) -> None:
        with open(bundle, "rb") as file:
            done = subprocess.run(
                [sys.executable, "-m", "kptui", "check", "-"], stdin=file, capture_output=True, check=False
            )
        assert b"standard input//nodes/node2" in done.stdout, done.stderr
