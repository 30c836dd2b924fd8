"""The one line of the trace form: from launch to the answer in few keys, completed from the dump, with a history."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from kptui.ask.request import Request
from kptui.tui.screens.trace_form import TraceForm
from kptui.tui.widgets.choices import Choices
from kptui.tui.widgets.trace_panel import OutcomeList
from tests.tui.driving import main, opened, press, rows, screen_lines, write

MOST_KEYS = 6


def _line(pilot: object) -> str:
    return pilot.app.screen.query_one("#field-line", Input).value  # type: ignore[attr-defined,no-any-return]


async def test_which_pod_is_reached_and_whether_masqueraded_takes_few_keys_beyond_the_address() -> None:
    async with opened() as pilot:
        before, after = ["t"], ["enter"]
        await press(pilot, *before)
        await write(pilot, "10.110.199.45:80")
        await press(pilot, *after)
        assert len(before) + len(after) <= MOST_KEYS
        seen = "\n".join(screen_lines(pilot))
        for pod in ("⇒ 10.42.0.199:80 masq", "⇒ 10.42.0.200:80 masq"):
            assert pod in seen


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("default/nginx", Request(dst="10.110.199.45", dport="80", proto="tcp")),
        ("10.42.0.7 -> default/nginx", Request(src="10.42.0.7", dst="10.110.199.45", dport="80", proto="tcp")),
        ("nodeport 32754", Request(to_node=True, dport="32754", proto="tcp")),
    ],
)
async def test_every_form_of_the_line_is_traced(line: str, asked: Request) -> None:
    async with opened(local=()) as pilot:
        await press(pilot, "t")
        await write(pilot, line)
        await press(pilot, "enter")
        assert main(pilot).request == asked
        assert rows(main(pilot).query_one(OutcomeList))


async def test_line_and_fields_say_the_same() -> None:
    async with opened() as pilot:
        await press(pilot, "t")
        await write(pilot, "udp 10.0.0.1:53 10.96.0.10:53")
        await press(pilot, "tab")
        values = {field.id: field.value for field in pilot.app.screen.query(Input)}
        assert (values["field-src"], values["field-sport"], values["field-proto"]) == ("10.0.0.1", "53", "udp")
        await write(pilot, "10.0.0.9")
        assert _line(pilot) == "udp 10.0.0.9:53 -> 10.96.0.10:53"


async def test_the_arrow_keys_choose_and_tab_completes() -> None:
    async with opened() as pilot:
        await press(pilot, "t")
        await write(pilot, "kube-d")
        choices = pilot.app.screen.query_one(Choices)
        assert choices.choices[0].text == "kube-system/kube-dns:dns"
        await press(pilot, "down", "down", "tab")
        assert _line(pilot) == choices_text(pilot)
        await press(pilot, "enter")
        assert main(pilot).request.dst == "10.96.0.10"


def choices_text(pilot: object) -> str:
    """What the second completion of kube-d is."""
    return main(pilot).session.completer.complete("kube-d")[1].line  # type: ignore[arg-type]


async def test_packets_traced_before_come_back_by_the_arrow_keys() -> None:
    async with opened() as pilot:
        for line in ("10.96.0.1:443", "10.110.199.45:80"):
            await press(pilot, "t")
            await write(pilot, line)
            await press(pilot, "enter")
        main(pilot).go(main(pilot).navigation.place.parent)  # type: ignore[union-attr]
        await press(pilot, "t")
        assert [each.text for each in pilot.app.screen.query_one(Choices).choices] == [
            "10.110.199.45:80",
            "10.96.0.1:443",
        ]
        await press(pilot, "down", "down", "enter")
        assert not isinstance(pilot.app.screen, TraceForm)
        assert (main(pilot).request.dst, main(pilot).request.dport) == ("10.96.0.1", "443")


async def test_a_line_that_makes_no_sense_is_not_traced() -> None:
    async with opened() as pilot:
        await press(pilot, "t")
        await write(pilot, "nosuchthing")
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, TraceForm)
        assert "is neither an address nor a Service" in "\n".join(screen_lines(pilot))
