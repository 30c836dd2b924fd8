"""Nodes for the tests of the explorer: made of one sample, one lags, one lacks a Service."""

from __future__ import annotations

from collections.abc import Mapping

from kptui.errors import SourceError
from kptui.kubernetes.known_names import KnownNames
from kptui.live.readers import Here
from kptui.nodes.fleet import Fleet
from kptui.nodes.gather import Cancelled
from kptui.sources import SourceText
from kptui.sources.steps import Progress
from kptui.tui.nodes_app import NodesApp
from kptui.tui.settings.fields import UNCHOSEN, Settings
from tests.nodes.variants import replaced, text_of, without

NGINX = text_of("nginx-nodeport")
LAGGING = replaced(("32754", "30007"))(without("KUBE-SVC-OVTWZ4GROBJZO4C5", "KUBE-SEP-UIOQG3KKGTPDCR56")(NGINX))
GONE = replaced((":FORWARD ACCEPT", ":FORWARD DROP"))(without("TCOU7JCQXEZGVUNU")(NGINX))
NODES = {"kubectl:prod/n1": NGINX, "kubectl:prod/n2": NGINX, "kubectl:prod/n3": LAGGING, "kubectl:prod/n4": GONE}


def app(texts: Mapping[str, str] = NODES, *missing: str, settings: Settings = UNCHOSEN) -> NodesApp:
    """The explorer over these nodes, and some that can't be read."""

    def read(name: str, cancelled: Cancelled, progress: Progress) -> SourceText:
        if name in missing:
            raise SourceError("The pod [b]of[/b] this node does not answer\x1b[31m.")
        return SourceText(name, texts[name])

    def reader(name: str, names: KnownNames | None) -> Here:
        return Here(name, names, lambda source, **_: read(source, lambda: False, lambda step: None))

    return NodesApp(Fleet([*texts, *missing], read), settings, reader=reader)
