"""The Textual application: theme, commands, and the one screen it opens."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar

from textual.app import App, SystemCommand
from textual.events import Event, InputEvent, Key, Resize
from textual.filter import LineFilter, NoColor
from textual.geometry import Size
from textual.screen import Screen
from textual.scrollbar import ScrollBar, ScrollBarRender

from kptui.errors import SourceError
from kptui.live.opening import Opening
from kptui.live.readers import Reader
from kptui.live.watch import Watch
from kptui.text import visible
from kptui.tracing import Session
from kptui.tui.commands import Actions, GoTo
from kptui.tui.courtesy import COURTESY
from kptui.tui.early import EarlyKeys
from kptui.tui.garbage import Garbage
from kptui.tui.hangup import end_with_the_terminal
from kptui.tui.keys import ALL_KEYS, ROW_KEYS
from kptui.tui.screens.main import MainScreen
from kptui.tui.screens.small import TooSmall
from kptui.tui.settings.fields import UNCHOSEN, Settings
from kptui.tui.settings.file import settings_path
from kptui.tui.settings.first import first_start
from kptui.tui.settings.keymap import label, textual_keymap
from kptui.tui.signs import Ascii, BlockBar
from kptui.tui.sizes import too_small
from kptui.tui.telling import with_keys
from kptui.tui.themes import DEFAULT, STYLES, THEMES, WITHOUT_COLORS, theme, variables

SWITCH = 0.001
"""Seconds after which a thread that computes lets another: painting a frame asks for its turn several times."""
GREETED = 8.0
"""Seconds for which somebody who is here for the first time is told the first keys."""
COMPLAINT = 20.0
"""Seconds for which is shown what is wrong with the settings: they are sentences to read and act on."""


class Kptui(App[None]):
    """The explorer."""

    TITLE = "kptui"
    CSS_PATH = "kptui.tcss"
    GREETING: ClassVar = (
        "{trace} traces a packet\n{search} searches\n{services} shows the Services\n{help} tells all keys"
    )
    greets = False
    """Whether the first keys are told."""
    COMMANDS: ClassVar = {Actions, GoTo}
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (80, "-narrow"), (100, "-normal"), (160, "-wide")]  # noqa: RUF012 - declared so by Textual
    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-low"), (32, "-tall")]  # noqa: RUF012

    def __init__(
        self,
        session: Session,
        local: tuple[str, ...] = (),
        before: str = "",
        opening: Opening | None = None,
        reader: Reader | None = None,
        watch: Watch | None = None,
        settings: Settings = UNCHOSEN,
    ) -> None:
        """Explore a session; `local` are the node's addresses as far as they are known.

        `before` names a source to compare with; then the explorer opens at the differences. `opening` is a first
        reading that is under way, else `reader` and `watch` say how and when the source is read again.
        """
        self.settings = settings
        self._ascii = Ascii(getattr(sys.__stderr__, "encoding", "utf-8")) if settings.ascii else None
        ScrollBar.renderer = BlockBar if settings.ascii else ScrollBarRender
        super().__init__()
        for name, colors in THEMES.items():
            self.register_theme(theme(name, colors))
        self.theme = settings.theme or DEFAULT
        self.garbage = Garbage()
        self.early = EarlyKeys(self)
        self._switch = sys.getswitchinterval()
        self._session = session
        self._reading = (opening, reader, watch)
        self._local = local
        self._before = before
        self.set_keymap(textual_keymap(settings.keys))

    def run(self, **how: Any) -> Any:
        """Stay until it is left, on a loop that threads give way to; what it is left with, as a picture in a test."""
        with asyncio.Runner(loop_factory=COURTESY.new_loop) as runner:
            return runner.run(self.run_async(**how))

    def on_mount(self) -> None:
        """Open the screen; whoever ends the program from outside gets the terminal back as it was."""
        self.garbage.take_over()
        if not self.is_headless:
            end_with_the_terminal()
        sys.setswitchinterval(SWITCH)
        self.set_interval(0.25, self.garbage.look)
        for ending in (signal.SIGTERM, signal.SIGHUP):
            # Not in a thread, and not where there are no signals.
            with suppress(NotImplementedError, RuntimeError, ValueError):
                asyncio.get_running_loop().add_signal_handler(ending, partial(self.exit, return_code=128 + ending))
        self.open_first()
        self.fit(self.size)
        first, more = self.settings.complaints[:3], len(self.settings.complaints) - 3
        for complaint in (*first, *([f"… and {more} more"] if more > 0 else [])):
            self.notify(visible(complaint), title="Settings", severity="warning", timeout=COMPLAINT, markup=False)
        if self.greets:
            self.notify(with_keys(self.GREETING, self.settings), title="New here?", timeout=GREETED, markup=False)

    async def on_event(self, event: Event) -> None:
        """Note when somebody is at work, so that nothing long is done meanwhile."""
        if isinstance(event, InputEvent):
            self.garbage.pressed()
        if isinstance(event, Key) and not event.is_forwarded and self.early.keep(event):
            return
        await super().on_event(event)

    def on_unmount(self) -> None:
        """Leave the process as it was."""
        self.garbage.give_back()
        sys.setswitchinterval(self._switch)

    def on_resize(self, event: Resize) -> None:
        """More room, or less."""
        self.fit(event.size)

    def fit(self, size: Size) -> None:
        """Where there is no room for anything, say so until there is."""
        if len(self.screen_stack) < 2:
            # Nothing is open yet that could be covered.
            return
        if too_small(size) and not isinstance(self.screen, TooSmall):
            self.push_screen(TooSmall())
        elif not too_small(size) and isinstance(self.screen, TooSmall):
            self.pop_screen()

    def open_first(self) -> None:
        """What is seen first."""
        main = MainScreen(self._session, self._local, *self._reading)
        main.before = self._before
        self.push_screen(main)
        if self._before:
            self.call_after_refresh(main.action_differences)

    def notify(self, message: str, **how: Any) -> None:
        """Whatever is told in passing may have a text of a dump or a host in it: there is no way around this."""
        super().notify("\n".join(map(visible, message.split("\n"))), **how)

    def action_nodes(self) -> None:
        """Of one source there are no nodes to go back to."""
        self.notify("One source is open: kptui node1.tar.gz node2.tar.gz … opens several.", timeout=3)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What the style sheet names and Textual's own themes don't have."""
        return {**variables(THEMES[DEFAULT]), **STYLES}

    def get_css_variables(self) -> dict[str, str]:
        """The theme's colours; without colours (NO_COLOR) styles tell apart what they would."""
        return {**super().get_css_variables(), **(WITHOUT_COLORS if self.no_color else {})}

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What is done to every line last: under NO_COLOR there are no colours at all, not even greys."""
        filters = [NoColor()] if self.no_color else super().get_line_filters()
        return [*filters, self._ascii] if self._ascii else filters

    def _dress(self, name: str) -> None:
        self.theme = name
        self.notify(f'To have it always: theme = "{name}" in {settings_path()}', timeout=6, markup=False)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Textual's own commands but for those there are better ones for, and every key's action by name."""
        yield from (each for each in super().get_system_commands(screen) if each.title not in ("Theme", "Keys"))
        for name in THEMES:
            yield SystemCommand(f"Theme: {name}", "Show everything in these colours.", partial(self._dress, name))
        active = (each.binding for each in screen.active_bindings.values())
        ids = {binding.id for binding in active if not binding.action.startswith("instead(")}
        for key in ALL_KEYS:
            if key.id in ids and key not in ROW_KEYS and key.id not in ("palette", "quit"):
                title = f"{key.word or key.sentence.rstrip('.')} ({label(key, self.settings)})"
                yield SystemCommand(title, key.sentence, partial(screen.run_action, key.action))


def run(
    session: Session, local: tuple[str, ...] = (), opening: Opening | None = None, settings: Settings = UNCHOSEN
) -> None:
    """Open the explorer and stay until it is left; raises SourceError if there was nothing to show all the time."""
    app = Kptui(session, local, opening=opening, settings=settings)
    app.greets = first_start()
    app.run()
    if app.return_code:
        # Perhaps the terminal is gone: what can no longer be written there would make Python end with 120.
        sys.stdout = sys.stderr = None
        sys.exit(app.return_code)
    if opening is not None and opening.watch.state == "failed" and opening.bundle is None:
        raise SourceError(opening.watch.why)
