"""What is told in passing names the keys that the user has, not those that kptui came with."""

from __future__ import annotations

import pytest

from kptui.tui.app import Kptui
from kptui.tui.settings.fields import UNCHOSEN, Settings
from kptui.tui.telling import with_keys
from tests.tui.driving import explorer, press, said, screen_lines, settle

OWN = Settings(
    keys={"trace": ("x",), "mark": ("X",), "marks": ("v",), "back": ("B",), "view_open": ("u",), "quit": ("Q",)}
)


def _own() -> Kptui:
    app = explorer()
    app.settings = OWN
    app.set_keymap({id: ",".join(names) for id, names in OWN.keys.items()})
    return app


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (["i"], "There is no trace yet: x asks for a packet."),
        (["n"], "Nothing to step through: / searches, x traces."),
        (["v"], "No mark is set: X and a letter sets one."),
        (["X", "a"], "Mark a is set: v a comes back here."),
    ],
)
async def test_messages_name_the_keys_of_the_settings(keys: list[str], told: str) -> None:
    app = _own()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, *keys)
        assert told in said(pilot)


async def test_so_do_the_help_and_the_menus() -> None:
    async with _own().run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "X", "a", "v")
        assert "B comes back" in "\n".join(screen_lines(pilot))
        await press(pilot, "escape", "p", "question_mark")
        assert "u goes to the rule" in " ".join("\n".join(screen_lines(pilot)).split())


def test_a_brace_in_a_value_stays_what_it_is() -> None:
    assert with_keys("Mark {letter}: {mark}", UNCHOSEN, letter="{quit}") == "Mark {quit}: M"
    assert with_keys("{view_open} opens", UNCHOSEN) == "enter opens"


async def test_two_questions_have_two_names() -> None:
    async with explorer().run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "d")
        assert "Compare the rules" in "\n".join(screen_lines(pilot))
        await press(pilot, "escape", "t", *"10.110.199.45:80", "enter", "equals_sign")
        assert "Compare the trace" in "\n".join(screen_lines(pilot))
