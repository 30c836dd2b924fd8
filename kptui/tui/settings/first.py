"""Whether the explorer is opened for the first time: a file in the user's state folder says that it isn't."""

from __future__ import annotations

from kptui.tui.settings.file import xdg


def first_start() -> bool:
    """True once; never where that can't be written down, so that nobody is greeted every day."""
    mark = xdg("XDG_STATE_HOME", ".local/state") / "started"
    try:
        if mark.exists():
            return False
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    except OSError:
        return False
    return True
