"""The commands of `kptui`, one file each; `shared.py` holds what several of them need, `options.py` their options."""

from __future__ import annotations

COMMANDS = ("open", "trace", "test", "services", "check", "explain", "diff", "parse", "capture", "demo", "completion")
"""The commands, each in the module of its name, as `command`; imported when it is asked for."""
