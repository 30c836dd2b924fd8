"""Every key of the explorer, as data: bindings, footer, help and the manual's table are made from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.binding import BindingType


@dataclass(frozen=True, slots=True)
class Key:
    """One binding: its id (for keymaps), keys, action, a word for the footer, a sentence for the help, its group.

    `rank` orders the footer (0: not there); when the terminal is narrow the highest ranks are left out first.
    """

    id: str
    keys: str
    action: str
    word: str
    sentence: str
    group: str
    rank: int = 0
    shown: str = ""

    @property
    def label(self) -> str:
        """The key as people read it."""
        return self.shown or self.keys.partition(",")[0]


MOVE, FIND, TRACE, VIEW, NODES, OTHER = "Moving", "Searching", "Tracing", "Views", "Nodes", "Other"
COPY = "In the menu of y"


def _view(name: str, keys: str, word: str, sentence: str, shown: str = "") -> Key:
    """A key that opens a view; the line of views shows it, so the footer doesn't."""
    return Key(name, keys, f"view('{name}')", word, sentence, VIEW, 0, shown)


KEYS = (
    Key("trace", "t", "trace", "Trace", "Trace a packet: opens the form, filled in for what is selected.", TRACE, 1),
    Key("search", "slash", "search", "Search", "Search: words, /regex/, dst: dport: target: svc: …", FIND, 2, "/"),
    Key("next", "n", "next", "Next", "Next hop of the trace, hit of the search, or difference.", TRACE, 4),
    Key("previous", "N,upper_n", "previous", "Previous", "The hop, hit or difference before.", TRACE, 0, "N"),
    Key("outcome", "o", "outcome(1)", "Outcome", "Light up the next outcome of the trace.", TRACE, 5),
    Key("outcome_back", "O,upper_o", "outcome(-1)", "", "Light up the outcome before.", TRACE, 0, "O"),
    Key("assume", "a", "assume", "Assume", "Settle what is not told: yes, no, or both ways again.", TRACE, 8),
    Key("reply", "R,upper_r", "reply", "Reply", "What becomes of the reply; again: the way there.", TRACE, 9, "R"),
    _view("chains", "C,upper_c", "Chains", "Back to the chains and their rules.", "C"),
    _view("services", "s", "Services", "The Services: addresses, endpoints with shares, policies."),
    _view("problems", "p", "Problems", "What goes wrong in the rules: findings, the worst first."),
    _view("journey", "i", "Journey", "The trace hook by hook: what came in, happened, left."),
    _view("changes", "c", "Changes", "What appeared, went and changed since the source was opened."),
    _view("busiest", "b", "Busiest", "The busiest rules: packets a second, or in total for a file."),
    _view("connections", "f", "Flows", "Which clients went to which pod; again: all of them."),
    _view("differences", "d", "Differences", "What differs between another source and this one."),
    _view("compare", "equals_sign", "Compare", "The trace beside that of another source, node or packet.", "="),
    _view("nodes", "m", "Nodes", "The nodes, where several sources are open."),
    Key("leads", "w", "leads", "Leads", "What leads to the selected chain or endpoint.", VIEW, 9),
    Key("follow", "enter", "follow", "Follow", "Follow a rule's jump; fold or unfold a chain.", MOVE, 3, "↵"),
    Key("back", "left_square_bracket", "back", "Back", "Back to where the last jump came from.", MOVE, 6, "["),
    Key("forward", "right_square_bracket", "forward", "Forward", "Forward again.", MOVE, 0, "]"),
    Key("mark", "M,upper_m", "mark", "Mark", "Mark this place with a letter, which is the next key.", MOVE, 0, "M"),
    Key("marks", "apostrophe", "go_to_mark", "Marks", "Go to a mark: those that are set, then a letter.", MOVE, 0, "'"),
    Key("pane", "tab", "app.focus_next", "Pane", "Next pane; shift+tab goes back.", MOVE, 8),
    Key("reload", "r", "reload", "Re-read", "Read the source again, keeping the place.", OTHER, 9),
    Key("pause", "z", "pause", "Pause", "Stop reading a running host again and again; again: go on.", OTHER, 0),
    Key("copy", "y", "copy", "Copy", "Copy: rule, chain, trace, picture; y y is what is selected.", OTHER, 0),
    Key("edit", "e", "edit", "Edit", "Open the rule in $VISUAL or $EDITOR, at its line.", OTHER, 0),
    Key("cancel", "escape", "cancel", "Clear", "Close what is open, then the search, then the trace.", OTHER, 7, "esc"),
    Key("help", "question_mark", "help", "Help", "What this is, and all keys, those of the pane first.", OTHER, 1, "?"),
    Key("palette", "ctrl+p", "app.command_palette", "Commands", "Any command or chain by name.", OTHER, 10),
    Key("quit", "q", "app.quit", "Quit", "Leave.", OTHER, 2),
)  # fmt: skip

