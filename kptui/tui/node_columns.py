"""What the nodes' table shows of a node; no widget in it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kptui.nodes.fleet import Fleet, Node
from kptui.report.columns import Column
from kptui.text import visible
from kptui.tui.live_words import short
from kptui.tui.table_model import TableColumn

_SIGNS = {"waiting": "· waiting", "reading": "… reading", "read": "✓ read", "cancelled": "– not read"}
_ORDER = ("failed", "cancelled", "waiting", "reading", "read")
_STYLES = {"failed": "bad", "cancelled": "unsure", "read": "good"}
_SEVERITIES = {"error": "✗", "warning": "!", "info": "·"}
WHY = 28


def node_columns(fleet: Fleet) -> tuple[TableColumn[Node], ...]:
    """The columns; how far a node is from the others is the fleet's to tell."""
    return (
        TableColumn(Column("node", 12), _label, _label, lambda node: "strong"),
        TableColumn(
            Column("state", 11), _state, lambda node: _ORDER.index(node.progress), _state_style, whole=_whole_state
        ),
        TableColumn(Column("differ", 6, 0, True), partial(_differ, fleet), partial(_far, fleet), partial(_off, fleet)),
        TableColumn(Column("services", 8, 1, right=True), _shown(_services), lambda node: -_services(node)),
        TableColumn(Column("endpoints", 9, 3, right=True), _shown(_endpoints), lambda node: -_endpoints(node)),
        TableColumn(Column("problems", 8, 2), _findings, _bad, _worst),
        TableColumn(Column("kube-proxy", 14, 4), _writer, _writer, lambda node: "counter"),
    )  # fmt: skip


def _label(node: Node) -> str:
    return node.label


def _state(node: Node) -> str:
    """Of a failure, and of what is being done, the beginning: what the column is measured by."""
    if node.step is not None:
        # The number first: it is what moves, and is seen where the column is narrow.
        return _cut(visible(" ".join(filter(None, ["…", *short(node.step)]))))
    if node.progress in _SIGNS:
        return _SIGNS[node.progress]
    return _cut(f"✗ {node.why}")


def _cut(text: str) -> str:
    return text if len(text) <= WHY + 2 else f"{text[: WHY + 1]}…"


def _whole_state(node: Node) -> str:
    """All of it: a node that is not read yet, or can't be, has nothing in the columns after this."""
    if node.step is not None:
        return visible(" ".join(filter(None, ["…", *short(node.step)])))
    return _SIGNS.get(node.progress) or f"✗ {node.why}"


def _state_style(node: Node) -> str:
    return _STYLES.get(node.progress, "counter")


def _services(node: Node) -> int:
    return node.summary.services if node.summary is not None else -1


def _endpoints(node: Node) -> int:
    return node.summary.endpoints if node.summary is not None else -1


def _shown(read: Callable[[Node], int]) -> Callable[[Node], str]:
    return lambda node: f"{read(node):,}" if node.summary is not None else ""


def _writer(node: Node) -> str:
    """Mode where it isn't iptables, versions, and who printed the rules."""
    if node.summary is None:
        return ""
    writer, settings = node.summary.writer, node.summary.settings
    mode = {"iptables": "", "none": "no kube-proxy"}.get(writer.mode, writer.mode)
    tool = " ".join(filter(None, [settings.get("back end"), settings.get("iptables")]))
    return " · ".join(filter(None, [mode, writer.versions, tool]))


def _findings(node: Node) -> str:
    if node.findings is None:
        return ""
    told = (f"{sign}{node.findings[severity]}" for severity, sign in _SEVERITIES.items() if node.findings.get(severity))
    return " ".join(told) or "none"


def _bad(node: Node) -> list[int]:
    return [-(node.findings or {}).get(severity, 0) for severity in _SEVERITIES]


def _worst(node: Node) -> str:
    found = node.findings or {}
    return "bad" if found.get("error") else "unsure" if found.get("warning") else "counter"


def _far(fleet: Fleet, node: Node) -> tuple[int, int]:
    """In how many Service ports it isn't with the majority, and in how many there is none; negative, to sort by."""
    found = fleet.comparison.counts.get(node.source)
    return (-found["other"], -found["tie"]) if found is not None else (0, 0)


def _differ(fleet: Fleet, node: Node) -> str:
    """“3”: other than on most nodes; “2 tied”: there is no majority."""
    if node.summary is None or len(fleet.comparison.nodes) < 2:
        return ""
    other, tied = (-count for count in _far(fleet, node))
    return ", ".join(filter(None, [f"{other:,}" if other or not tied else "", f"{tied:,} tied" if tied else ""]))


def _off(fleet: Fleet, node: Node) -> str:
    other, tied = _far(fleet, node)
    return "bad" if other else "unsure" if tied else "counter"
