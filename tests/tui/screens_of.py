"""The explorer's screens by name: the sample that shows each best, and how one comes there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual.pilot import Pilot

from tests.tui.driving import fill, press, trace_nginx

Way = Callable[[Pilot[None]], Awaitable[None]]


def _keys(*keys: str) -> Way:
    return lambda pilot: press(pilot, *keys)


async def _a_form_with_an_error(pilot: Pilot[None]) -> None:
    await press(pilot, "t")
    await fill(pilot, dst="10.110.199.45", dport="65536")


def _after_a_trace(*keys: str) -> Way:
    async def way(pilot: Pilot[None]) -> None:
        await trace_nginx(pilot)
        await press(pilot, *keys)

    return way


async def _two_traces(pilot: Pilot[None]) -> None:
    await trace_nginx(pilot, "10.42.0.7")
    await _after_a_trace("equals_sign", "enter", "n")(pilot)


SCREENS: dict[str, tuple[str, Way]] = {
    "rules": ("nginx-nodeport.txt", _keys("j")),
    "trace": ("nginx-nodeport.txt", _after_a_trace("n", "n")),
    "trace, focus elsewhere": ("nginx-nodeport.txt", _after_a_trace("a", "tab", "j")),
    "journey": ("nginx-nodeport.txt", _after_a_trace("i", "j")),
    "search": ("nginx-nodeport.txt", _keys("slash", "d", "n", "s")),
    "form": ("nginx-nodeport.txt", _a_form_with_an_error),
    "form, choosing": ("nginx-nodeport.txt", _keys("t", "d", "e", "f", "down")),
    "help": ("nginx-nodeport.txt", _keys("question_mark")),
    "services": ("no-endpoints.txt", _keys("s", "j")),
    "problems": ("no-endpoints.txt", _keys("p")),
    "leads": ("nginx-nodeport.txt", _keys("s", "w")),
    "changes": ("nginx-nodeport.txt", _keys("c")),
    "busiest": ("kube-dns.txt", _keys("b")),
    "connections": ("kube-dns.txt", _keys("f")),
    "compare": ("nginx-nodeport.txt", _keys("d")),
    "two traces": ("nginx-nodeport.txt", _two_traces),
    "marks": ("nginx-nodeport.txt", _keys("M", "a", "apostrophe")),
    "copy": ("nginx-nodeport.txt", _keys("y")),
}
