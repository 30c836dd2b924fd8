"""A trace as a graph in Mermaid and DOT: all of it is there, and a dump's text stays text."""

from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

from kptui.ask.request import Request
from kptui.netfilter.trace import Trace
from kptui.report.dot import dot
from kptui.report.mermaid import mermaid
from kptui.report.trace_graph import Edge, Graph, Node, trace_graph
from kptui.text import visible
from kptui.tracing import Session
from tests.report.test_branches import service
from tests.support import NODE, SAMPLE_NAMES, Done, sample, trace_of

HOSTILE = (
    "*filter\n:INPUT ACCEPT [0:0]\n:<script>alert(1)</script> - [0:0]\n:#35;&lt;b&gt;|{()} - [0:0]\n:end - [0:0]\n"
    "-A INPUT -j <script>alert(1)</script>\n-A INPUT -j #35;&lt;b&gt;|{()}\n-A INPUT -j end\n"
    '-A <script>alert(1)</script> -j LOG --log-prefix "</b><img src=x> \\"q\\" \\\\N \\\\l"\n'
    '-A end -s 10.0.0.0/8 -j LOG --log-prefix "%%{init: {}}%% `md`; \x1b[1m \u202e\x07"\nCOMMIT\n'
)
NASTY = [
    '"]',
    "\\",
    "\\N",
    "&lt;",
    "<b>",
    "#34;",
    "end",
    "a\nb",
    "%%{",
    "`x`",
    "[x](y)",
    "**b**",
    "\u202e",
    "--> n1",
    ";",
]


def nginx() -> Trace:
    session = Session.open(sample("nginx-nodeport"))
    return session.trace(Request(src="192.168.50.2", dst="10.110.199.45", dport="80", local=(NODE,)))


def nodes(graph: Graph) -> list[Node]:
    return [node for cluster in graph.clusters.values() for node in cluster]


class TestGraph:
    def test_hooks_are_clusters_chains_are_boxes_and_each_outcome_an_end(self) -> None:
        graph = trace_graph(nginx())
        assert [name for name in graph.clusters if name] == ["PREROUTING", "FORWARD", "POSTROUTING"]
        ends = [node.lines for node in nodes(graph) if node.kind == "good"]
        assert [lines[0] for lines in ends] == ["outcome 1: forwarded", "outcome 2: forwarded"]
        assert ends[0][1] == "⇒ 10.42.0.199:80  MASQUERADE"
        boxes = [node.lines for node in nodes(graph) if node.kind == "rules"]
        assert ("nat KUBE-SEP-ZGUCVTBPJNCW75NN", "2 ⇒ DNAT 10.42.0.199:80") in boxes

    def test_edges_carry_shares_where_ways_part(self) -> None:
        labels = [edge.label for edge in trace_graph(nginx()).edges if edge.label]
        assert labels == ["1/2 (50 %)"] * 4

    @pytest.mark.parametrize("name", SAMPLE_NAMES)
    def test_everything_hangs_together(self, name: str) -> None:
        """From the packet every box can be reached, and every way ends in an outcome."""
        trace = Session.open(sample(name)).trace(Request())
        graph = trace_graph(trace)
        kinds = {node.id: node.kind for node in nodes(graph)}
        assert len(kinds) == len(nodes(graph))
        onward: dict[str, list[str]] = {}
        for edge in graph.edges:
            onward.setdefault(edge.source, []).append(edge.target)
        seen, left = set[str](), ["n1"]
        while left:
            at = left.pop()
            if at not in seen:
                seen.add(at)
                left += onward.get(at, [])
        assert seen == {name for name, kind in kinds.items() if kind != "open"}
        assert {kinds[each] for each in seen if each not in onward} <= {"good", "bad"}
        assert not {each for each in onward if kinds[each] in ("good", "bad", "open")}

    def test_many_endpoints_are_one_way_and_one_end(self) -> None:
        graph = trace_graph(trace_of(service(100), src="10.1.0.1", dst="10.96.0.1", dport="80", local=(NODE,)))
        assert len(nodes(graph)) < 10
        (end,) = (node.lines for node in nodes(graph) if node.kind == "good")
        assert end[0] == "outcome 1–100: forwarded"
        assert end[-1] == "… 88 more"
        assert any(edge.label == "100 ways, 1/100 (1 %) each, one of them" for edge in graph.edges)

    def test_questions_have_notes_of_their_own(self) -> None:
        graph = trace_graph(
            trace_of("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 10.0.0.0/8 -j DROP\nCOMMIT\n", dst=NODE, local=(NODE,))
        )
        assert [node.lines for node in graph.clusters["open"]] == [
            ("?1  line 3: -s 10.0.0.0/8 — the source address is not known",)
        ]
        assert {"?1 yes", "?1 no"} <= {edge.label for edge in graph.edges}


