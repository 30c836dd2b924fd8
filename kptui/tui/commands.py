"""What the palette offers: every action, and anything of the ruleset to go to. Text of a dump is never markup."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial

from textual.app import SystemCommand
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.markup import escape

from kptui.text import visible
from kptui.tui.anything import Anything, Found
from kptui.tui.courtesy import COURTESY
from kptui.tui.screens.main import MainScreen
from kptui.tui.tree_model import Place

ACTION = 3.2
"""An action whose name begins with what is typed goes before whatever has it as a part of its name."""


class Actions(Provider):
    """Every action by its name."""

    async def discover(self) -> Hits:
        """Without a word typed: all of them."""
        for each in sorted(self._commands()):
            yield DiscoveryHit(Content(each.title), each.callback, text=each.title, help=escape(each.help))

    async def search(self, query: str) -> Hits:
        """Those whose name or sentence has every word."""
        words = query.lower().split()
        for each in self._commands():
            title, sentence = each.title.lower(), each.help.lower()
            if all(word in title or word in sentence for word in words):
                score = ACTION if title.startswith(words[0]) else 1.5 if words[0] in title else 0.2
                yield Hit(score, Content(each.title), each.callback, text=each.title, help=escape(each.help))

    def _commands(self) -> Iterator[SystemCommand]:
        yield from self.app.get_system_commands(self.screen)


class GoTo(Provider):
    """Go to a chain, a Service, an address, a rule by its number."""

    async def startup(self) -> None:
        """Make the index, unless it is there from the last time."""
        main = self._main()
        if main is not None and (main.anything is None or main.anything.ruleset is not main.ruleset):
            # A thread that has begun can't be stopped; it looks whether these are still the rules that are shown.
            ruleset, naming = main.ruleset, main.naming

            def unwanted() -> bool:
                COURTESY.give_way()
                return main.ruleset is not ruleset

            made = await asyncio.to_thread(Anything, ruleset, naming, unwanted)
            if main.ruleset is ruleset:
                main.anything = made

    async def discover(self) -> Hits:
        """Without a word typed: the base chains."""
        main = self._main()
        for table in main.ruleset.tables if main else ():
            for chain in table.chains.values():
                if chain.builtin:
                    name = visible(f"{table.label} {chain.name}")
                    go = partial(self._go, Place(table.label, chain.name))
                    yield DiscoveryHit(Content(f"Go to {name}"), go, text=name)

    async def search(self, query: str) -> Hits:
        """What fits, the best first; between two slices the keys have their turn."""
        main = self._main()
        best: list[Found] = []
        for each in main.anything.search(query) if main and main.anything else ():
            best = each
            await asyncio.sleep(0)
        for found in best:
            shown = Content(f"Go to {found.text}")
            for start, end in found.marked:
                shown = shown.stylize("bold underline", start + 6, end + 6)
            yield Hit(found.score, shown, partial(self._go, found.place), text=found.text)

    def _go(self, place: Place) -> None:
        main = self._main()
        if main is None:
            return
        while self.app.screen is not main:
            self.app.pop_screen()
        main.follow_to(place)

    def _main(self) -> MainScreen | None:
        return next((screen for screen in self.app.screen_stack if isinstance(screen, MainScreen)), None)