ROW_KEYS = (
    Key("up", "up,k", "move(-1)", "", "Up one row.", MOVE, 0, "↑ k"),
    Key("down", "down,j", "move(1)", "", "Down one row.", MOVE, 0, "↓ j"),
    Key("page_up", "pageup,ctrl+b", "page(-1)", "", "Up one page.", MOVE, 0, "PgUp"),
    Key("page_down", "pagedown,ctrl+f", "page(1)", "", "Down one page.", MOVE, 0, "PgDn"),
    Key("top", "home,g", "jump_to(0)", "", "First row.", MOVE, 0, "g"),
    Key("bottom", "end,G,upper_g", "jump_to(-1)", "", "Last row.", MOVE, 0, "G"),
)

TREE_KEYS = (
    Key("fold", "left,h", "fold", "", "Fold, or go to the row above it belongs to.", MOVE, 0, "← h"),
    Key("unfold", "right,l", "unfold", "", "Unfold, or go to the first row inside.", MOVE, 0, "→ l"),
    Key("toggle", "space", "fold_or_unfold", "", "Fold or unfold.", MOVE, 0),
)

VIEWS = {
    "chains": "Chains",
    "services": "Svcs",
    "problems": "Prob",
    "journey": "Path",
    "changes": "New",
    "busiest": "Busy",
    "connections": "Flow",
    "differences": "Diff",
    "compare": "Vs",
    "nodes": "Nodes",
}
"""The views in the order of their line, each with a word that is short enough for 80 columns; the keys' ids."""

SWITCHES = tuple(next(key for key in KEYS if key.id == name) for name in VIEWS)
"""The keys that open a view, from wherever one is."""

RULE_KEYS = tuple(key for key in KEYS if key.id in ("trace", "leads", "edit", "mark", "marks", "reload", "pause"))
"""Keys that do to a table's row what they do to the rule or chain that is selected on the main screen."""

VIEW_KEYS = (
    Key("view_open", "enter", "open", "Open", "In a table: go to the chains of what is selected.", VIEW, 1, "↵"),
    Key("view_filter", "slash", "filter", "Filter", "In a table: show only what every word fits.", VIEW, 2, "/"),
    Key("view_order", "o", "order(1)", "Order", "In a table: sort by the next column.", VIEW, 3),
    Key("view_reverse", "O,upper_o", "reverse", "Reverse", "In a table: sort the other way round.", VIEW, 4, "O"),
    Key("view_close", "escape", "close", "Close", "In a table: clear the filter, then close it.", VIEW, 5, "esc"),
    *RULE_KEYS,
    *(key for key in KEYS if key.id in ("pane", "copy", "help", "quit")),
    *SWITCHES,
)  # fmt: skip
"""Keys of every table that covers the explorer; the last rows are those that mean the same as elsewhere."""

INSTEAD = {
    "next": "There is nothing to step through here: {view_filter} filters the rows.",
    "previous": "There is nothing to step through here: {view_filter} filters the rows.",
    "assume": "What is not told is settled beside the trace: {chains} goes there, {assume} then settles it.",
    "reply": "The reply is shown beside the trace: {chains} goes there, {reply} then turns to it.",
    "back": "{back} goes back along jumps between chains: {chains} goes there; {view_close} closes this view.",
    "forward": "{forward} goes forward along jumps between chains: {chains} goes there.",
}
"""Keys of the main screen that have nothing to act on in a table, and what is said then; a table may have its own."""

