"""Open the explorer, write what its first frame took, leave: python -m tests.bench.frame SOURCE FILE.

Seconds of processor time since the process began, imports and reading included; it needs a terminal.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from kptui.cli import main as kptui
from kptui.tui import app
from kptui.tui.screens.main import MainScreen


def main() -> None:
    """Run the command, watched."""
    source, told = sys.argv[1:]

    push = app.Kptui.push_screen

    def watched(self: app.Kptui, screen: Any, *args: Any, **options: Any) -> Any:
        def painted() -> None:
            Path(told).write_text(str(time.process_time()))
            self.exit()

        if isinstance(screen, MainScreen):
            self.call_after_refresh(screen.call_after_refresh, painted)
        return push(self, screen, *args, **options)

    app.Kptui.push_screen = watched  # type: ignore[assignment,method-assign]
    sys.argv = ["kptui", source]
    kptui()


if __name__ == "__main__":
    main()
