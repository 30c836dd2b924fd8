"""Kubernetes nodes through kubectl: the exact arguments, and what is said when something is not there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from kptui.errors import SourceError
from kptui.sources import expand, gather_source, is_live, read_source
from kptui.sources.access import Access, choose
from kptui.sources.commands import COMMANDS
from tests.sources.conftest import Program
from tests.sources.standin import HOST, RULES, Answer, StandIn

WAIT = "--request-timeout=20s"
NONE = json.dumps({"items": []})


def listing(label: str, node: str = "worker-1", context: str | None = None) -> tuple[str, ...]:
    before = (f"--context={context}",) if context else ()
    on_node = f"--field-selector=spec.nodeName={node}"
    return (*before, "get", "pods", "-A", "-l", label, on_node, "-o", "json", WAIT)


def pod(name: str = "kube-proxy-abcde", phase: str = "Running", host: bool = True, **more: Any) -> dict[str, Any]:
    spec = {"hostNetwork": host, "containers": [{"name": "sidecar"}, {"name": "kube-proxy"}]}
    return {"metadata": {"namespace": "kube-system", "name": name}, "spec": spec, "status": {"phase": phase}, **more}


def pods(*found: dict[str, Any]) -> str:
    return json.dumps({"items": list(found)})


def inside(*before: str) -> dict[tuple[str, ...], Answer | str]:
    """What is said to the table's commands when they are put behind these words."""
    return {(*before, "--", *argv): said for argv, said in HOST.items()}


EXEC = ("exec", "-n", "kube-system", "kube-proxy-abcde", "-c", "kube-proxy")
PROXY = "k8s-app=kube-proxy"
OTHER = "component=kube-proxy"


def refused(name: str) -> str:
    with pytest.raises(SourceError) as caught:
        read_source(name)
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)
    return str(caught.value)


def commands(kubectl: StandIn, before: Sequence[str]) -> list[tuple[str, ...]]:
    """What was run in the pod."""
    return [words[len(before) + 1 :] for words in kubectl.asked if words[: len(before)] == tuple(before)]


class TestReading:
    def test_the_table_is_run_in_the_kube_proxy_pod_and_nothing_else(self, program: Program) -> None:
        kubectl = program("kubectl", {listing(PROXY): pods(pod()), **inside(*EXEC)})
        found = read_source("kubectl:worker-1")
        assert found.text == RULES
        assert set(found.facts) == {"ip-addr.json", "uname"}
        run = commands(kubectl, EXEC)
        assert len(kubectl.asked) == len(run) + 1
        # The plain command's back end is nft, so that one is not asked for under its other name.
        assert sorted(run) == sorted(each.argv for each in COMMANDS if each.member != "iptables-nft-save")

    def test_the_pod_is_looked_for_once_for_many_readings(self, program: Program) -> None:
        kubectl = program("kubectl", {listing(PROXY): pods(pod()), **inside(*EXEC)})
        for _ in range(3):
            gather_source("kubectl:worker-1")
        assert kubectl.asked.count(listing(PROXY)) == 1

    def test_a_pod_that_went_is_looked_for_again(self, program: Program) -> None:
        program("kubectl", {listing(PROXY): pods(pod()), **inside(*EXEC)})
        gather_source("kubectl:worker-1")
        gone = Answer(error='Error from server (NotFound): pods "kube-proxy-abcde" not found', code=1)
        program("kubectl", {listing(PROXY): pods(pod()), (*EXEC, "--", "iptables-save", "-c"): gone})
        assert "can't be asked: Error from server (NotFound)" in refused("kubectl:worker-1")
        renamed = ("exec", "-n", "kube-system", "kube-proxy-vwxyz", "-c", "kube-proxy")
        program("kubectl", {listing(PROXY): pods(pod("kube-proxy-vwxyz")), **inside(*renamed)})
        assert read_source("kubectl:worker-1").text == RULES

    def test_a_context_may_hold_slashes_and_colons(self, program: Program) -> None:
        context = "arn:aws:eks:eu-west-1:123456789012:cluster/prod"
        before = f"--context={context}"
        program("kubectl", {listing(PROXY, context=context): pods(pod()), **inside(before, *EXEC)})
        assert read_source(f"kubectl:{context}/worker-1").text == RULES

    def test_pods_that_do_not_run_or_have_a_network_of_their_own_are_passed_over(self, program: Program) -> None:
        found = pods(pod("a", phase="Pending"), pod("b", host=False))
        program("kubectl", {listing(PROXY): found, listing(OTHER): pods(pod()), **inside(*EXEC)})
        assert read_source("kubectl:worker-1").text == RULES


