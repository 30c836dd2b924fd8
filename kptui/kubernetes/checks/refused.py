"""Services that are refused because no endpoint is there for them."""

from __future__ import annotations

from collections.abc import Iterator

from kptui.kubernetes.checks.finding import Check, Found, Place
from kptui.kubernetes.checks.view import View


def _refused(view: View) -> Iterator[Found]:
    marked = bool(view.called("nat", "KUBE-MARK-DROP"))
    for port in view.services:
        # Up to 1.24 a Service's own chains drop, too, so that all of them have to be looked at.
        among = port.refused if marked else port.frontends
        refused = [each for each in among if each.refused_by is not None and each.refusal is not None]
        if not refused:
            continue
        ref = refused[0].refused_by
        assert ref is not None
        shown = ", ".join(each.address for each in refused[:4])
        more = f" and {len(refused) - 4} more" if len(refused) > 4 else ""
        why = "no endpoints" if any(each.refusal == "rejected" for each in refused) else "no endpoints on this node"
        verb = refused[0].refusal
        message = f"{port.title} has {why}: what goes to {shown}{more} ({port.protocol}) is {verb}"
        yield Found(Place(ref.table, ref.chain, ref.number, ref.line), message)


CHECKS = (
    Check(
        "no-endpoints", "info", "A Service that is refused for want of endpoints",
        "No pod that is ready fits its selector; or, by a Local traffic policy, none of this node's. kube-proxy "
        "rejects such packets (drops them for a Local policy), so that clients needn't wait. Healthy clusters have "
        "such Services, too.",
        "kubectl describe service and kubectl get pods -l with its selector: are there pods, and are they ready?",
        _refused,
    ),
)  # fmt: skip
