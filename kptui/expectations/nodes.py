"""YAML and JSON as nodes that know where they stand: the file, line and column of everything that is wrong.

The nodes hold text as it is written: `expect: no` is the word, not a boolean, and no tag makes an object of anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from difflib import get_close_matches
from typing import NoReturn

import yaml

from kptui.errors import UsageError
from kptui.text import visible

Mark = yaml.Mark
Node = yaml.Node


def is_mapping(node: Node | None) -> bool:
    """Whether it is a mapping of names to values."""
    return isinstance(node, yaml.MappingNode)


def is_list(node: Node | None) -> bool:
    """Whether it is a list."""
    return isinstance(node, yaml.SequenceNode)


class Document:
    """One file's nodes; every error says where it is and what was expected, as UsageError."""

    def __init__(self, name: str, text: str) -> None:
        """`name` is shown in errors."""
        self.name = name
        self.root = self._composed(text)

    def wrong(self, node: Node | None, message: str) -> NoReturn:
        """Refuse the file because of what stands at a node."""
        mark = node.start_mark if node is not None else None
        self._refuse((mark.line, mark.column) if mark is not None else (0, 0), message)

    def mapping(self, node: Node | None, keys: Iterable[str], what: str) -> dict[str, Node]:
        """The values of a mapping by their keys, which have to be among those given; those without a value left out."""
        if not isinstance(node, yaml.MappingNode):
            self.wrong(node, f"expected {what}.")
        known = tuple(keys)
        found: dict[str, Node] = {}
        for key, value in node.value:
            name = self.text(key, "the name of a field")
            if name not in known:
                near = get_close_matches(name, known, 1)
                hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}."
                self.wrong(key, f"there is no field “{visible(name)}” in {what}; {hint}")
            if name in found:
                self.wrong(key, f"the field {name} is told twice.")
            found[name] = value
        return {name: value for name, value in found.items() if not _empty(value)}

    def items(self, node: Node | None, what: str) -> list[Node]:
        """The items of a list."""
        if not isinstance(node, yaml.SequenceNode):
            self.wrong(node, f"expected {what}.")
        return list(node.value)

    def text(self, node: Node, what: str) -> str:
        """A text or number, as it is written."""
        if not isinstance(node, yaml.ScalarNode) or _empty(node):
            self.wrong(node, f"expected {what}.")
        return str(node.value)

    def texts(self, node: Node, what: str) -> tuple[str, ...]:
        """A text, or a list of texts."""
        if isinstance(node, yaml.SequenceNode):
            return tuple(self.text(each, what) for each in node.value)
        return (self.text(node, what),)

    def truth(self, node: Node, what: str) -> bool:
        """Yes or no."""
        found = {"yes": True, "true": True, "no": False, "false": False}.get(self.text(node, what).lower())
        if found is None:
            self.wrong(node, f"expected {what}.")
        return found

    def _composed(self, text: str) -> Node | None:
        """JSON is a subset of YAML, but for tabs between its words."""
        try:
            if self.name.endswith(".json"):
                json.loads(text)
                text = text.replace("\t", " ")
            found = yaml.compose(text, Loader=yaml.SafeLoader)
        except json.JSONDecodeError as error:
            self._refuse((error.lineno - 1, error.colno - 1), f"no JSON: {error.msg}.")
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self._refuse((mark.line, mark.column) if mark else (0, 0), f"no YAML: {_said(error)}.")
        except yaml.reader.ReaderError as error:
            self._refuse(_place(text, error.position), f"no YAML: {error.reason}.")
        except RecursionError:
            self._refuse((0, 0), "it is nested too deep.")
        assert found is None or isinstance(found, yaml.Node)
        return found

    def _refuse(self, place: tuple[int, int], message: str) -> NoReturn:
        line, column = place
        raise UsageError(f"{visible(self.name)}:{line + 1}:{column + 1}: {message}") from None


def _empty(node: Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.style is None and node.value in ("", "~", "null")


def _said(error: yaml.MarkedYAMLError) -> str:
    return visible(", ".join(filter(None, (error.context, error.problem))))


def _place(text: str, position: int) -> tuple[int, int]:
    before = text[:position]
    return before.count("\n"), position - (before.rfind("\n") + 1)