class TestDebugPod:
    MAKE = (
        "debug", "node/worker-1", "--image=tools:1", "--profile=netadmin", "--attach=false", "--", "sleep", "900",
    )  # fmt: skip
    NAME = "node-debugger-worker-1-x7k2p"
    READY = ("wait", "--for=condition=Ready", f"pod/{NAME}", "--timeout=50s")
    DELETE = ("delete", "pod", NAME, "--wait=false", "--grace-period=1", WAIT)
    SAID = f"Creating debugging pod {NAME} with container debugger on node worker-1.\n"
    EMPTY: ClassVar[dict[tuple[str, ...], Answer | str]] = {
        listing(PROXY): NONE,
        listing(OTHER): NONE,
        ("get", "node", "worker-1", "-o", "name", WAIT): "node/worker-1\n",
    }

    def test_without_the_option_it_is_named_and_nothing_is_made(self, program: Program) -> None:
        kubectl = program("kubectl", self.EMPTY)
        assert "--debug-image IMAGE" in refused("kubectl:worker-1")
        assert not any("debug" in words for words in kubectl.asked)

    def test_it_is_made_read_from_and_deleted(self, program: Program) -> None:
        from kptui.sources import ways

        choose(Access(debug_image="tools:1"))
        in_pod = inside("exec", self.NAME, "-c", "debugger")
        answers = {**self.EMPTY, self.MAKE: self.SAID, self.READY: "", self.DELETE: "", **in_pod}
        kubectl = program("kubectl", answers)
        assert read_source("kubectl:worker-1").text == RULES
        assert read_source("kubectl:worker-1").text == RULES
        assert self.DELETE not in kubectl.asked
        ways.close_all()
        assert kubectl.asked.count(self.MAKE) == 1
        assert kubectl.asked[-1] == self.DELETE

    def test_one_that_does_not_start_is_deleted_too(self, program: Program) -> None:
        choose(Access(debug_image="tools:1"))
        late = Answer(error="error: timed out waiting for the condition on pods/x", code=1)
        kubectl = program("kubectl", {**self.EMPTY, self.MAKE: self.SAID, self.READY: late, self.DELETE: ""})
        assert "timed out waiting" in refused("kubectl:worker-1")
        assert kubectl.asked[-1] == self.DELETE

    def test_a_name_that_is_none_is_not_used(self, program: Program) -> None:
        choose(Access(debug_image="tools:1"))
        kubectl = program("kubectl", {**self.EMPTY, self.MAKE: "Creating debugging pod --all with container x on"})
        assert "did not say which pod" in refused("kubectl:worker-1")
        assert kubectl.asked[-1] == self.MAKE


class TestRefused:
    @pytest.mark.parametrize(
        "name", ["-x", "ctx/-x", "--all", "-ctx/worker", "/worker", "a b", "a\x1b", "ctx/", "", "A"]
    )
    def test_names_that_are_none_reach_no_kubectl(self, program: Program, name: str) -> None:
        kubectl = program("kubectl", {})
        assert "can't be the name of a" in refused(f"kubectl:{name}")
        assert kubectl.asked == []

    def test_without_kubectl(self, program: Program) -> None:
        assert refused("kubectl:worker-1") == "kubectl is not installed, or not on PATH."

    @pytest.mark.parametrize(
        "said",
        [
            'error: context "prod" does not exist',
            "Unable to connect to the server: dial tcp 10.0.0.1:6443: i/o timeout",
            'Error from server (Forbidden): pods is forbidden: User "me" cannot list resource "pods"',
        ],
    )
    def test_what_kubectl_complains_of_is_told_without_its_log(self, program: Program, said: str) -> None:
        noise = "E1125 09:00:00.000001  1 memcache.go:265] couldn't get current server API group list\n"
        program("kubectl", {listing(PROXY): Answer(error=noise + said + "\n", code=1)})
        assert refused("kubectl:worker-1") == f"The node worker-1 can't be asked: {said}."

    def test_no_such_node(self, program: Program) -> None:
        said = Answer(error='Error from server (NotFound): nodes "worker-1" not found\n', code=1)
        program("kubectl", {**TestDebugPod.EMPTY, ("get", "node", "worker-1", "-o", "name", WAIT): said})
        assert 'nodes "worker-1" not found' in refused("kubectl:worker-1")

    @pytest.mark.parametrize("said", ["garbage", "[]", '{"items": 7}', '{"items": [{"spec": {}}]}', "[" * 10_000])
    def test_garbage_where_pods_were_expected(self, program: Program, said: str) -> None:
        program("kubectl", {listing(PROXY): said})
        assert refused("kubectl:worker-1") == "kubectl said something that is no list of pods."

    def test_a_pod_whose_name_would_be_an_option(self, program: Program) -> None:
        kubectl = program("kubectl", {**TestDebugPod.EMPTY, listing(PROXY): pods(pod("--kubeconfig=/x"))})
        refused("kubectl:worker-1")
        assert not any("exec" in words for words in kubectl.asked)

    def test_a_pod_without_iptables(self, program: Program) -> None:
        said = (
            "error: Internal error occurred: error executing command in container: failed to start exec: OCI runtime "
            'exec failed: exec: "iptables-save": executable file not found in $PATH: unknown'
        )
        program("kubectl", {listing(PROXY): pods(pod()), (*EXEC, "--", "iptables-save", "-c"): Answer("", said, 1)})
        assert "The node worker-1 has no iptables-save" in refused("kubectl:worker-1")


class TestExpand:
    NODES = ("get", "nodes", "-l", "kubernetes.io/os!=windows", "-o", "name", WAIT)

    def test_all_nodes_of_a_cluster(self, program: Program) -> None:
        program("kubectl", {self.NODES: "node/a\nnode/b\n"})
        assert expand("kubectl:") == ("kubectl:a", "kubectl:b")

    def test_all_nodes_of_a_context(self, program: Program) -> None:
        program("kubectl", {("--context=x/prod", *self.NODES): "node/a\n"})
        assert expand("kubectl:x/prod/") == ("kubectl:x/prod/a",)

    def test_any_other_source_is_itself(self, program: Program) -> None:
        for name in ("rules.txt", "live:", "kubectl:a", "kubectl:ctx/a", "ssh:kubectl:", "-", "kubectl"):
            assert expand(name) == (name,)

    @pytest.mark.parametrize(("said", "told"), [("node/--x\n", "name of a node"), ("", "has no nodes")])
    def test_odd_answers(self, program: Program, said: str, told: str) -> None:
        program("kubectl", {self.NODES: said})
        with pytest.raises(SourceError, match=told):
            expand("kubectl:")


def test_a_node_is_live() -> None:
    assert is_live("kubectl:worker-1")