INSTEAD_KEYS = tuple(replace(key, action=f"instead('{key.id}')", rank=0) for key in KEYS if key.id in INSTEAD)
"""Bound in tables beside their own keys, and told by no help: who presses one is told what to do instead."""

JOURNEY_KEYS = (
    *(key for key in VIEW_KEYS if key.id not in ("view_filter", "view_order", "view_reverse")),
    *(key for key in KEYS if key.id in ("outcome", "outcome_back", "next", "previous")),
)
"""Keys of the journey: a table that is in order already."""

COMPARE_KEYS = (
    *(key for key in VIEW_KEYS if key.id not in ("view_order", "view_reverse")),
    *(key for key in KEYS if key.id in ("next", "previous")),
)
"""Keys of two traces beside each other: in order, too, with differences to step through."""

NODE_KEYS = (
    Key("node_open", "enter", "open", "Explore", "On a node: explore its rules as they were read.", NODES, 1, "↵"),
    Key("node_differences", "d", "differences", "Differences", "The Services that nodes have differently.", NODES, 2),
    Key("node_problems", "p", "problems", "Problems", "Look for problems on the selected node.", NODES, 6),
    Key("node_reload", "r", "reload", "Re-read", "Read all nodes again.", NODES, 5),
    Key("node_close", "escape", "close", "Stop", "Clear the filter, stop reading, or go back.", NODES, 7, "esc"),
    *(key for key in VIEW_KEYS if key.id in ("view_filter", "view_order", "view_reverse")),
    *(key for key in KEYS if key.id in ("pane", "copy", "help", "quit")),
    *(key for key in SWITCHES if key.id not in ("differences", "problems")),
)  # fmt: skip
"""Keys of the nodes' table; differences and problems are there those between nodes, and of one of them."""

COPY_KEYS = (
    Key("copy_selected", "y", "take('copy_selected')", "Selected", "Copy what is selected: rule, chain or row.", COPY),
    Key("copy_chain", "c", "take('copy_chain')", "Chain", "The chain of the selected rule, as it is written.", COPY),
    Key("copy_all", "a", "take('copy_all')", "All rows", "In a table: all rows that are shown.", COPY),
    Key("copy_text", "t", "take('copy_text')", "Text", "The trace as `kptui trace` tells it.", COPY),
    Key("copy_command", "k", "take('copy_command')", "Command", "The `kptui trace` command that asks the same.", COPY),
    Key("copy_json", "j", "take('copy_json')", "JSON", "The trace as JSON, for programs.", COPY),
    Key("copy_mermaid", "m", "take('copy_mermaid')", "Mermaid", "The trace as a Mermaid graph, for a document.", COPY),
    Key("copy_picture", "s", "take('copy_picture')", "Picture", "The screen as SVG, into a file.", COPY),
    Key("copy_to_file", "w", "to_file", "To a file", "Write it to a file, where the clipboard is out of reach.", COPY),
    Key("copy_close", "escape", "cancel", "Close", "Copy nothing.", COPY, 0, "esc"),
)
"""Keys of the menu that `copy` opens."""

TOGETHER = (
    COPY_KEYS,
    (*KEYS, *ROW_KEYS, *TREE_KEYS),
    (*VIEW_KEYS, *ROW_KEYS),
    (*JOURNEY_KEYS, *ROW_KEYS),
    (*COMPARE_KEYS, *ROW_KEYS),
    (*NODE_KEYS, *ROW_KEYS),
)
"""The tables that are bound at one place together: in each a key means one thing."""

ALL_KEYS = tuple(dict.fromkeys((*KEYS, *VIEW_KEYS, *NODE_KEYS, *ROW_KEYS, *TREE_KEYS, *COPY_KEYS)))


def bindings(keys: tuple[Key, ...]) -> list[BindingType]:
    """Textual's bindings for a table of keys."""
    # The settings file is read before the screen's libraries are there.
    from textual.binding import Binding

    return [
        Binding(k.keys, k.action, k.word, show=k.rank > 0, key_display=k.label, tooltip=k.sentence, id=k.id)
        for k in keys
    ]


def markdown() -> str:
    """The keys as a table, the same words as in the help."""
    rows = ["| key | what it does |", "| --- | --- |"]
    rows += [f"| `{key.label}` | {key.sentence} |" for key in ALL_KEYS]
    return "\n".join(rows)
