"""The table of keys: no clashes, nothing a terminal can't tell apart, every action there."""

from __future__ import annotations

from kptui.tui.keys import (
    ALL_KEYS,
    COMPARE_KEYS,
    COPY_KEYS,
    JOURNEY_KEYS,
    KEYS,
    NODE_KEYS,
    ROW_KEYS,
    SWITCHES,
    TOGETHER,
    TREE_KEYS,
    VIEW_KEYS,
    Key,
)  # fmt: skip
from kptui.tui.screens.compare import CompareScreen
from kptui.tui.screens.copy_menu import CopyMenu
from kptui.tui.screens.main import MainScreen
from kptui.tui.screens.nodes import NodesScreen
from kptui.tui.screens.services import ServicesScreen
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.row_view import RowView


def _keys(keys: tuple[Key, ...]) -> list[str]:
    return [name for key in keys for name in key.keys.split(",")]


def test_no_two_keys_clash_where_they_are_bound_together() -> None:
    for together in TOGETHER:
        names = _keys(together)
        assert len(names) == len(set(names))


def test_no_key_is_one_that_terminals_mix_up() -> None:
    mixed_up = {"ctrl+i", "ctrl+m", "ctrl+h", "ctrl+j"}
    assert not mixed_up & set(_keys(ALL_KEYS))


def test_ids_are_unique() -> None:
    ids = [key.id for key in ALL_KEYS]
    assert len(ids) == len(set(ids))


def test_every_action_exists() -> None:
    owners = (
        (KEYS, MainScreen), (ROW_KEYS, RowView), (TREE_KEYS, ChainTree), (VIEW_KEYS, ServicesScreen),
        (NODE_KEYS, NodesScreen), (COPY_KEYS, CopyMenu),
        (COMPARE_KEYS, CompareScreen),
    )  # fmt: skip
    for keys, owner in owners:
        for key in keys:
            name = key.action.partition("(")[0]
            assert name.startswith("app.") or hasattr(owner, f"action_{name}"), key


def test_every_view_of_the_line_is_an_action_of_the_main_screen() -> None:
    for key in SWITCHES:
        assert key.action == f"view('{key.id}')"
        assert hasattr(MainScreen, f"action_{key.id}")
        for keys in (VIEW_KEYS, JOURNEY_KEYS, COMPARE_KEYS):
            assert key in keys
        assert key.keys in _keys(NODE_KEYS) or key in NODE_KEYS