def small(text: str) -> Graph:
    """A graph with a text wherever one may stand."""
    return Graph(
        text,
        {text or "x": [Node("n1", (text, text), "rules")], "": [Node("n2", (text,), "bad")]},
        [Edge("n1", "n2", text)],
    )


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz's dot is not installed")
class TestDot:
    def drawn(self, text: str) -> ET.Element:
        done = subprocess.run(["dot", "-Tsvg"], input=text.encode(), capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        return ET.fromstring(done.stdout)

    def texts(self, svg: ET.Element) -> list[str]:
        return ["".join(each.itertext()) for each in svg.iter("{http://www.w3.org/2000/svg}text")]

    @pytest.mark.parametrize("name", SAMPLE_NAMES)
    def test_graphviz_reads_every_sample(self, name: str) -> None:
        graph = trace_graph(Session.open(sample(name)).trace(Request()))
        svg = self.drawn(dot(graph))
        groups = [each.get("class") for each in svg.iter("{http://www.w3.org/2000/svg}g")]
        assert groups.count("node") == len(nodes(graph))
        assert groups.count("edge") == len(graph.edges)
        assert groups.count("cluster") == len([name for name in graph.clusters if name not in ("", "open")])

    @pytest.mark.parametrize("text", NASTY)
    def test_a_text_is_drawn_as_it_is(self, text: str) -> None:
        shown = visible(text)
        assert self.texts(self.drawn(dot(small(text)))).count(shown) == 6

    def test_a_hostile_dump_draws_nothing_but_text(self) -> None:
        svg = self.drawn(dot(trace_graph(trace_of(HOSTILE, dst=NODE, local=(NODE,)))))
        assert {each.tag.rpartition("}")[2] for each in svg.iter()} <= {
            "svg",
            "g",
            "title",
            "polygon",
            "path",
            "text",
            "polyline",
            "ellipse",
        }
        assert any("<script>alert(1)</script>" in text for text in self.texts(svg))
        assert any("#35;&lt;b&gt;|{()}" in text for text in self.texts(svg))


class TestMermaid:
    """What its parser may see of a label: letters, digits, a few signs, entity codes (checked with mermaid 11 once)."""

    LABEL = re.compile(r"(?:[^\W]|[ .,/:+\-=?→⇢⇒↩✓✗·…–]|#\d+;|<br/>)*\Z")
    LINE = re.compile(
        r'  (?:  )?(?:n\d+(?:\(\["(?P<a>.*)"\]\)|\["(?P<b>.*)"\]|\("(?P<c>.*)"\)|>"(?P<d>.*)"\])(?:::\w+)?:?(?:::\w+)?'
        r'|n\d+ (?:-- "(?P<e>[^"]*)" )?--> n\d+|subgraph s\d+ \["(?P<f>.*)"\]|end|classDef \w+ [\w:#,]+)\Z'
    )

    def checked(self, text: str) -> list[str]:
        """The labels; every line is of a form that was meant."""
        first, *lines = text.split("\n")
        assert first == "flowchart TB"
        labels = []
        for line in lines:
            found = self.LINE.match(line)
            assert found, line
            labels += [label for label in found.groupdict().values() if label]
        assert all(self.LABEL.match(label) for label in labels)
        return labels

    @pytest.mark.parametrize("name", SAMPLE_NAMES)
    def test_every_sample_is_well_formed(self, name: str) -> None:
        assert self.checked(mermaid(trace_graph(Session.open(sample(name)).trace(Request()))))

    @pytest.mark.parametrize("text", NASTY)
    def test_a_text_comes_back_as_it_is(self, text: str) -> None:
        labels = self.checked(mermaid(small(text)))
        shown = visible(text)
        plain = [re.sub(r"#(\d+);", lambda found: chr(int(found[1])), label) for label in labels]
        assert plain == [shown, f"{shown}<br/>{shown}", shown, shown]

    def test_a_hostile_dump_stays_text(self) -> None:
        labels = self.checked(mermaid(trace_graph(trace_of(HOSTILE, dst=NODE, local=(NODE,)))))
        assert not any("<script" in label or "{" in label for label in labels)


@pytest.mark.parametrize(("form", "first"), [("mermaid", "flowchart TB"), ("dot", "digraph trace {"), ("json", "{")])
def test_the_command_line_gives_each_form(form: str, first: str, run: Callable[..., Done]) -> None:
    packet = [sample("nginx-nodeport"), "10.42.0.7 -> default/nginx", "--local", NODE]
    done = run("trace", *packet, "--format", form)
    assert (done.code, done.err) == (0, "")
    assert done.out.split("\n")[0] == first
    if form == "json":
        assert run("trace", *packet, "--json").out == done.out
