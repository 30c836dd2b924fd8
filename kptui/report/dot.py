"""A graph in DOT, the language of Graphviz (https://graphviz.org/doc/info/lang.html).

What stands in a dump is never markup: labels are quoted strings, in which only quotes, backslashes, & and line ends
mean anything, and control characters are written out.
"""

from __future__ import annotations

from collections.abc import Iterator

from kptui.report.trace_graph import Graph, Node
from kptui.text import visible

_STYLES = {
    "packet": 'shape=oval, style=filled, fillcolor="#e8e8e8"',
    "rules": "shape=box",
    "good": 'shape=box, style="rounded,filled", fillcolor="#cfe2ff"',
    "bad": 'shape=box, style="rounded,filled", fillcolor="#ffd8c2"',
    "open": 'shape=note, style=filled, fillcolor="#fff3cd"',
}


def dot(graph: Graph) -> str:
    """The graph as a digraph, without a line end at its end."""
    return "\n".join(_lines(graph))


def _lines(graph: Graph) -> Iterator[str]:
    yield "digraph trace {"
    yield f"  label={_quoted(graph.title)}; labelloc=t; rankdir=TB;"
    yield '  node [fontname="monospace", fontsize=10]; edge [fontname="sans-serif", fontsize=10];'
    for number, (cluster, nodes) in enumerate(graph.clusters.items()):
        indent = "  "
        if cluster and cluster != "open":
            yield f"  subgraph cluster_{number} {{"
            yield f"    label={_quoted(cluster)};"
            indent = "    "
        for node in nodes:
            yield f"{indent}{node.id} [label={_label(node)}, {_STYLES[node.kind]}];"
        if indent == "    ":
            yield "  }"
    for edge in graph.edges:
        label = f" [label={_quoted(edge.label)}]" if edge.label else ""
        yield f"  {edge.source} -> {edge.target}{label};"
    yield "}"


def _label(node: Node) -> str:
    """A line that ends in backslash l stands on the left."""
    return '"' + "".join(f"{_escaped(line)}\\l" for line in node.lines) + '"'


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return visible(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
