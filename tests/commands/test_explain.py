"""kptui explain as a command: its exit codes, its text, its JSON."""

from __future__ import annotations

import json

from tests.support import kptui, sample

NGINX = sample("nginx-nodeport")


def test_a_chain_of_several_tables_is_explained_in_each() -> None:
    done = kptui("explain", NGINX, "KUBE-SERVICES")
    assert done.code == 0
    assert "filter KUBE-SERVICES (line 25)" in done.out
    assert "nat KUBE-SERVICES (line 64)" in done.out
    assert done.err == ""


def test_the_json() -> None:
    done = kptui("explain", NGINX, "default/nginx", "--json")
    told = json.loads(done.out)
    assert told["schema"] == "kptui.explain/1"
    assert told["explanations"][0]["service"]["cluster_ip"] == "10.110.199.45"


def test_a_ref_that_means_nothing_ends_with_2_and_the_nearest_names() -> None:
    done = kptui("explain", NGINX, "KUBE-SVC-OVTW")
    assert done.code == 2
    assert done.out == ""
    assert "KUBE-SVC-OVTWZ4GROBJZO4C5" in done.err


def test_a_source_that_is_not_there_ends_with_3() -> None:
    assert kptui("explain", "/nowhere", "INPUT").code == 3
