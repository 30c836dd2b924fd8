"""A Kubernetes node, through the user's own kubectl: its contexts, its plugins for logging in, its rights.

Commands run in the node's kube-proxy pod, which lives in the network namespace of the host. Where there is none (k3s
has kube-proxy inside of its own process), a pod of `kubectl debug node/NODE` does, if the user names its image; it is
deleted again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from kptui.errors import SourceError
from kptui.sources.access import Access
from kptui.sources.place import Place, Plan, ended, refused
from kptui.sources.process import Ran
from kptui.sources.running import Runner
from kptui.text import visible

SCHEME = "kubectl:"
_LABELS = ("k8s-app=kube-proxy", "component=kube-proxy")
"""kubeadm, EKS and most others; GKE, AKS and RKE2."""
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
"""An object's name: a DNS subdomain (RFC 1123)."""
_WAIT = ("--request-timeout=20s",)
_MADE = re.compile(r"debugging pod (\S+) with container (\S+)")
_LIFE = "900"
"""Seconds a debug pod lives if nobody deletes it."""


class Node(Place):
    """A node; `kubectl:NODE`, or `kubectl:CONTEXT/NODE` (a context's name may hold slashes, a node's can't)."""

    at_once: ClassVar[int] = 6
    kept: ClassVar[bool] = True

    def __init__(self, rest: str, access: Access) -> None:
        self._kubectl, node = _split(rest)
        if not _NAME.fullmatch(node):
            raise refused("node", rest, "kubectl:[CONTEXT/]NODE, or kubectl: for all nodes where several fit")
        super().__init__(
            f"node {rest}", f"The node {visible(rest)}", "the pod that was asked has not that right", access
        )
        self._node = node
        self._image = access.debug_image
        self._namespace, self._pod, self._container = "NAMESPACE", "POD", "CONTAINER"
        self._made = False

    def words(self, argv: Sequence[str]) -> tuple[str, ...]:
        """The command in the pod."""
        where = ("-n", self._namespace) if self._namespace else ()
        return (*self._kubectl, "exec", *where, self._pod, "-c", self._container, "--", *argv)

    def planned(self) -> Plan:
        """Looking for the pod; making and deleting one if that was asked for."""
        looked = tuple(self._find(label) for label in _LABELS)
        if self._image is None:
            return Plan(looked, note="NAMESPACE, POD and CONTAINER are what kubectl says in answer to the first two.")
        said = f"NAMESPACE, POD and CONTAINER are what the first two find; where they find none, {self._image} runs."
        return Plan((*looked, self._make(), self._ready()), (self._delete(),), said)

    def enter(self, run: Runner) -> None:
        """Find the pod, or make one."""
        for label in _LABELS:
            for pod in _pods(_asked(run, self._find(label), self.where)):
                self._namespace, self._pod, self._container = pod
                return
        _asked(run, (*self._kubectl, "get", "node", self._node, "-o", "name", *_WAIT), self.where)
        if self._image is None:
            raise SourceError(
                f"{self.where} runs no kube-proxy pod: --debug-image IMAGE makes a pod there to read from (kubectl "
                "debug) and deletes it again; the image needs iptables and iproute2."
            )
        said = _MADE.search(_asked(run, self._make(), self.where))
        if said is None or not all(map(_NAME.fullmatch, said.groups())):
            raise SourceError(f"{self.where}: kubectl debug did not say which pod it made.")
        self._namespace, (self._pod, self._container) = "", said.groups()
        self._made = True
        try:
            _asked(run, self._ready(), self.where)
        except SourceError:
            self.leave(run)
            raise

    def leave(self, run: Runner) -> None:
        """Delete the pod that `enter` made."""
        if self._made:
            self._made = False
            run(self._delete())

    def broken(self, ran: Ran) -> str | None:
        """What kubectl itself says when the pod or the way there is gone."""
        gone = ("Error from server", "Unable to connect", "error: unable to upgrade", "The connection to the server")
        return f"{self.where} can't be asked: {ended(ran.error)}" if ran.code and ran.error.startswith(gone) else None

    def _find(self, label: str) -> tuple[str, ...]:
        on_node = f"--field-selector=spec.nodeName={self._node}"
        return (*self._kubectl, "get", "pods", "-A", "-l", label, on_node, "-o", "json", *_WAIT)

    def _make(self) -> tuple[str, ...]:
        # The profile gives NET_ADMIN, without which no rule can be read, and no more.
        how = (f"--image={self._image}", "--profile=netadmin", "--attach=false")
        return (*self._kubectl, "debug", f"node/{self._node}", *how, "--", "sleep", _LIFE)

    def _ready(self) -> tuple[str, ...]:
        return (*self._kubectl, "wait", "--for=condition=Ready", f"pod/{self._pod}", "--timeout=50s")

    def _delete(self) -> tuple[str, ...]:
        return (*self._kubectl, "delete", "pod", self._pod, "--wait=false", "--grace-period=1", *_WAIT)


def listing(rest: str) -> tuple[str, ...]:
    """The command that names all nodes that don't run Windows; raises SourceError for what can be no context."""
    kubectl, _ = _split(rest)
    return (*kubectl, "get", "nodes", "-l", "kubernetes.io/os!=windows", "-o", "name", *_WAIT)


def nodes(rest: str, run: Runner) -> tuple[str, ...]:
    """The sources that `kubectl:` or `kubectl:CONTEXT/` stands for, one a node; raises SourceError."""
    said = _asked(run, listing(rest), "The cluster")
    names = [line.strip().removeprefix("node/") for line in said.split("\n") if line.strip()]
    odd = next((name for name in names if not _NAME.fullmatch(name)), None)
    if odd is not None:
        raise SourceError(f"kubectl said “{visible(odd[:80])}” where the name of a node was expected.")
    if not names:
        raise SourceError("The cluster has no nodes that run Linux.")
    return tuple(f"{SCHEME}{rest}{name}" for name in names)


def _split(rest: str) -> tuple[tuple[str, ...], str]:
    """The words that call kubectl with the context, and the node."""
    context, slash, node = rest.rpartition("/")
    if slash and (not context or context.startswith("-") or visible(context) != context):
        raise refused("context", context, "kubectl:[CONTEXT/]NODE")
    return (("kubectl", f"--context={context}") if slash else ("kubectl",)), node


def _asked(run: Runner, argv: tuple[str, ...], where: str) -> str:
    """What kubectl answers; raises SourceError with what it says is wrong."""
    ran = run(argv)
    if ran.missing:
        raise SourceError("kubectl is not installed, or not on PATH.")
    if ran.code != 0:
        raise SourceError(f"{where} can't be asked: {ended(ran.error or f'kubectl: exit code {ran.code}')}")
    return ran.out.decode("utf-8", "replace")


def _pods(text: str) -> Iterator[tuple[str, str, str]]:
    """Namespace, name and container of the pods that run in the network namespace of their host."""
    try:
        found = json.loads(text)["items"] if text.strip() else []
        for pod in found:
            meta, spec = pod["metadata"], pod["spec"]
            if spec.get("hostNetwork") and pod["status"]["phase"] == "Running":
                names = (meta["namespace"], meta["name"], _container(spec))
                if all(map(_NAME.fullmatch, names)):
                    yield names
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        raise SourceError("kubectl said something that is no list of pods.") from None


def _container(spec: dict[str, Any]) -> str:
    names = [str(each["name"]) for each in spec["containers"]]
    return "kube-proxy" if "kube-proxy" in names else names[0]
