"""A graph in Mermaid's flowchart language (https://mermaid.js.org/syntax/flowchart.html).

What stands in a dump is never markup: every character of a label that is no letter, digit or harmless sign is written
as an entity code (#35; and the like), so neither Mermaid's grammar nor the HTML that it draws into can see it.
"""

from __future__ import annotations

from collections.abc import Iterator

from kptui.report.trace_graph import Graph, Node
from kptui.text import visible

_SHAPES = {"packet": '(["{}"])', "rules": '["{}"]', "good": '("{}")', "bad": '("{}")', "open": '>"{}"]'}
_CLASSES = {
    "packet": "fill:#e8e8e8,stroke:#555,color:#000",
    "good": "fill:#cfe2ff,stroke:#1f6feb,color:#000",
    "bad": "fill:#ffd8c2,stroke:#bc4c00,color:#000",
    "open": "fill:#fff3cd,stroke:#8a6d00,color:#000",
}
_PLAIN = frozenset(" .,/:+-=?→⇢⇒↩✓✗·…–")


def mermaid(graph: Graph) -> str:
    """The graph as a flowchart, without a line end at its end."""
    return "\n".join(_lines(graph))


def _lines(graph: Graph) -> Iterator[str]:
    yield "flowchart TB"
    for number, (cluster, nodes) in enumerate(graph.clusters.items()):
        indent = "  "
        if cluster and cluster != "open":
            yield f'  subgraph s{number} ["{_escaped(cluster)}"]'
            indent = "    "
        for node in nodes:
            kind = f":::{node.kind}" if node.kind in _CLASSES else ""
            yield f"{indent}{node.id}{_SHAPES[node.kind].format(_label(node))}{kind}"
        if indent == "    ":
            yield "  end"
    for edge in graph.edges:
        arrow = f'-- "{_escaped(edge.label)}" -->' if edge.label else "-->"
        yield f"  {edge.source} {arrow} {edge.target}"
    for kind, style in _CLASSES.items():
        yield f"  classDef {kind} {style}"


def _label(node: Node) -> str:
    return "<br/>".join(map(_escaped, node.lines))


def _escaped(text: str) -> str:
    return "".join(sign if sign.isalnum() or sign in _PLAIN else f"#{ord(sign)};" for sign in visible(text))
